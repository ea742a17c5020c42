"""``perfsvc check``: everything that a start would refuse, and what to expect of the run, without sending anything."""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.cli.exit_codes import PASSED
from perfsvc.errors import Text

if TYPE_CHECKING:
    from perfsvc.datafeed.allocator import OpenFeed
    from perfsvc.model.planfile import PlanFile
    from perfsvc.model.run import RunSpec
    from perfsvc.plugin.catalog import Catalog

SCENES = (
    Text("业务流", "scene"),
    Text("权重", "weight"),
    Text("占比 %", "share %"),
    Text("每次迭代请求数", "requests/iteration"),
)


def add(commands: Any) -> None:
    """Add the command; the flags of ``run`` that change a plan are its own, too."""
    from perfsvc.cli.run import add_plan_flags

    check = commands.add_parser("check", help="validate a plan file without sending anything")
    check.add_argument("what", metavar="PLAN")
    add_plan_flags(check)
    check.set_defaults(method=None, header=None, body=None, status=None)


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Validate a plan; raises InvalidInput with every problem."""
    from perfsvc.cli.plan_loader import read_source

    source = read_source(chosen)
    with source.explaining():
        spec = checked(source.plan(), source.folder)
    show_expected(chosen.what, spec, language)
    return PASSED


def checked(plan: PlanFile, folder: Path) -> RunSpec:
    """Make and compile a plan's run, without a load. Raise InvalidInput."""
    from perfsvc.cli.headless import CACHE_BYTES
    from perfsvc.cli.headless import run_plan_of
    from perfsvc.clock import SystemClock
    from perfsvc.datafeed.cache import DataCache
    from perfsvc.datafeed.sources import DataSources
    from perfsvc.engine.compiled import CompiledRun
    from perfsvc.engine.resolver import Resolver
    from perfsvc.engine.resolver import TargetPolicy
    from perfsvc.plugin.catalog import Catalog
    from perfsvc.service.runs.opening import feed_opener
    from perfsvc.service.runs.opening import spec_of
    from perfsvc.temp_folders import scratch_folder

    clock, catalog = SystemClock(), Catalog.load()
    with scratch_folder("check") as scratch:
        run_plan = run_plan_of(plan, folder, DataSources(catalog, DataCache(scratch, CACHE_BYTES, clock)))
        spec = spec_of(run_plan, "check")
        open_feed = feed_opener(spec, run_plan.data)
        columns = asyncio.run(columns_of(open_feed)) if open_feed and local(catalog, spec) else ()
        unused = random.Random(0)  # noqa: S311 - draws nothing
        CompiledRun(spec, catalog.protocol, Resolver(TargetPolicy()), clock, unused, columns=columns)
    return spec


def local(catalog: Catalog, spec: RunSpec) -> bool:
    """Whether a run's test data comes from this machine, so that opening it sends nothing."""
    return spec.data is not None and not catalog.data_source(spec.data.source).cacheable


async def columns_of(open_feed: OpenFeed) -> Sequence[str]:
    """Return the columns of test data. Raises InvalidInput and SourceFailed."""
    feed = await open_feed()
    try:
        return tuple(feed.columns)
    finally:
        await feed.close()


def show_expected(what: str, spec: RunSpec, language: str) -> None:
    """Print what the run is expected to be."""
    from perfsvc.analysis.curve import planned_block
    from perfsvc.analysis.plan_estimate import estimate
    from perfsvc.cli.tables import console
    from perfsvc.cli.tables import table

    expected, planned, out = estimate(spec, None), planned_block(spec.load), console()
    shown = table(language, SCENES)
    for scene in expected.scenes:
        figures = [scene["weight"], scene["share"], scene["requests_per_iteration"]]
        shown.add_row(scene["name"], *(f"{figure:g}" for figure in figures))
    out.print(shown)
    curve = ", ".join(f"{point['t']:g} s: {point['level']:g}" for point in planned["points"])
    unit = Text("每秒到达", "arrivals/s") if spec.load.open else Text("虚拟用户", "virtual users")
    out.print(f"{unit.of(language)}: {curve}")
    requests = "-" if expected.requests is None else str(expected.requests)
    length = f"{planned['duration']:g} s"
    out.print(Text(f"预计：时长 {length}，请求 {requests}", f"expected: {length}, requests {requests}").of(language))
    for advice in expected.advice:
        if advice["severity"] == "warning":
            out.print(f"{Text('注意', 'note').of(language)}: {advice['zh' if language == 'zh' else 'en']}")
    out.print(Text(f"{what}：有效", f"{what}: valid").of(language))
