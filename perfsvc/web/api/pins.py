"""Pins: notes at times of a run."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from perfsvc.model.entities import Pin
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.runs.pins import PinChange
from perfsvc.service.runs.pins import PinForm
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may

VIEWERS = may(Role.VIEWER, Kind.EXECUTION)
EDITORS = may(Role.EDITOR, Kind.EXECUTION)


class PinResponse(Response):
    """A note at a moment of a run, or at the time from ``from`` to ``to``, in Unix seconds."""

    id: int
    begins: float = Field(alias="from")
    ends: float | None = Field(alias="to")
    text: str
    author: str
    created_at: Moment

    @classmethod
    def of(cls, pin: Pin) -> Self:
        return cls.model_validate(
            {
                "id": pin.id,
                "from": pin.begins,
                "to": pin.ends,
                "text": pin.text,
                "author": pin.author,
                "created_at": pin.created_time,
            }
        )


class PinPage(PageOf[PinResponse]):
    """Pins in the order of their times."""


class PinsHandler(Handler):
    @operation("获取测试执行的标记", "List the pins of a run", VIEWERS)
    async def get(self, execution_id: str, query: PageQuery) -> PinPage:
        return PinPage.of(query.cut(await self.services.pins.of_run(execution_id)), PinResponse.of)

    @operation("添加标记", "Pin a note to a time of a run", EDITORS, status=201)
    async def post(self, execution_id: str, body: PinForm) -> PinResponse:
        return PinResponse.of(await self.services.pins.create(self.user, execution_id, body))


class PinHandler(Handler):
    @operation("修改标记", "Change a pin", EDITORS)
    async def put(self, execution_id: str, pin_id: int, body: PinChange) -> PinResponse:
        return PinResponse.of(await self.services.pins.update(execution_id, pin_id, body))

    @operation("删除标记", "Delete a pin", EDITORS)
    async def delete(self, execution_id: str, pin_id: int) -> Message:
        await self.services.pins.delete(execution_id, pin_id)
        return self.message("标记已删除", "The pin was deleted")


routes = [
    Route("/api/performance/executions/{execution_id}/pins/", PinsHandler),
    Route("/api/performance/executions/{execution_id}/pins/{pin_id}/", PinHandler),
]
