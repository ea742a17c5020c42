"""The interface between a run and the cluster its engines run on."""

from __future__ import annotations

from typing import Protocol

from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot


class RunListener(Protocol):
    """Receives what the nodes of a run report. No method may block."""

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A node has sent a second of the run."""
        ...

    def on_ending(self) -> None:
        """The load profile is over on all nodes."""
        ...

    def on_node_event(self, event: NodeEvent) -> None:
        """A node got its first share of the load (``joined``, before the start), or its state changed.

        After ``lost`` the node's load is missing until a ``resplit`` or ``replaced`` gives its share to others.
        """
        ...


class Deployment(Protocol):
    """The engines of one run. Commands take effect on all of them."""

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

    def check_level(self, level: float) -> None:
        """Raises InvalidInput for a load that the nodes are known not to bear."""
        ...

    def set_level(self, level: float) -> None:
        """Set the load of the run: virtual users, or arrivals per second."""
        ...

    async def wait(self) -> None:
        """Wait until every node has sent its last snapshot."""
        ...


class Cluster(Protocol):
    """Creates deployments."""

    def deploy(self, spec: RunSpec, listener: RunListener, allocator: RowAllocator | None = None) -> Deployment:
        """The engines for a run, not started yet.

        ``allocator`` is that of a run with test data. It must be open when ``prepare`` is called; the run itself
        reports lost nodes to it.
        """
        ...

    def nodes(self) -> list[NodeInfo]:
        """The engine processes, this server first."""
        ...

    def drain(self, name: str, draining: bool) -> bool:
        """Give a node no more shares, or give it shares again.

        Return whether the name stays drained when a node joins with it again. Raises NotFound, and Conflict for the
        server's own node.
        """
        ...
