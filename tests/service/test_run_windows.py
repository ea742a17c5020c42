"""Any time of a run, held against the same figures computed from every single latency."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.analysis.window_views import Chosen
from perfsvc.analysis.window_views import Latency
from perfsvc.analysis.window_views import Outcome
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.service.runs.grid import WIDTHS
from perfsvc.service.runs.grid import grid_of
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.run_windows import TimeSelection
from perfsvc.service.runs.step_points import points_of
from perfsvc.service.runs.step_points import read_points
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store import window_keys
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.distributions import cover
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import roll_up
from perfsvc.store.tables import MetricsRow
from tests.support.manual_clock import ManualClock

T0 = 1_700_000_000
SECONDS = 800
GROUPS = frozenset({1})
SPEC: dict[str, Any] = {
    "execution_id": "run-1",
    "name": "x",
    "seed": 1,
    "load": {"stages": [{"duration": 1, "target": 1}]},
    "scenes": [
        {
            "scene": {
                "name": "s",
                "steps": [
                    {"name": "list", "request": {}},
                    {"type": "group", "name": "buy", "steps": [{"name": "order", "request": {}}]},
                ],
            }
        }
    ],
}


@dataclass(frozen=True)
class Sent:
    """One request."""

    second: int
    step: int
    ns: int
    failed: bool


def nothing_runs(execution_id: str) -> None:
    """All runs have ended."""


def requests() -> list[Sent]:
    numbers = random.Random(3)
    return [
        Sent(T0 + second, step, int(numbers.lognormvariate(16, 0.5)), numbers.random() < 0.1)
        for second in range(SECONDS)
        if second % 97  # a second in which nothing was sent
        for step in (0, 1, 2)
        for _ in range(4)
    ]


SENT = requests()


def snapshots() -> list[Snapshot]:
    made = []
    for second in range(SECONDS):
        for number, node in enumerate("ab"):
            of_node = [one for one in SENT if one.second == T0 + second][number::2]
            by_step = [[one for one in of_node if one.step == step] for step in range(3)]
            made.append(
                Snapshot(
                    node=node,
                    seq=second + 1,
                    second=T0 + second,
                    elapsed=second + 1.0,
                    span_ns=10**9,
                    vus=3,
                    planned_vus=4,
                    iterations=1,
                    windows=[window(step, sent) for step, sent in enumerate(by_step) if sent],
                    health=NodeHealth(process_cpu=float(second % 90), loop_lag_ms=1.0),
                )
            )
    return made


def window(step: int, sent: list[Sent]) -> StepWindow:
    failed = [one.ns for one in sent if one.failed]
    return StepWindow(
        step=step,
        requests=len(sent),
        failures={"HTTP 500": len(failed)} if failed else {},
        statuses={"200": len(sent) - len(failed)},
        latency=Histogram.of_ns([one.ns for one in sent]).pack(),
        failed=Histogram.of_ns(failed).pack(),
    )


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> Any:
    opened = await Store.open("sqlite:///perfsvc.db", clock=ManualClock(), data_dir=tmp_path)
    user = await opened.run(users.create, "u", "u@example.com", "x")
    project = await opened.run(projects.create, "shop", "u", user.id)
    plan = await opened.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
    start = datetime.fromtimestamp(T0, UTC)
    run = Execution("run-1", plan.id, user.id, RunState.RUNNING, SPEC, start, None, None)
    await opened.run(executions.create, run)
    await opened.run(windows.add, plan.id, "run-1", snapshots(), GROUPS)
    await roll_up(opened, plan.id, "run-1", Measured(3, GROUPS), T0 + SECONDS - 45)
    yield opened
    await opened.close()


def chosen(start: int, end: int, step: int | None = None, *, success: bool = False) -> Histogram:
    return Histogram.of_ns(
        [
            one.ns
            for one in SENT
            if start <= one.second < end
            and (one.step not in GROUPS if step is None else one.step == step)
            and not (success and one.failed)
        ]
    )


@pytest.mark.asyncio
async def test_figures_of_any_time_are_exact(store: Store) -> None:
    reader, numbers = RunWindows(store, nothing_runs), random.Random(5)
    for _ in range(12):
        start = T0 + numbers.randrange(SECONDS - 1)
        end = start + 1 + numbers.randrange(T0 + SECONDS - start)
        seen = await reader.figures("run-1", TimeSelection(start, end))
        assert (seen["from"], seen["to"], seen["exact"]) == (start, end, True)
        whole = chosen(start, end)
        summary = seen["summary"]
        assert (summary["requests"], summary["percentiles"]) == (whole.total, whole.percentiles_ms())
        assert summary["iterations"] == 2 * (end - start)
        assert summary["running_time"] == end - start
        for row in seen["steps"]:
            of_step = chosen(start, end, row["index"])
            assert (row["requests"], row["percentiles"]) == (of_step.total, of_step.percentiles_ms())
    assert [(row["name"], row["type"]) for row in seen["steps"]] == [
        ("list", "request"),
        ("buy", "group"),
        ("order", "request"),
    ]
    one = await reader.figures("run-1", TimeSelection(start, end, step=2))
    assert (one["step"], one["summary"], one["steps"]) == (2, seen["summary"], seen["steps"][2:])


@pytest.mark.asyncio
async def test_the_whole_run_where_no_time_is_named(store: Store) -> None:
    reader = RunWindows(store, nothing_runs)
    seen = await reader.figures("run-1", TimeSelection(None, None))
    assert (seen["from"], seen["to"], seen["summary"]["requests"]) == (T0, T0 + SECONDS, chosen(0, 2 * T0).total)
    beyond = await reader.figures("run-1", TimeSelection(T0 - 50, T0 + 10))
    assert (beyond["from"], beyond["to"], beyond["exact"]) == (T0, T0 + 10, False)


@pytest.mark.asyncio
async def test_distributions_of_all_and_of_successful_requests(store: Store) -> None:
    reader = RunWindows(store, nothing_runs)
    for step in (None, 2):
        for outcome in ("all", "success"):
            wanted = TimeSelection(T0 + 7, T0 + 733, "service", outcome, step)  # type: ignore[arg-type]
            seen = await reader.distribution("run-1", wanted)
            expected = chosen(T0 + 7, T0 + 733, step, success=outcome == "success")
            assert expected.avg_ns is not None
            assert (seen["count"], seen["avg"]) == (expected.total, round(expected.avg_ns / 1e6, 3))
            percentiles = [point[0] for point in seen["points"]]
            assert percentiles == sorted(set(percentiles))
            assert (percentiles[0], percentiles[-1], seen["points"][-1][2]) == (0.0, 100.0, expected.total)
            for quantile, ms, _ in seen["points"][1:-1]:
                assert ms == round((expected.percentile_ns(quantile) or 0) / 1e6, 3)


@pytest.mark.asyncio
async def test_heat_maps_count_every_request_once(store: Store) -> None:
    reader = RunWindows(store, nothing_runs)
    seen = await reader.heatmap("run-1", TimeSelection(T0 + 100, T0 + 700), 60, 40)
    assert (seen["width"], len(seen["timestamps"]), len(seen["edges"])) == (10, 60, 41)
    assert sum(count for _, _, count in seen["cells"]) == chosen(T0 + 100, T0 + 700).total
    for column in (0, 31, 59):
        at = seen["timestamps"][column]
        of_column = [(row, count) for where, row, count in seen["cells"] if where == column]
        expected = chosen(at, at + 10)
        assert sum(count for _, count in of_column) == expected.total
        highest = max(row for row, _ in of_column)
        assert seen["edges"][highest] <= expected.max_ns / 1e6 * 1.001
        assert seen["edges"][highest + 1] >= expected.max_ns / 1e6 * 0.999
    assert seen["max"] == max(count for _, _, count in seen["cells"])


@pytest.mark.asyncio
async def test_series_of_steps_nodes_and_the_run(store: Store) -> None:
    reader = RunWindows(store, nothing_runs)
    seen = await reader.series("run-1", TimeSelection(T0, T0 + SECONDS), 100, [None, 1])
    assert (seen["width"], len(seen["timestamps"])) == (10, 80)
    for point, at in enumerate(seen["timestamps"]):
        for series in seen["series"]:
            expected = chosen(at, at + 10, series["index"])
            assert (series["requests"][point], series["p95"][point]) == (
                expected.total,
                expected.percentiles_ms()["p95"],
            )
    assert [series["name"] for series in seen["series"]] == [None, "buy"]
    assert sum(seen["series"][0]["failures"]["HTTP 500"]) == sum(one.failed and one.step != 1 for one in SENT)
    assert [node["name"] for node in seen["nodes"]] == ["a", "b"]
    assert (seen["run"]["active_users"][0], seen["run"]["planned_users"][0]) == (6.0, 8.0)
    fine = await reader.series("run-1", TimeSelection(T0 + 300, T0 + 330), 600, [2])
    assert (fine["width"], fine["series"][0]["requests"]) == (
        1,
        [chosen(T0 + second, T0 + second + 1, 2).total for second in range(300, 330)],
    )


def of_steps(execution_id: str) -> int:
    """Make the rows of steps what earlier versions stored."""
    return int(MetricsRow.update(metrics_data="{}").where(window_keys.step_rows_of(execution_id)).execute())


def of_all_requests(execution_id: str) -> int:
    """Make the rows of all requests what earlier versions stored."""
    rows = list(MetricsRow.select().where(window_keys.rows_of(execution_id, "10s")))
    for row in rows:
        row.metrics_data = msgspec.json.encode(window_rows.decode_span(row.metrics_data)).decode()
        row.save()
    return len(rows)


def of_the_successful(execution_id: str) -> int:
    """Make the rows of steps what earlier versions stored, without the latency of successful requests."""
    rows = list(MetricsRow.select().where(window_keys.step_rows_of(execution_id)))
    for row in rows:
        row.metrics_data = msgspec.json.encode(msgspec.json.decode(row.metrics_data)[:-1]).decode()
        row.save()
    return len(rows)


@pytest.mark.asyncio
@pytest.mark.parametrize("without", [of_steps, of_all_requests, of_the_successful])
@pytest.mark.parametrize(("latency", "outcome"), [("service", "all"), ("plan", "all"), ("service", "success")])
async def test_series_are_the_same_from_stored_figures_and_from_histograms(
    store: Store, latency: Latency, outcome: Outcome, without: Callable[[str], int]
) -> None:
    reader = RunWindows(store, nothing_runs)
    wanted = TimeSelection(T0 + 7, T0 + SECONDS, latency=latency, outcome=outcome)
    from_figures = await reader.series("run-1", wanted, 100, [None, 0, 1, 2])
    assert await store.run(writes(without), "run-1") > 0
    assert await reader.series("run-1", wanted, 100, [None, 0, 1, 2]) == from_figures


@pytest.mark.asyncio
@pytest.mark.parametrize("since", [T0 + 7, T0 + SECONDS - 40])
async def test_what_was_read_is_freed_point_by_point(store: Store, since: int) -> None:
    grid, parts, chosen_latency = (
        grid_of(since, T0 + SECONDS, 100, LEVELS),
        Parts(True, [0, 1]),
        Chosen("service", "all"),
    )
    stored = await store.run(read_points, "run-1", grid, parts, chosen_latency, (since, T0 + SECONDS))
    assert stored.pieces
    points_of(stored, grid, parts, chosen_latency)
    assert (stored.pieces, stored.summaries.of) == ([], {})


@pytest.mark.asyncio
async def test_a_run_of_which_nothing_is_stored_yet_is_at_its_start(store: Store) -> None:
    await store.run(windows.delete, "run-1")
    start = int((await store.run(executions.get, "run-1")).start_time.timestamp())
    seen = await RunWindows(store, nothing_runs).figures("run-1", TimeSelection(None, None))
    assert (seen["from"], seen["to"], seen["width"], seen["summary"]["requests"]) == (start, start, 0, 0)


@pytest.mark.asyncio
async def test_what_is_not_there(store: Store) -> None:
    reader = RunWindows(store, nothing_runs)
    with pytest.raises(NotFound):
        await reader.figures("none", TimeSelection(None, None))
    with pytest.raises(InvalidInput) as caught:
        await reader.distribution("run-1", TimeSelection(None, None, step=3))
    assert [problem.path for problem in caught.value.problems] == ["step"]
    assert (await reader.heatmap("run-1", TimeSelection(None, None, "plan"), 10, 10))["cells"] == []


@given(start=st.integers(0, 20_000), length=st.integers(0, 20_000), upto=st.integers(0, 40_000))
def test_stretches_cover_a_time_exactly(start: int, length: int, upto: int) -> None:
    done = {width: (0, upto - upto % width) for width in (10, 60, 600, 3600)}
    stretches = cover(start, start + length, done)
    seconds = [second for each in stretches for second in range(each.start, each.end, each.width)]
    assert sum((each.end - each.start) for each in stretches) == length
    assert seconds == sorted(seconds)
    assert all(each.start % each.width == each.end % each.width == 0 for each in stretches)
    assert all(each.end <= upto for each in stretches if each.width > 1)
    if upto >= start + length:
        assert len(seconds) <= 2 * (9 + 5 + 9 + 5) + length // 3600 + 1


@given(start=st.integers(0, 10**6), length=st.integers(0, 10**6), points=st.integers(10, 3600))
def test_grids_have_few_enough_points(start: int, length: int, points: int) -> None:
    grid = grid_of(start, start + length, points)
    assert len(grid.starts) <= points
    assert grid.start <= start
    assert grid.end >= start + length
    assert grid.width in WIDTHS or grid.width % 3600 == 0
