"""One run in this process, without server and store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from perfsvc.clock import Clock
from perfsvc.clock import SystemClock
from perfsvc.cluster.dask.fork_server import ForkServer
from perfsvc.cluster.interface import Cluster
from perfsvc.cluster.local import LocalCluster
from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.masking import secret_values
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import Abandoned
from perfsvc.errors import IllegalTransition
from perfsvc.errors import SetupFailed
from perfsvc.event_loop import collecting_little
from perfsvc.event_loop import on_signals
from perfsvc.event_loop import run_on_loop
from perfsvc.model.config import PlanConfig
from perfsvc.model.planfile import FileEnv
from perfsvc.model.planfile import PlanFile
from perfsvc.model.run import RunFiles
from perfsvc.model.run import WeightedScene
from perfsvc.model.run_spec import placement_of
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.on_demand import CatalogOnDemand
from perfsvc.service.data.plan_file_data import PlanFileData
from perfsvc.service.runs.opening import RunPlan
from perfsvc.service.runs.opening import new_execution_id
from perfsvc.service.runs.opening import open_run
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run
from perfsvc.temp_folders import scratch_folder

CACHE_BYTES = 1_000_000_000
"""Disk space for the rows of remote data sources during the run."""


def run_plan(
    plan: PlanFile, outputs: Sequence[Output], files: RunFiles, fork_server: ForkServer | None = None
) -> dict[str, Any]:
    """Run a plan and return the report. Ctrl-C stops the run gracefully; the second one quits.

    ``files`` are those that the data source and the requests name, ``fork_server`` is one that has been started
    early. Raises Abandoned.
    """
    with scratch_folder("run") as scratch:
        return run_on_loop(_run_plan(plan, outputs, files, scratch, fork_server))


async def _run_plan(
    plan: PlanFile, outputs: Sequence[Output], files: RunFiles, scratch: Path, fork_server: ForkServer | None
) -> dict[str, Any]:
    clock, catalog = SystemClock(), CatalogOnDemand()
    cache = DataCache(scratch, CACHE_BYTES, clock)
    run_plan = run_plan_of(plan, files, DataSources(catalog, cache))
    async with cluster_of(plan.config, catalog, clock, scratch, fork_server) as cluster:
        run = await open_run(run_plan, new_execution_id("local"), cluster, clock, outputs)
        whole_run = asyncio.ensure_future(_from_start_to_end(run))
        on_signals(Interruptions(run, whole_run).on_signal)
        try:
            with collecting_little():
                return await whole_run
        except asyncio.CancelledError:
            raise Abandoned from None
        finally:
            await cache.close()


@asynccontextmanager
async def cluster_of(
    config: PlanConfig, catalog: Catalog, clock: Clock, scratch: Path, fork_server: ForkServer | None
) -> AsyncIterator[Cluster]:
    """Where the engines of a plan run: this process, or processes that begin to start at once."""
    if config.control_mode == "single":
        yield LocalCluster(catalog.protocol, clock, TargetPolicy(guarded=False))
        return
    from perfsvc.cluster.dask.cluster import DaskCluster  # imported late: few runs need it

    dask = DaskCluster(catalog, clock, certificates=scratch / "certs", fork_server=fork_server)
    try:
        if config.control_mode == "central":
            await dask.prepare(placement_of(config).count)
        yield dask
    finally:
        await dask.close()


async def _from_start_to_end(run: Run) -> dict[str, Any]:
    try:
        await run.start()
        return await run.wait()
    except SetupFailed:
        return run.report


class Interruptions:
    """Handles Ctrl-C and SIGTERM: the first one stops the run gracefully, the second one cancels it."""

    def __init__(self, run: Run, whole_run: asyncio.Future[dict[str, Any]]) -> None:
        self._run = run
        self._whole_run = whole_run
        self._stopping = False

    def on_signal(self) -> None:
        """Stop the run, or cancel it when it is stopping already."""
        if self._stopping:
            self._whole_run.cancel()
            return
        self._stopping = True
        try:
            self._run.stop()
        except IllegalTransition:  # it has ended, or is about to
            return


def run_plan_of(plan: PlanFile, files: RunFiles, sources: DataSources) -> RunPlan:
    """Return the plan as ``open_run`` takes it."""
    scenes = [WeightedScene(scene=scene.scene(), weight=scene.weight) for scene in plan.scenes]
    data = PlanFileData(sources, files, plan.env)
    return RunPlan(plan.name, plan.config, scenes, plan.env, data, files, secrets=secrets_of(plan.env))


def secrets_of(env: FileEnv) -> frozenset[str]:
    """The values that nothing may show: of variables that are marked, or whose names look like secrets."""
    key = env.certificates.key
    return secret_values(env.variables, env.secret_variables) | (frozenset() if key is None else {key})
