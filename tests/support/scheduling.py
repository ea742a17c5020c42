"""How tests are spread over workers: what mostly waits runs beside what mostly computes, so that no core is idle."""

from __future__ import annotations

from functools import cached_property

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WAITING = tuple(f"tests/{folder}/" for folder in ("cluster", "ui", "end_to_end", "docs", "clients", "plugin"))
"""Folders whose tests wait for processes and runs most of their time, those with the longest modules first."""
CHUNK = 20
"""Tests of other modules are handed out so many at a time."""


class Mixed(LoadScopeScheduling):
    """Modules of the folders that wait are handed out whole, as they share what is slow to start.

    One worker begins with tests that compute, all others with tests that wait; each then goes on with what is left.
    """

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        choose = max if node.gateway.id == f"gw{self.numnodes - 1}" else min
        self.workqueue.move_to_end(choose(self.workqueue, key=folder_rank), last=False)
        super()._assign_work_unit(node)

    @cached_property
    def _units(self) -> dict[str, str]:
        """The unit of each test."""
        assert self.collection is not None
        units: dict[str, str] = {}
        seen: dict[str, int] = {}
        for nodeid in self.collection:
            module = nodeid.partition("::")[0]
            seen[module] = seen.get(module, -1) + 1
            units[nodeid] = module if is_whole(module) else f"{module}#{seen[module] // CHUNK}"
        return units


def folder_rank(unit: str) -> int:
    """The place of its folder among those that wait; those that compute come last."""
    return next((rank for rank, folder in enumerate(WAITING) if unit.startswith(folder)), len(WAITING))


def is_whole(module: str) -> bool:
    """Whether the tests of a module stay together."""
    return folder_rank(module) < len(WAITING)
