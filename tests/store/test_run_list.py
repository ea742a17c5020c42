"""Runs as they are listed: names, outcomes, filters and orders, in two queries; and old runs after an upgrade."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest
from playhouse.test_utils import assert_query_count

from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.execution import RunFilter
from perfsvc.model.execution import RunRow
from perfsvc.model.execution import breached_of
from perfsvc.model.execution import found_of
from perfsvc.model.execution import spark_of
from perfsvc.model.run import RunState
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import run_list
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.migrations import migrate
from perfsvc.store.migrations import runner
from perfsvc.store.tables import TABLES
from tests.store.conftest import World
from tests.store.test_schema import in_migration

START = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
SEARCH = {"load": {"variable": "arrival_rate", "control": {"kind": "error_rate"}}}


async def run(store: Store, world: World, name: str, spec: dict[str, Any] | None = None, after: int = 0) -> Execution:
    start = START + timedelta(minutes=after)
    made = Execution(name, world.plan.id, world.user.id, RunState.CREATED, spec or {}, start, None, None)
    return await store.run(executions.create, made)


async def report(store: Store, world: World, name: str, seconds: int, **figures: Any) -> int:
    summary = {"total_requests": 9, "duration": float(seconds), "percentiles": {"p95": figures.pop("p95", None)}}
    verdict, validity = figures.pop("verdict", "PASSED"), figures.pop("validity", "VALID")
    body = {"verdict": {"state": verdict}, "validity": {"state": validity}, "summary": {**summary, **figures}}
    series = {"timestamps": [1, 2], "throughput": [1.0, 3.0], "p95": [None, 4.0], "error_rate": [0.0, 0.5]}
    stored = await store.run(
        reports.create,
        world.plan.id,
        name,
        status="completed",
        start_time=START,
        end_time=START + timedelta(seconds=seconds),
        summary=body["summary"],
        performance_score=90.0 - seconds,
        body={**body, "series": series},
    )
    return stored.id


async def names(store: Store, **wanted: Any) -> list[str]:
    page = await store.run(run_list.page, RunFilter(**wanted))
    assert page.total == len(page.results)
    return [row.execution.execution_id for row in page.results]


@pytest.mark.asyncio
async def test_a_run_with_its_names_and_its_outcome(store: Store, world: World) -> None:
    made = await run(store, world, "a", SEARCH)
    bare = RunRow(replace(made, spec={}), "evening peak", world.project.id, "wang", "error_rate", "arrival_rate")
    assert await store.run(run_list.get, "a") == bare
    key = await report(store, world, "a", 60, error_rate=0.5, throughput=12.0, p95=3.0, verdict="FAILED")
    row = await store.run(run_list.get, "a")
    assert (row.report_id, row.verdict, row.validity, row.performance_score) == (key, "FAILED", "VALID", 30.0)
    assert row.summary == {
        "total_requests": 9,
        "duration": 60.0,
        "percentiles": {"p95": 3.0},
        "error_rate": 0.5,
        "throughput": 12.0,
    }
    with assert_query_count(2, only_select=True):
        page = await store.run(run_list.page, RunFilter(), spark=True)
    spark = {"rps": [1.0, 3.0], "p95": [None, 4.0], "error_rate": [0.0, 0.5]}
    assert page.results == [replace(row, spark=spark)]
    with pytest.raises(NotFound):
        await store.run(run_list.get, "b")
    with pytest.raises(InvalidInput):
        await store.run(run_list.page, RunFilter(), 0)


@pytest.mark.asyncio
async def test_filters(store: Store, world: World) -> None:
    await run(store, world, "a")
    await run(store, world, "b", SEARCH, after=1)
    await run(store, world, "c", after=2)
    await report(store, world, "b", 60, verdict="FAILED", validity="SUSPECT")
    await store.run(executions.set_state, "c", RunState.RUNNING)
    other = await store.run(projects.create, "other", "", world.user.id)
    plan = await store.run(plans.create, other.id, world.user.id, "100%_sure", PlanConfig.parse({"vus": 1}))
    await store.run(executions.create, replace(await store.run(executions.get, "a"), execution_id="d", plan_id=plan.id))
    stranger = await store.run(users.create, "li", "li@example.com", "hash")
    assert await names(store) == ["c", "b", "d", "a"]
    assert await names(store, plan_id=world.plan.id) == ["c", "b", "a"]
    assert await names(store, project_id=other.id) == ["d"]
    assert await names(store, plan_id=world.plan.id, project_id=other.id) == []
    assert await names(store, user_id=stranger.id) == []
    assert await names(store, user_id=world.user.id, mode="error_rate") == ["b"]
    assert await names(store, states=(RunState.RUNNING, RunState.PAUSED)) == ["c"]
    assert await names(store, verdict="FAILED") == await names(store, validity="SUSPECT") == ["b"]
    assert await names(store, reported=True) == ["b"]
    assert await names(store, text="evening") == ["c", "b", "a"]
    assert await names(store, text="%_") == ["d"]
    assert await names(store, since=START + timedelta(minutes=1), until=START + timedelta(minutes=2)) == ["b"]


@pytest.mark.asyncio
async def test_orders_put_what_was_not_measured_last(store: Store, world: World) -> None:
    for number, name in enumerate("abc"):
        await run(store, world, name, after=number)
    await report(store, world, "a", 10, error_rate=2.0, throughput=1.0, p95=30.0)
    await report(store, world, "b", 20, error_rate=1.0, throughput=2.0, p95=40.0)
    assert await names(store, order="start_time", descending=False) == ["a", "b", "c"]
    orders = {"duration": "bac", "error_rate": "abc", "throughput": "bac", "p95": "bac", "score": "abc"}
    for order, expected in orders.items():
        assert await names(store, order=order) == list(expected), order
        assert await names(store, order=order, descending=False) == [expected[1], expected[0], "c"], order


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (None, None),
        ({"threshold": 1.0, "low": 90.0, "complete": True, "at_least": False}, ("limit", 90.0, False)),
        ({"threshold": 1.0, "low": 60.0, "complete": False, "at_least": True}, ("limit", 60.0, True)),
        ({"threshold": 1.0, "low": 60.0, "complete": False, "at_least": False}, None),
        ({"threshold": 1.0, "low": None, "complete": True, "at_least": False}, None),
        ({"value": 8.0}, ("knee", 8.0, False)),
        ({"metric": "p95", "value": 12.0, "complete": True}, ("target", 12.0, False)),
        ({"metric": "p95", "value": 12.0, "complete": True, "on_target": True}, ("target", 12.0, False)),
        ({"metric": "p95", "value": 12.0, "complete": True, "on_target": False}, None),
        ({"metric": "p95", "value": 1.0, "out_of_reach": "low", "complete": True}, None),
    ],
)
def test_the_level_that_a_search_found(search: dict[str, Any] | None, found: tuple[str, float, bool] | None) -> None:
    assert found_of(search) == (None if found is None else dict(zip(("kind", "level", "at_least"), found, strict=True)))


def test_a_listing_says_which_of_its_metrics_missed_a_limit() -> None:
    missed = [("p95 < 300", "p95", False), ("p95{order} < 9", "p95", False), ("error_rate < 1", "error_rate", True)]
    thresholds = [{"expression": text, "metric": metric, "passed": passed} for text, metric, passed in missed]
    assert breached_of(thresholds) == ["p95"]
    assert breached_of([]) == []


def test_a_spark_has_at_most_60_points() -> None:
    assert spark_of({"timestamps": []}) is None
    count = 121
    numbers = [float(number) for number in range(count)]
    spark = spark_of({"timestamps": numbers, "throughput": numbers, "p95": numbers, "error_rate": [None] * count})
    assert spark is not None
    assert [len(values) for values in spark.values()] == [41, 41, 41]
    assert (spark["rps"][0], spark["p95"][0], spark["error_rate"][0]) == (1.0, 2.0, None)
    assert (spark["rps"][-1], spark["p95"][-1]) == (120.0, 120.0)


@pytest.mark.parametrize(("last", "paused", "points"), [(2.04, False, 2), (2.6, False, 3), (2.04, True, 3)])
def test_a_spark_leaves_out_the_stub_of_a_last_second(last: float, paused: bool, points: int) -> None:
    rates = [200.0, 200.0, 60.0]
    series = {"width": 1, "timestamps": [1, 2, 3], "elapsed": [1.0, 2.0, last], "paused": [False, False, paused]}
    spark = spark_of({**series, "throughput": rates, "p95": rates, "error_rate": rates})
    assert spark is not None
    assert spark["rps"] == rates[:points]


@pytest.mark.asyncio
async def test_an_upgrade_finds_the_figures_of_old_runs(store: Store, world: World) -> None:
    await run(store, world, "a", SEARCH)
    await report(store, world, "a", 60, error_rate=0.5, throughput=12.0, p95=3.0)
    await run(store, world, "b")
    before = (await store.run(run_list.page, RunFilter(), spark=True)).results
    while await store.run(in_migration(lambda database: runner(database).down())) != ["0003_run_figures"]:
        pass
    await store.run(in_migration(lambda database: migrate(database, dict(table.shape() for table in TABLES))))
    assert (await store.run(run_list.page, RunFilter(), spark=True)).results == before
    assert await names(store, order="duration") == ["a", "b"]
