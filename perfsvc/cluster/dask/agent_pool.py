"""What a run on many agents needs of whoever has the agents."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Protocol

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import Agent
from perfsvc.model.run import RunSpec

if TYPE_CHECKING:
    from perfsvc.cluster.dask.deployment import DaskDeployment


class AgentPool(Protocol):
    """The agents, as a run sees them."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]

    def check(self, spec: RunSpec) -> None:
        """Raises Conflict when it is plain that there are too few agents fit for a run."""
        ...

    async def recruit(self, spec: RunSpec, count: int) -> list[Agent]:
        """So many agents for a run. Raises Conflict when there are too few, RunError when they do not come."""
        ...

    def spare(self, spec: RunSpec) -> Agent | None:
        """An agent that is free and fit for a run."""
        ...

    def bind(self, agent: Agent, stint: str) -> None:
        """From now on an agent works on this part of a run alone, and beats renew its lease."""
        ...

    def release(self, agent: Agent) -> None: ...

    def enrol(self, deployment: DaskDeployment) -> None:
        """What agents say of this run is told to it from now on."""
        ...

    def dismiss(self, deployment: DaskDeployment) -> None: ...

    def send(self, agent: Agent, order: messages.Message) -> None: ...
