"""``perfsvc try``: one iteration of each scene, step by step, with what was sent and what came back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.cli.exit_codes import INTERNAL
from perfsvc.cli.exit_codes import PASSED
from perfsvc.cli.json_output import write_json
from perfsvc.cli.plan_flags import add_outside_flags
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem

if TYPE_CHECKING:
    from perfsvc.model.planfile import PlanFile
    from perfsvc.model.run import RunFiles
    from perfsvc.model.scene import SceneSpec
    from perfsvc.plugin.catalog import Catalog
    from perfsvc.service.trials import TrialResult


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("try", help="take one iteration of a plan, step by step")
    parser.add_argument("what", metavar="PLAN")
    add_outside_flags(parser)
    parser.add_argument("--scene", metavar="NAME", help="only the scene of this name")
    parser.add_argument("--timeout", dest="limit", type=int, default=30, metavar="S", help="time limit (default: 30 s)")
    parser.add_argument("--insecure", action="store_true", help="do not verify TLS certificates")
    parser.add_argument("--json", action="store_true", help="write the steps as JSON")
    absent = (
        "users",
        "duration",
        "ramp",
        "warm_up",
        "rate",
        "max_vus",
        "iterations",
        "threshold",
        "timeout",
        "processes",
    )
    parser.set_defaults(**dict.fromkeys((*absent, "method", "header", "body", "status")))


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Try the scenes. The exit code is 1 when a step failed."""
    from perfsvc.cli.plan_loader import read_source
    from perfsvc.cli.trial_lines import show_trial
    from perfsvc.event_loop import run_on_loop
    from perfsvc.plugin.on_demand import CatalogOnDemand

    catalog = CatalogOnDemand()
    source = read_source(chosen)
    with source.opened() as files:
        plan = source.plan()
        source.write_notes(files, language)
        results = run_on_loop(_results(plan, chosen, files, catalog))
    if chosen.json:
        write_json({name: {"outcome": each.outcome, "steps": each.steps} for name, each in results.items()}, "-")
    else:
        for name, result in results.items():
            show_trial(name, result, language)
    return PASSED if all(each.outcome == "passed" for each in results.values()) else INTERNAL


async def _results(
    plan: PlanFile, chosen: argparse.Namespace, files: RunFiles, catalog: Catalog
) -> dict[str, TrialResult]:
    results = {}
    for scene in scenes_of(plan, chosen.scene):
        try:
            results[scene.name] = await _try_scene(plan, scene, chosen.limit, files, catalog)
        except InvalidInput as error:
            raise InvalidInput([_placed(problem, plan, scene) for problem in error.problems]) from None
    return results


def _placed(problem: Problem, plan: PlanFile, scene: SceneSpec) -> Problem:
    """A problem of the scene by its path in the plan."""
    from perfsvc.model.scene import PARTS

    names = [each.name for each in plan.scenes]
    if scene.name not in names or not problem.path.startswith(tuple(f"{part}[" for part in PARTS)):
        return problem
    return problem._replace(path=f"scenes[{names.index(scene.name)}].{problem.path}")


def scenes_of(plan: PlanFile, name: str | None) -> list[SceneSpec]:
    """The scenes to try. Raise InvalidInput for a name that is not there."""
    from perfsvc.model.run_spec import scene_of

    scenes = [scene.scene() for scene in plan.scenes] or [scene_of(plan.config)]
    chosen = [scene for scene in scenes if name in (None, scene.name)]
    if not chosen:
        listed = ", ".join(scene.name for scene in scenes)
        raise InvalidInput.at("--scene", f"没有业务流 {name}，可用：{listed}", f"no scene {name}; there are: {listed}")
    return chosen


async def _try_scene(plan: PlanFile, scene: SceneSpec, limit: int, files: RunFiles, catalog: Catalog) -> TrialResult:
    from perfsvc.cli.headless import secrets_of
    from perfsvc.engine.masking import Masker
    from perfsvc.engine.resolver import Resolver
    from perfsvc.engine.resolver import TargetPolicy
    from perfsvc.engine.scene_trial import SceneTrial
    from perfsvc.engine.scene_trial import TrialSurroundings
    from perfsvc.service.runs.opening import new_seed
    from perfsvc.service.runs.opening import target_of
    from perfsvc.service.trials import REQUEST_MS
    from perfsvc.service.trials import run_trial

    execution = plan.config.execution_config
    seed = new_seed() if execution.seed is None else execution.seed
    around = TrialSurroundings(
        catalog.protocol,
        Resolver(TargetPolicy(), cached=True),
        target_of(plan.env),
        execution.protocol_options,
        await _first_row(plan, files, catalog, seed),
        files,
    )
    timeout_ms = min(plan.config.request_timeout, REQUEST_MS)
    trial = SceneTrial(scene, around, protocol=plan.config.protocol, timeout_ms=timeout_ms, seed=seed)
    trial.compile()
    return await run_trial(trial, limit, Masker(secrets_of(plan.env)))


async def _first_row(plan: PlanFile, files: RunFiles, catalog: Catalog, seed: int) -> dict[str, Any]:
    """The first row of the plan's test data, if it has any."""
    from perfsvc.cli.headless import CACHE_BYTES
    from perfsvc.clock import SystemClock
    from perfsvc.datafeed.cache import DataCache
    from perfsvc.datafeed.sources import DataSources
    from perfsvc.model.run_spec import data_of
    from perfsvc.service.data.plan_file_data import PlanFileData
    from perfsvc.temp_folders import scratch_folder

    spec = data_of(plan.config)
    if spec is None:
        return {}
    with scratch_folder("try") as scratch:
        cache = DataCache(scratch, CACHE_BYTES, SystemClock())
        feed = await PlanFileData(DataSources(catalog, cache), files, plan.env).open(spec, seed)
        try:
            rows = await feed.read(1)
        finally:
            await feed.close()
            await cache.close()
    return dict(rows[0]) if rows else {}
