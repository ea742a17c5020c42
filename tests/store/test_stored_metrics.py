"""The metrics of a long run, put together from sums of seconds and from coarser rows, against those of the run."""

from __future__ import annotations

import random
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.metrics import step_series
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.service.runs import stored_metrics as stored
from perfsvc.service.runs.stored_metrics import merge
from perfsvc.service.runs.stored_metrics import stored_metrics
from perfsvc.store import executions
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import roll_up
from perfsvc.store.tables import MetricsRow
from tests.engine.rig import spec_of
from tests.store.conftest import T0
from tests.store.conftest import World

RUN = "run-1"
SECONDS = 190
POINTS = 80
"""So that the series of the steps has spans of 10 s."""
STEPS = [{"name": name, "request": {"url": "/"}} for name in ("a", "b")]
SETUP = {"setup": [{"name": "login", "request": {"url": "/"}}]}
RULES = ["p95{b} < 1", "p99 < 1 for 5s", "avg{a} < 3 for 3s", "errors < 30", "requests > 1"]
START = datetime.fromtimestamp(T0, UTC)


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (step_series, stored):
        monkeypatch.setattr(module, "MAX_POINTS", POINTS)


def spec(**more: Any) -> RunSpec:
    return spec_of(STEPS, scene=SETUP, thresholds=RULES, **more)


def seen(numbers: random.Random, run: RunSpec) -> list[Snapshot]:
    """Two nodes, one of which is silent for a while; the setup runs once."""
    names = run.step_names()
    setup = names.index("login")
    found = []
    for second in range(SECONDS):
        for node in ("n1", "n2"):
            if node == "n2" and 60 <= second < 90:
                continue
            steps = [setup] if second == 0 else [step for step in range(len(names)) if step != setup]
            found.append(snapshot(node, second, [window(step, numbers) for step in steps], numbers))
    return found


def snapshot(node: str, second: int, found: list[StepWindow], numbers: random.Random) -> Snapshot:
    return Snapshot(
        node=node, seq=second + 1, second=T0 + 7 + second, elapsed=second + 1.0, span_ns=10**9, vus=3, planned_vus=4,
        iterations=second % 3, cut_off=int(second == SECONDS - 1), windows=found,
        health=NodeHealth(process_cpu=numbers.random(), loop_lag_ms=60.0 * (second % 20 == 3)),
        errors=[ErrorSample(step=0, error_class="Timeout", timestamp=float(second), message="late")],
    )  # fmt: skip


def window(step: int, numbers: random.Random) -> StepWindow:
    latencies = [numbers.randrange(10**5, 10**7) for _ in range(3)]
    failures = {"HTTP 500": 1} if numbers.random() < 0.05 else {}
    return StepWindow(
        step=step, requests=3, failures=failures, statuses={"200": 3}, bytes_sent=9, bytes_received=7, checks_passed=1,
        latency=Histogram.of_ns(latencies).pack(), counters={"messages": 2.0}, gauges={"ping": GaugeSum(1, 2.0, 2.0)},
    )  # fmt: skip


def reported(metrics: RunMetrics, judge: ThresholdJudge) -> dict[str, Any]:
    facts = RunFacts(RUN, "x", "failed", START, START, None, 7)
    return build_report(facts, metrics, judge.verdict(metrics), metrics.validity())


def measured(run: RunSpec, snapshots: list[Snapshot]) -> dict[str, Any]:
    metrics, judge = RunMetrics.of(run), ThresholdJudge(run.thresholds)
    merge(metrics, judge, [stored.Stored(each) for each in snapshots])
    stored.close_seconds(metrics, judge, T0 + 7 + SECONDS)
    return reported(metrics, judge)


async def kept(store: Store, world: World, run: RunSpec, snapshots: list[Snapshot]) -> Execution:
    """Store the run and some of its coarser rows."""
    document = run.model_dump(mode="json")
    execution = Execution(RUN, world.plan.id, world.user.id, RunState.RUNNING, document, START, None, None)
    await store.run(executions.create, execution)
    await store.run(windows.add, world.plan.id, RUN, snapshots, RunMetrics.of(run).apart)
    await roll_up(store, world.plan.id, RUN, measures(run), T0 + 150)
    return execution


def measures(run: RunSpec) -> Measured:
    metrics = RunMetrics.of(run)
    return Measured(len(metrics.step_names), metrics.apart)


@pytest.mark.asyncio
@pytest.mark.parametrize("warm_up", [{}, {"warm_up_s": 35}])
async def test_a_long_run_is_the_same_from_coarser_rows(store: Store, world: World, warm_up: dict[str, Any]) -> None:
    run = spec(load={"stages": [{"duration": 900, "target": 3}]}, **warm_up)
    snapshots = seen(random.Random(1), run)
    execution = await kept(store, world, run, snapshots)
    found = reported(*await stored_metrics(store, execution))
    assert found["step_series"]["width"] == 10
    assert found == measured(run, snapshots)


@pytest.mark.asyncio
async def test_a_second_that_came_after_its_coarser_rows_counts(store: Store, world: World) -> None:
    run = spec(load={"stages": [{"duration": 900, "target": 3}]})
    snapshots = seen(random.Random(2), run)
    late = snapshots.pop(100)
    execution = await kept(store, world, run, snapshots)
    await store.run(windows.add, world.plan.id, RUN, [late], RunMetrics.of(run).apart)
    found = reported(*await stored_metrics(store, execution))
    snapshots.insert(100, late)
    assert found == measured(run, snapshots)
    spans = await store.run(windows.spans_of, RUN, "600s", 0, T0 + 9_999, total=False)
    in_spans = sum(part.requests for _, span, _ in spans for part in span.nodes.values())
    assert in_spans == sum(found["series"]["requests"])


@pytest.mark.asyncio
@pytest.mark.parametrize("period", ["10s", "60s"])
async def test_coarser_rows_that_cannot_be_read_are_done_without(store: Store, world: World, period: str) -> None:
    run = spec(load={"stages": [{"duration": 900, "target": 3}]})
    snapshots = seen(random.Random(3), run)
    execution = await kept(store, world, run, snapshots)
    await store.run(damage, period)
    assert reported(*await stored_metrics(store, execution)) == measured(run, snapshots)


@writes
def damage(period: str) -> None:
    MetricsRow.update(windows=b"no windows").where(MetricsRow.aggregation_period == period).execute()
