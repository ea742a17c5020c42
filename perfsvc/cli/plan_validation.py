"""Validation of a plan without a load: its run is made and compiled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from perfsvc.analysis.plan_warnings import plan_warnings
from perfsvc.cli.headless import CACHE_BYTES
from perfsvc.cli.headless import run_plan_of
from perfsvc.clock import SystemClock
from perfsvc.datafeed.allocator import EMPTY
from perfsvc.datafeed.allocator import OpenFeed
from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.planfile import PlanFile
from perfsvc.model.run import RunFiles
from perfsvc.model.run import RunSpec
from perfsvc.plugin.on_demand import CatalogOnDemand
from perfsvc.service.runs.opening import feed_opener
from perfsvc.service.runs.opening import spec_of
from perfsvc.temp_folders import scratch_folder


def checked(plan: PlanFile, files: RunFiles) -> tuple[RunSpec, list[Text]]:
    """Make and compile a plan's run, without a load; return it with its warnings. Raises InvalidInput."""

    clock, catalog = SystemClock(), CatalogOnDemand()
    with scratch_folder("check") as scratch:
        run_plan = run_plan_of(plan, files, DataSources(catalog, DataCache(scratch, CACHE_BYTES, clock)))
        spec = spec_of(run_plan, "check")
        open_feed = feed_opener(spec, run_plan.data)
        local = spec.data is not None and run_plan.data.local(spec.data)
        columns, rows, notes = asyncio.run(look_into(open_feed)) if open_feed and local else ((), None, ())
        unused = random.Random(0)  # noqa: S311 - draws nothing
        try:
            CompiledRun(spec, catalog.protocol, Resolver(TargetPolicy()), clock, unused, columns=columns)
        except InvalidInput as error:
            # Where a delimiter is wrong, the variables that the data lacks do not tell why.
            raise InvalidInput([*error.problems, *(Problem("config.data_config", note) for note in notes)]) from None
    return spec, plan_warnings(spec, rows)


async def look_into(open_feed: OpenFeed) -> tuple[Sequence[str], int | None, Sequence[Text]]:
    """Return the columns of test data, the number of rows if it is known, and what is to be said of it.

    Raises InvalidInput and SourceFailed.
    """
    feed = await open_feed()
    try:
        if not await feed.read(1):
            raise InvalidInput.at("config.data_config", *EMPTY)
        return tuple(feed.columns), feed.count, tuple(feed.warnings)
    finally:
        await feed.close()
