"""The router: one cluster that sends each run to this process or to agents, as its plan says."""

from __future__ import annotations

from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.cluster.interface import Deployment
from perfsvc.cluster.interface import RunListener
from perfsvc.cluster.local import NODE
from perfsvc.cluster.local import LocalCluster
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec


class ClusterRouter:
    """Routes runs by their ``control_mode``."""

    def __init__(self, local: LocalCluster, dask: DaskCluster) -> None:
        self._local = local
        self._dask = dask

    def deploy(self, spec: RunSpec, listener: RunListener, allocator: RowAllocator | None = None) -> Deployment:
        """The engines for a run, not started yet."""
        cluster = self._local if spec.placement.mode == "single" else self._dask
        return cluster.deploy(spec, listener, allocator)

    def nodes(self) -> list[NodeInfo]:
        """This process first, then the agents."""
        return [*self._local.nodes(), *self._dask.nodes()]

    def drain(self, name: str, draining: bool) -> bool:
        """Drain a node or stop draining it; see ``Cluster``. Raises NotFound, Conflict."""
        cluster = self._local if name == NODE else self._dask
        return cluster.drain(name, draining)
