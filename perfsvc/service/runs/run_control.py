"""What others ask of the runs: the interface, apart from what is behind it."""

from __future__ import annotations

from typing import Any
from typing import Protocol

from perfsvc.model.entities import Execution
from perfsvc.model.entities import User
from perfsvc.model.load import Variable
from perfsvc.service.nodes import NodeSource
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.run import Run


class RunControl(Protocol):
    """Starting, steering and reading runs.

    Moves that a run's state does not allow raise IllegalTransition, a second start Conflict, unknown ids NotFound.
    """

    async def start(self, plan_id: int, user: User) -> Execution: ...

    async def stop(self, plan_id: int) -> Execution: ...

    async def pause(self, plan_id: int) -> Execution: ...

    async def resume(self, plan_id: int) -> Execution: ...

    async def set_load(self, execution_id: str, level: float, variable: Variable, user: User) -> Execution: ...

    def is_active(self, plan_id: int) -> bool:
        """Whether a run of this plan has started and not ended."""
        ...

    @property
    def active_count(self) -> int:
        """How many runs are active."""
        ...

    @property
    def node_source(self) -> NodeSource:
        """The cluster that runs are carried out on."""
        ...

    async def subscribe(self, execution_id: str) -> Subscription:
        """A viewer's place at the live feed, from the history to the ``end`` frame."""
        ...

    async def metrics(self, execution_id: str, metric_type: str | None, time_range: int | None) -> dict[str, Any]: ...

    async def execution(self, execution_id: str) -> Execution: ...

    def running(self, execution_id: str) -> Run | None:
        """The run, while it is under way in this process."""
        ...

    async def errors(self, execution_id: str) -> list[dict[str, Any]]: ...
