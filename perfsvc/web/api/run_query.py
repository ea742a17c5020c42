"""Filters and orders of lists of runs and of reports."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Literal
from typing import get_args

from pydantic import AfterValidator
from pydantic import Field
from pydantic import model_validator

from perfsvc.model.base import titled
from perfsvc.model.execution import Figure
from perfsvc.model.execution import RunFilter
from perfsvc.model.execution import ValidityState
from perfsvc.model.execution import VerdictState
from perfsvc.model.labels import RUN_ORDERS
from perfsvc.model.problems import Fault
from perfsvc.model.run import ENDED
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TestMode
from perfsvc.service.fields import Id
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.queries import SearchText

ACTIVE = "active"
UNENDED = tuple(state for state in RunState if state not in ENDED)

LATEST = 253_402_300_799
"""The last second that ISO 8601 can write with four digits for the year."""

Order = Literal[
    "start_time", "-start_time", "duration", "-duration", "error_rate", "-error_rate",
    "throughput", "-throughput", "p95", "-p95", "score", "-score",
]  # fmt: skip


def _states(text: str) -> str:
    for name in text.split(","):
        if name != ACTIVE and name not in list(RunState):
            known = ", ".join([ACTIVE, *RunState])
            raise Fault(f"应为以下值，可用逗号分隔多个：{known}", f"must be some of {known}, separated by commas")
    return text


def _moment(text: str) -> str:
    moment_of(text)
    return text


def moment_of(text: str) -> datetime:
    """ISO 8601, in UTC where no zone is given, or Unix seconds. Raises Fault."""
    try:
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(min(float(text), LATEST), UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        zh, en = "应为 ISO 8601 时间或 Unix 时间戳", "must be a time in ISO 8601 or Unix seconds"
        raise Fault(zh, en) from None


States = Annotated[str, Field(max_length=200), AfterValidator(_states)]
When = Annotated[str, Field(max_length=40), AfterValidator(_moment)]


class RunQuery(PageQuery):
    """Filters and order of a list of runs. Filters are combined with AND."""

    plan_id: Id | None = titled("测试计划ID", "Plan", default=None)
    project_id: Id | None = titled("项目ID", "Project", default=None)
    status: States | None = titled("状态，可用逗号分隔", "States, separated by commas", default=None)
    verdict: VerdictState | None = titled("判定", "Verdict", default=None)
    validity: ValidityState | None = titled("有效性", "Validity", default=None)
    mode: TestMode | None = titled("压测模式", "Test mode", default=None)
    q: SearchText | None = titled("计划名称或执行ID包含", "In the plan's name or the run's id", default=None)
    since: When | None = titled("开始时间不早于", "Started at or after", default=None, alias="from")
    until: When | None = titled("开始时间早于", "Started before", default=None, alias="to")
    order: Order = titled("排序", "Order", default="-start_time", labels=RUN_ORDERS)
    spark: Literal["0", "1"] = titled("附带曲线缩略图", "With small curves", default="0")

    @model_validator(mode="after")
    def _in_order(self) -> RunQuery:
        if self.since is not None and self.until is not None and moment_of(self.since) > moment_of(self.until):
            raise Fault("from 不能晚于 to", "from must not be after to", "from")
        return self

    def filter(self, *, reported: bool = False) -> RunFilter:
        """The same for the services."""
        figure: Figure = next(name for name in get_args(Figure) if name == self.order.lstrip("-"))
        return RunFilter(
            plan_id=self.plan_id,
            project_id=self.project_id,
            states=_states_of(self.status),
            verdict=self.verdict,
            validity=self.validity,
            mode=self.mode,
            text=self.q,
            since=None if self.since is None else moment_of(self.since),
            until=None if self.until is None else moment_of(self.until),
            reported=reported,
            order=figure,
            descending=self.order.startswith("-"),
        )


def _states_of(text: str | None) -> tuple[RunState, ...]:
    names: list[Any] = [] if text is None else text.split(",")
    return tuple(state for name in names for state in (UNENDED if name == ACTIVE else (RunState(name),)))
