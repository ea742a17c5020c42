"""What a run needs of the place its engines run in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot

OnSnapshot = Callable[[Snapshot], None]
OnEnding = Callable[[], None]
OnNodeEvent = Callable[[NodeEvent], None]


def ignored(event: NodeEvent) -> None:
    """Where nobody asks what becomes of nodes."""


class Deployment(Protocol):
    """One run's engines. Commands take effect on all of them."""

    def compile(self) -> None:
        """Check and compile the run. Raises InvalidInput."""
        ...

    async def prepare(self) -> None:
        """Run the setup steps. Raises RunError."""
        ...

    def start(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self) -> None: ...

    def set_level(self, level: float) -> None:
        """From now on the run's load is ``level``: virtual users, or arrivals per second."""
        ...

    async def wait(self) -> None:
        """Until every node told its last snapshot."""
        ...


class Cluster(Protocol):
    """Makes deployments."""

    def deploy(
        self,
        spec: RunSpec,
        on_snapshot: OnSnapshot,
        on_ending: OnEnding,
        on_event: OnNodeEvent = ignored,
        dealer: RowAllocator | None = None,
    ) -> Deployment:
        """Engines for a run; nothing is started yet.

        ``on_ending`` is called when the load profile is over. ``on_event`` is told of every node that gets a share of
        the load (``joined``, before the start, with its share), and of what becomes of it. After ``lost`` the load of
        that node is missing until a ``resplit`` or ``replaced`` tells who has it. ``dealer`` deals the rows of a run
        with test data: it is open when ``prepare`` is called, and is told of nodes that are lost.
        """
        ...

    def nodes(self) -> list[NodeInfo]:
        """The engine processes there are, this server first."""
        ...

    def drain(self, name: str, draining: bool) -> bool:
        """Give a node no more shares, or give it shares again.

        Answers whether a node of this name, whenever it joins, gets none from now on. Raises NotFound, Conflict for
        this server's own.
        """
        ...
