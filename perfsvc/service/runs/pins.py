"""Pins: notes of a team at times of its runs, for everyone who looks at them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Pin
from perfsvc.model.entities import User
from perfsvc.model.execution import Execution
from perfsvc.model.worded import Worded
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.store import executions
from perfsvc.store import pins
from perfsvc.store.database import Store
from perfsvc.store.database import writes

MOST = 100
"""Pins of a run."""
LATEST = 253_402_300_799
"""The last second of the year 9999."""

Second = Annotated[float, Field(ge=0, le=LATEST, allow_inf_nan=False)]
Note = Annotated[
    str, Field(min_length=1, max_length=500), Worded(r"[\s\S]*\S[\s\S]*", "不能只有空格", "must have more than spaces")
]


class PinForm(Spec):
    """A new pin: at the moment ``from``, or at the time from there to ``to``."""

    begins: Second = titled("时刻或起始（Unix 秒）", "Moment, or from, Unix s", alias="from")
    ends: Second | None = titled("结束（Unix 秒）", "To, Unix s", default=None, alias="to")
    text: Note = titled("说明", "Text")


class PinChange(Change):
    """Changes of a pin; with ``to`` null it is at a moment."""

    read_only = frozenset({"id", "author", "created_at"})

    begins: Second = may_change("时刻或起始（Unix 秒）", "Moment, or from, Unix s", alias="from")
    ends: Second | None = may_change("结束（Unix 秒）", "To, Unix s", alias="to")
    text: Note = may_change("说明", "Text")


class Pins:
    """The pins of runs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_run(self, execution_id: str) -> list[Pin]:
        """Pins in the order of their times."""
        return await self._store.run(pins.of_run, execution_id)

    async def create(self, user: User, execution_id: str, form: PinForm) -> Pin:
        """Raises InvalidInput for a time outside of the run, Conflict when there are too many."""
        pin = pins.NewPin(execution_id, user.id, form.begins, form.ends, form.text)
        return await self._store.run(_create, pin)

    async def update(self, execution_id: str, pin_id: int, change: PinChange) -> Pin:
        """Raises NotFound, and InvalidInput as ``create`` does."""
        return await self._store.run(_update, execution_id, pin_id, change)

    async def delete(self, execution_id: str, pin_id: int) -> None:
        """Raises NotFound."""
        await self._store.run(pins.delete, execution_id, pin_id)


@writes
def _create(pin: pins.NewPin) -> Pin:
    check_times(executions.get(pin.execution_id), pin.begins, pin.ends)
    return pins.create(pin, MOST)


@writes
def _update(execution_id: str, pin_id: int, change: PinChange) -> Pin:
    pin = replace(pins.get(execution_id, pin_id), **change.changes())
    check_times(executions.get(execution_id), pin.begins, pin.ends)
    return pins.update(pin)


def check_times(run: Execution, begins: float, ends: float | None) -> None:
    """Raises InvalidInput unless a pin lies within whole seconds of the run and ends after it begins."""
    first = math.floor(run.start_time.timestamp())
    last = math.ceil(run.end_time.timestamp()) if run.end_time else math.inf
    outside = Text("不在这次测试执行的时间范围内", "is outside of the time of the run")
    problems = [
        Problem(name, outside)
        for name, second in (("from", begins), ("to", ends))
        if second is not None and not first <= second <= last
    ]
    if ends is not None and ends <= begins:
        problems.append(Problem("to", Text("必须晚于 from", "must be after from")))
    if problems:
        raise InvalidInput(problems)
