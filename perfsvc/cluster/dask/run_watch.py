"""The control loop of one run: finds silent and late nodes, and keeps the load complete while nodes come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from perfsvc.clock import NS_PER_S
from perfsvc.cluster.dask.load_shares import LoadShares
from perfsvc.cluster.dask.replacements import Replacements
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.model.node_timeouts import LATE
from perfsvc.model.node_timeouts import LATE_S
from perfsvc.model.node_timeouts import SILENT
from perfsvc.model.node_timeouts import SILENT_S
from perfsvc.model.node_timeouts import STALL_S
from perfsvc.model.node_timeouts import WATCH_S
from perfsvc.model.run import RunSpec

log = logging.getLogger(__name__)


class RunWatch:
    """Watches the nodes of one run.

    ``on_idle`` is called while no replacement may be awaited any more: without nodes the run is then over.
    """

    def __init__(
        self,
        spec: RunSpec,
        nodes: RunNodes,
        shares: LoadShares,
        replacements: Replacements,
        on_idle: Callable[[], None],
    ) -> None:
        self._load = spec.load
        self._late_s = spec.graceful_stop_s + LATE_S
        self._nodes = nodes
        self._shares = shares
        self._replacements = replacements
        self._on_idle = on_idle
        self._checked_ns = self._listening_ns = 0

    async def watch(self) -> None:
        """Check the nodes every WATCH_S, until cancelled."""
        self._checked_ns = self._listening_ns = self._nodes.now_ns()
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                self._check()
            except Exception:
                log.exception("run %s: checking its nodes failed", self._nodes.run)

    def _check(self) -> None:
        self._lose_silent()
        if self._nodes.stopping or not self._nodes.time.begun:
            return
        overtime_s = self._nodes.time.elapsed() - self._load.duration
        if overtime_s >= 0:
            self._shares.awaited.clear()
            self._on_idle()
            self._lose_late(overtime_s)
            return
        self._shares.follow_draining()
        self._shares.expire_awaited()
        self._on_idle()
        self._replacements.fill_vacancy()
        self._shares.follow_health()

    def _lose_silent(self) -> None:
        """After a stall of our own loop, unread messages do not count as silence."""
        now_ns = self._nodes.now_ns()
        if now_ns - self._checked_ns > STALL_S * NS_PER_S:
            self._listening_ns = now_ns
        self._checked_ns = now_ns
        # Compiling may keep a node from answering for a while; ending may not.
        for node in self._nodes.living() if self._nodes.stopping else self._nodes.running():
            if now_ns - max(node.agent.last_message_ns, self._listening_ns) > SILENT_S * NS_PER_S:
                self._nodes.lose(node, SILENT)

    def _lose_late(self, overtime_s: float) -> None:
        """The profile is over for ``overtime_s`` on all nodes alike: one that does not end it by now is lost."""
        if overtime_s < self._late_s:
            return
        for node in self._nodes.running():
            if not node.ending:
                self._nodes.lose(node, LATE)
