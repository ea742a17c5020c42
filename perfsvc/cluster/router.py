"""All the places where runs can be carried out, as one: this process, and agents."""

from __future__ import annotations

from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.cluster.interface import Deployment
from perfsvc.cluster.interface import OnEnding
from perfsvc.cluster.interface import OnNodeEvent
from perfsvc.cluster.interface import OnSnapshot
from perfsvc.cluster.interface import ignored
from perfsvc.cluster.local import NODE
from perfsvc.cluster.local import LocalCluster
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec


class ClusterRouter:
    """Sends each run to where its plan wants it."""

    def __init__(self, local: LocalCluster, dask: DaskCluster) -> None:
        self._local = local
        self._dask = dask

    def deploy(
        self,
        spec: RunSpec,
        on_snapshot: OnSnapshot,
        on_ending: OnEnding,
        on_event: OnNodeEvent = ignored,
        dealer: RowAllocator | None = None,
    ) -> Deployment:
        """Engines for a run; nothing is started yet."""
        cluster = self._local if spec.placement.mode == "single" else self._dask
        return cluster.deploy(spec, on_snapshot, on_ending, on_event, dealer)

    def nodes(self) -> list[NodeInfo]:
        """This process first, then the agents."""
        return [*self._local.nodes(), *self._dask.nodes()]

    def drain(self, name: str, draining: bool) -> bool:
        """Whether a node of this name gets no load from now on. Raises NotFound, Conflict for this server's own."""
        cluster = self._local if name == NODE else self._dask
        return cluster.drain(name, draining)
