"""A run put together again from what was stored of it, on each kind of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from perfsvc.analysis.breakdown import step_rows
from perfsvc.analysis.report import step_series_block
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import StepWindow
from perfsvc.service.runs import startup_recovery
from perfsvc.service.runs.recovery import close_interrupted
from perfsvc.service.runs.startup_recovery import StartupRecovery
from perfsvc.service.runs.stored_metrics import stored_metrics
from perfsvc.service.self_check import SelfCheck
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import run_bounds
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.tables import MetricsRow
from tests.engine.rig import spec_of
from tests.store.conftest import MakeSnapshot
from tests.store.conftest import World
from tests.support.manual_clock import ManualClock

START = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.asyncio
async def test_what_protocols_counted_and_measured_is_the_same(store: Store, world: World, snapshot: MakeSnapshot):
    spec = spec_of()
    run = Execution(
        "run-1", world.plan.id, world.user.id, RunState.RUNNING, spec.model_dump(mode="json"), START, None, None
    )
    await store.run(executions.create, run)
    own = [
        ({"messages_sent": 3.0, "close_1000": 1.0}, {"ping_ms": GaugeSum(2, 5.5, 4.25)}),
        ({}, {}),
        ({"messages_sent": 4.0, "lost": 1.0}, {"ping_ms": GaugeSum(1, 1.25, 1.25), "jitter_ms": GaugeSum(1, 0.5, 0.5)}),
    ]
    seen, metrics = [], RunMetrics.of(spec)
    for seq, (counters, gauges) in enumerate(own, 1):
        window = StepWindow(step=0, requests=1, counters=counters, gauges=gauges)
        seen.append(snapshot(seq, windows=[window]))
        assert metrics.merge(seen[-1])
        metrics.close_seconds(seen[-1].second)
    await store.run(windows.add, world.plan.id, "run-1", seen)
    again, _ = await stored_metrics(store, await store.run(executions.get, "run-1"))
    row = step_rows(again)[0]
    assert row["counters"] == {"close_1000": 1.0, "lost": 1.0, "messages_sent": 7.0}
    assert row["gauges"] == {
        "jitter_ms": {"count": 1, "avg": 0.5, "max": 0.5},
        "ping_ms": {"count": 3, "avg": 2.25, "max": 4.25},
    }
    assert step_rows(again) == step_rows(metrics)
    assert step_series_block(again) == step_series_block(metrics)
    assert step_series_block(again)["steps"][0]["counters"]["messages_sent"] == [3.0, 0.0, 4.0]


@pytest.mark.asyncio
async def test_a_damaged_row_is_skipped(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    await store.run(executions.create, unended(world, "run-1"))
    seen = [snapshot(seq, windows=[StepWindow(step=0, requests=1)]) for seq in (1, 2, 3)]
    await store.run(windows.add, world.plan.id, "run-1", seen)
    await store.run(damage, seen[1].second)
    metrics, _ = await stored_metrics(store, await store.run(executions.get, "run-1"))
    assert metrics.total.requests == 2


@pytest.mark.asyncio
async def test_one_bad_run_does_not_keep_the_others_from_being_closed(store: Store, world: World) -> None:
    broken = replace(unended(world, "run-1"), spec={"name": "broken", "seed": 1})
    for run in (broken, unended(world, "run-2")):
        await store.run(executions.create, run)
    failed: list[str] = []
    closed = await close_interrupted(
        store, await store.run(executions.unfinished), lambda execution_id, _: failed.append(execution_id)
    )
    assert (closed, failed) == (["run-2"], ["run-1"])
    assert (await store.run(executions.get, "run-2")).state is RunState.FAILED
    assert (await store.run(executions.get, "run-1")).state is RunState.RUNNING


def unended(world: World, execution_id: str) -> Execution:
    spec = spec_of().model_dump(mode="json")
    return Execution(execution_id, world.plan.id, world.user.id, RunState.RUNNING, spec, START, None, None)


@writes
def damage(second: int) -> None:
    MetricsRow.update(metrics_data='{"no": "snapshot"}').where(MetricsRow.timestamp == second).execute()


@pytest.mark.asyncio
async def test_a_run_that_begins_during_the_recovery_is_left_alone(store: Store, world: World, tmp_path: Path) -> None:
    await store.run(executions.create, unended(world, "run-1"))
    check = SelfCheck(ManualClock())
    recovery = StartupRecovery(store, tmp_path, check)
    await recovery.find()
    await store.run(executions.create, unended(world, "run-2"))
    (tmp_path / "run-2.jsonl").touch()
    await recovery.run()
    assert (await store.run(executions.get, "run-1")).state is RunState.FAILED
    assert (await store.run(executions.get, "run-2")).state is RunState.RUNNING
    assert (tmp_path / "run-2.jsonl").exists()
    assert (check.incidents, check.recovering) == ([], False)


@pytest.mark.asyncio
async def test_any_error_of_the_recovery_is_logged_and_noted(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*arguments: Any) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(startup_recovery, "replay_spool", broken)
    check = SelfCheck(ManualClock())
    await StartupRecovery(store, tmp_path, check).run()
    assert "ValueError: odd" in caplog.text
    assert [incident.text.en for incident in check.incidents] == [
        "interrupted runs were not closed; the next start tries again"
    ]


@pytest.mark.asyncio
async def test_a_run_that_cannot_begin_leaves_no_row(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(plan_id: int, status: str) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(plans, "set_status", broken)
    with pytest.raises(ValueError, match="odd"):
        await store.run(run_bounds.begin_run, unended(world, "run-1"))
    assert await store.run(executions.unfinished) == []


@pytest.mark.asyncio
async def test_the_late_end_of_a_run_leaves_the_plan_to_the_next_run(store: Store, world: World) -> None:
    for execution_id in ("run-1", "run-2"):
        await store.run(run_bounds.begin_run, unended(world, execution_id))
    reason = EndReason(code="finished", zh="完成", en="finished")
    statuses = []
    for execution_id in ("run-1", "run-2"):
        report = {"status": "completed", "execution_id": execution_id, "summary": {}, "errors": []}
        report["performance_score"] = {"score": None}
        await store.run(run_bounds.close_run, world.plan.id, report, reason, START, START)
        statuses.append((await store.run(plans.get, world.plan.id)).status)
    assert statuses == ["running", "completed"]
