"""The start of a node: compile, setup, load. Nodes that join later catch up with the run here."""

from __future__ import annotations

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.load_shares import LoadShares
from perfsvc.cluster.dask.row_server import RowServer
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.engine.setup_teardown import setup_limit_s
from perfsvc.model.run import RunSpec

COMPILE_LIMIT_S = 30.0
PREPARE_MARGIN_S = 30.0
"""Beyond the setup steps: connecting, and a busy machine."""


class NodeStartup:
    """Compiles, prepares and starts nodes. ``levels`` and ``variables`` are what late nodes need to catch up."""

    def __init__(self, spec: RunSpec, pool: AgentPool, nodes: RunNodes, shares: LoadShares, rows: RowServer) -> None:
        self.levels: list[tuple[float, float]] = []
        self.variables: dict[str, object] = {}
        self._spec = spec
        self._pool = pool
        self._nodes = nodes
        self._shares = shares
        self._rows = rows

    async def compile(self, node: RunNode) -> None:
        """Have a node compile the run. Raises RunError."""
        since = self._nodes.time.elapsed()
        command = messages.Deploy(
            assignment=node.assignment,
            spec=self._spec.model_dump_json(by_alias=True).encode(),
            node=node.name,
            index=node.index,
            weights=self._shares.weights_without(node) if since else self._shares.weights(),
            generation=node.generation,
            since=since,
            levels=tuple(self.levels),
            allow=self._pool.allow,
            deny=self._pool.deny,
            columns=self._rows.columns,
        )
        await self._nodes.ask(node, command, COMPILE_LIMIT_S)

    async def run_setup(self, node: RunNode) -> None:
        """Have a node run the setup steps, and keep their variables for the others. Raises RunError."""
        report = await self._prepare(node, None)
        if isinstance(report, messages.Prepared):
            self.variables = report.variables

    async def copy_setup(self, node: RunNode) -> None:
        """Have a node take over the variables of the setup. Raises RunError."""
        await self._prepare(node, self.variables)

    def start(self, node: RunNode) -> None:
        """Start the load of a node at the run's start, or now in a run under way; a paused run stays paused."""
        node.running = True
        time = self._nodes.time
        at_ns = node.local_ns(time.origin_ns)
        start = messages.Start(assignment=node.assignment, at_ns=at_ns, wall=time.wall, paused_ns=time.paused_ns)
        self._nodes.send(node, start)
        if time.paused_at_ns is not None:
            self.pause(node, time.paused_at_ns)

    def pause(self, node: RunNode, at_ns: int) -> None:
        """Pause a node at a moment of the controller's clock."""
        self._nodes.send(node, messages.Pause(assignment=node.assignment, at_ns=node.local_ns(at_ns)))

    async def _prepare(self, node: RunNode, variables: dict[str, object] | None) -> messages.RunReport:
        command = messages.Prepare(assignment=node.assignment, variables=variables)
        return await self._nodes.ask(node, command, setup_limit_s(self._spec) + PREPARE_MARGIN_S)
