"""How tests are spread over workers: what mostly waits runs beside what mostly computes, so that no core is idle."""

from __future__ import annotations

from functools import cached_property

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WAITING = tuple(f"tests/{folder}/" for folder in ("cluster", "ui", "end_to_end", "docs", "clients", "plugin"))
"""Folders whose tests wait for processes and runs most of their time."""
CHUNK = 20
"""Tests of other modules are handed out so many at a time."""
LONGEST = (
    "tests/ui/test_run.py",
    "tests/ui/test_field_help.py",
    "tests/ui/test_troubles.py",
    "tests/cluster/test_machines.py",
    "tests/ui/test_plans.py",
    "tests/end_to_end/test_hostile_inputs.py",
    "tests/ui/test_scene_texts.py",
    "tests/ui/test_platform.py",
    "tests/docs/test_commands.py",
    "tests/ui/test_journeys.py",
    "tests/ui/test_mistakes.py",
    "tests/ui/test_scenes.py",
    "tests/ui/test_shell.py",
    "tests/cluster/test_loss.py",
    "tests/end_to_end/test_main_job.py",
    "tests/ui/test_states.py",
    "tests/ui/test_authoring.py",
    "tests/end_to_end/test_starting.py",
    "tests/ui/test_distribution.py",
    "tests/cluster/test_runs.py",
    "tests/end_to_end/test_data_runs.py",
    "tests/protocols/test_protocol_contract.py",
    "tests/datasources/test_data_source_contract.py",
    "tests/load_control/test_adaptive_simulated.py",
    "tests/web/test_fuzz_api.py",
    "tests/load_control/test_properties.py",
)
"""Modules that take half a minute or more, the longest first: one that began last would cost its whole length."""


class Mixed(LoadScopeScheduling):
    """Modules of the folders that wait are handed out whole, as they share what is slow to start.

    One worker begins with tests that compute, all others with tests that wait; each then goes on with what is left.
    """

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        computes = node.gateway.id == f"gw{self.numnodes - 1}"
        unit = min(self.workqueue, key=lambda unit: (is_complete(unit) == computes, rank(unit)))
        self.workqueue.move_to_end(unit, last=False)
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
            units[nodeid] = module if is_complete(module) else f"{module}#{seen[module] // CHUNK}"
        return units


def rank(unit: str) -> int:
    """Return the place of a unit among the longest; all others come after them."""
    module = unit.partition("#")[0]
    return LONGEST.index(module) if module in LONGEST else len(LONGEST)


def is_complete(unit: str) -> bool:
    """Whether a unit is a module whose tests stay together."""
    return unit.startswith(WAITING)
