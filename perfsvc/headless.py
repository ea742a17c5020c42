"""The composition of ``perfsvc run``: one run in this process, without server and store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perfsvc.clock import SystemClock
from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import IllegalTransition
from perfsvc.loop import on_signals
from perfsvc.loop import run_on_loop
from perfsvc.model.planfile import PlanFile
from perfsvc.model.run import Target
from perfsvc.model.run import WeightedScene
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.run import Output
from perfsvc.service.run import Run
from perfsvc.service.specs import make_run_spec
from perfsvc.service.specs import new_execution_id


def run_plan(plan: PlanFile, outputs: Sequence[Output]) -> dict[str, Any]:
    """Run a plan file in this process; answers the report. Ctrl-C ends the run gracefully."""
    return run_on_loop(_run_plan(plan, outputs))


async def _run_plan(plan: PlanFile, outputs: Sequence[Output]) -> dict[str, Any]:
    clock, catalog = SystemClock(), Catalog.load()
    target = Target(base_url=plan.env.host, headers=plan.env.headers, variables=plan.env.variables)
    scenes = [WeightedScene(scene=scene.scene(), weight=scene.weight) for scene in plan.scenes]
    spec = make_run_spec(plan.name, plan.config, scenes, target, new_execution_id("local"))
    run = Run(spec, LocalCluster(catalog.protocol, clock, TargetPolicy()), clock, outputs)
    run.compile()

    def interrupted() -> None:
        try:
            run.stop()
        except IllegalTransition:  # it is over, or about to be
            return

    on_signals(interrupted)
    await run.start()
    return await run.wait()
