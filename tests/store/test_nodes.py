"""A run of three nodes is stored and put together again exactly, on each kind of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from perfsvc.analysis.nodes import Nodes
from perfsvc.analysis.nodes import node_rows
from perfsvc.analysis.report import series_block
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.service.runs.recovery import close_interrupted
from perfsvc.service.runs.recovery import last_moment
from perfsvc.service.runs.stored_metrics import stored_metrics
from perfsvc.store import executions
from perfsvc.store import reports
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import read
from perfsvc.store.rollup import roll_up
from tests.engine.rig import spec_of
from tests.store.conftest import T0
from tests.store.conftest import FakeClock
from tests.store.conftest import World

EXECUTION = "20261121-0123456789abcdef"
NODES = ("agent-1", "agent-2", "an agent whose name is much longer than the column has room for")
SECONDS = 130
LOST_AFTER = 40
MISSING = 20
"""Of the second node: lost after so many seconds, and of the third: the one snapshot that never came."""


def snapshots() -> list[Snapshot]:
    """What the nodes tell: the second is lost on the way, of the third one snapshot is missing."""
    made = []
    for second in range(1, SECONDS + 1):
        for number, node in enumerate(NODES):
            if (number == 1 and second > LOST_AFTER) or (number == 2 and second == MISSING):
                continue
            made.append(snapshot(node, second, [1_000_000 * (number + 1) + 1_000 * second] * (number + 2)))
    return made


def snapshot(node: str, second: int, latencies: list[int]) -> Snapshot:
    window = StepWindow(
        step=0, requests=len(latencies), statuses={"200": len(latencies)}, latency=Histogram.of_ns(latencies).pack()
    )
    return Snapshot(
        node=node, seq=second, second=T0 + second, elapsed=float(second), span_ns=10**9, vus=3, planned_vus=3,
        iterations=len(latencies), windows=[window], health=NodeHealth(process_cpu=second % 50),
    )  # fmt: skip


def execution_of(world: World) -> Execution:
    spec, start = spec_of().model_dump(mode="json"), datetime.fromtimestamp(T0, UTC)
    return Execution(EXECUTION, world.plan.id, world.user.id, RunState.RUNNING, spec, start, None, None)


def measured(snapshots: list[Snapshot]) -> RunMetrics:
    metrics = RunMetrics.of(spec_of())
    for each in snapshots:
        assert metrics.merge(each)
    metrics.close_seconds(T0 + SECONDS)
    return metrics


def facts_of(metrics: RunMetrics) -> dict[str, Any]:
    return {
        "nodes": node_rows(metrics, Nodes()),
        "series": series_block(metrics.series.finest()),
        "figures": metrics.figures(),
        "missing": metrics.missing,
        "validity": metrics.validity(),
        "gaps": metrics.gaps,
    }


@pytest.mark.asyncio
async def test_what_was_stored_is_what_was_measured(store: Store, world: World, clock: FakeClock, tmp_path: Path):
    await store.run(executions.create, execution_of(world))
    recorder = Recorder(store, EXECUTION, world.plan.id, tmp_path / "spool", clock, interval=0.02)
    await recorder.start()
    seen = snapshots()
    for each in [*seen, seen[0], seen[-1]]:
        recorder.add(each)
    await recorder.stop()
    again, _ = await stored_metrics(store, await store.run(executions.get, EXECUTION))
    assert facts_of(again) == facts_of(measured(seen))
    assert again.late_snapshots == 0
    assert again.missing == {NODES[2]: [(MISSING, MISSING)]}


@pytest.mark.asyncio
async def test_coarser_rows_keep_the_nodes_apart(store: Store, world: World):
    await store.run(windows.add, world.plan.id, EXECUTION, snapshots())
    await roll_up(store, world.plan.id, EXECUTION, Measured(1))
    for width in (10, 60):
        pieces = await store.run(read, EXECUTION, width, 0, T0 + 3600, Parts(False, ()))
        spans = [piece.span.nodes for piece in pieces]
        requests = {node: sum(span[node].requests for span in spans if node in span) for node in NODES}
        assert requests == {NODES[0]: 2 * SECONDS, NODES[1]: 3 * LOST_AFTER, NODES[2]: 4 * (SECONDS - 1)}


@pytest.mark.asyncio
async def test_a_run_that_was_interrupted_is_reported_with_all_its_nodes(store: Store, world: World):
    await store.run(executions.create, execution_of(world))
    await store.run(windows.add, world.plan.id, EXECUTION, snapshots())
    failed: list[str] = []
    runs = await store.run(executions.unfinished)
    assert await close_interrupted(store, runs, lambda execution_id, _: failed.append(execution_id)) == [EXECUTION]
    assert failed == []
    report = (await store.run(reports.by_execution, EXECUTION)).body
    assert [(row["node"], row["requests"], row["last_second"] - T0) for row in report["nodes"]] == [
        (NODES[0], 2 * SECONDS, SECONDS),
        (NODES[1], 3 * LOST_AFTER, LOST_AFTER),
        (NODES[2], 4 * (SECONDS - 1), SECONDS),
    ]
    assert report["status"] == "failed"
    assert [cause["code"] for cause in report["validity"]["causes"]] == ["snapshots_missing", "node_lost"]


def test_a_run_that_was_interrupted_lasted_no_less_than_it_ran(world: World) -> None:
    within = replace(execution_of(world), start_time=datetime.fromtimestamp(T0 + 1.5, UTC))
    made = [snapshot("n", second, []) for second in range(1, SECONDS + 1)]
    assert last_moment(within, measured(made)) == datetime.fromtimestamp(T0 + SECONDS + 1.5, UTC)
