"""The composition root: the one module that knows everyone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from perfsvc.clock import SystemClock
from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import IllegalTransition
from perfsvc.model.planfile import PlanFile
from perfsvc.model.run import Target
from perfsvc.model.run import WeightedScene
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.run import Output
from perfsvc.service.run import Run
from perfsvc.service.specs import make_run_spec
from perfsvc.service.specs import new_execution_id

T = TypeVar("T")

try:
    from uvloop import new_event_loop
except ImportError:  # not to be had on Windows
    new_event_loop = asyncio.new_event_loop


def run_on_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fastest loop there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def on_signals(act: Callable[[], None]) -> None:
    """Call ``act`` on Ctrl-C and on SIGTERM."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, act)


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
