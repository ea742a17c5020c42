"""The row allocator of a run, served to its nodes by messages."""

from __future__ import annotations

import asyncio

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.data import Grant


class RowServer:
    """Serves requests, claims and releases of rows; without an allocator the run has no test data."""

    def __init__(self, allocator: RowAllocator | None, nodes: RunNodes) -> None:
        self._allocator = allocator
        self._nodes = nodes
        self._end_sent = False
        self._granting: set[asyncio.Task[None]] = set()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data, once it is open."""
        return () if self._allocator is None else tuple(self._allocator.columns)

    def on_report(self, node: RunNode, report: messages.RunReport) -> None:
        """Handle a report about rows; ignore any other."""
        allocator = self._allocator
        if allocator is None:
            return
        match report:
            case messages.RequestRows():
                task = asyncio.get_running_loop().create_task(self._grant(allocator, node, report.count))
                self._granting.add(task)
                task.add_done_callback(self._granting.discard)
            case messages.ClaimRows():
                if allocator.claim(node.name, report.lease, report.upto, report.spent):
                    self._nodes.send(node, messages.ConfirmClaim(assignment=node.assignment))
            case messages.ReleaseRows():
                allocator.release(node.name, report.spent, report.upto)
            case _:
                return

    def close(self) -> None:
        """Cancel the requests that still wait."""
        for task in self._granting:
            task.cancel()

    async def _grant(self, allocator: RowAllocator, node: RunNode, count: int) -> None:
        grant = await allocator.request(node.name, count)
        if allocator.over and not self._end_sent:
            self._send_end()
        try:
            self._send_grant(node, grant)
        except Exception as error:  # rows of a plugin may hold values that no message can
            self._send_grant(node, allocator.undeliverable(grant, error))

    def _send_end(self) -> None:
        """Send the end of the data to all nodes: those whose users have rows, or that have no users, never ask."""
        self._end_sent = True
        for node in self._nodes.living():
            self._send_grant(node, Grant(ended=True))

    def _send_grant(self, node: RunNode, grant: Grant) -> None:
        self._nodes.send(node, messages.GrantRows(assignment=node.assignment, grant=grant))
