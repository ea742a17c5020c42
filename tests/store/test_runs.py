"""Executions, reports, and the errors a run met."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import ErrorRecord
from perfsvc.model.entities import Report
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store.database import Store
from tests.store.conftest import T0
from tests.store.conftest import World

START = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
END = START + timedelta(minutes=5)
FINISHED = EndReason(code="finished", zh="已完成", en="finished")


def run_of(world: World, execution_id: str = "run-1", **changes: Any) -> Execution:
    run = Execution(execution_id, world.plan.id, world.user.id, RunState.CREATED, {"seed": 7}, START, None, None)
    return replace(run, **changes)


@pytest.mark.asyncio
async def test_a_run_from_start_to_end(store: Store, world: World) -> None:
    run = run_of(world)
    assert await store.run(executions.create, run) == run
    for state in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING):
        assert await store.run(executions.set_state, "run-1", state) == replace(run, state=state)
    ended = replace(run, state=RunState.COMPLETED, end_time=END, reason=FINISHED)
    assert await store.run(executions.finish, "run-1", RunState.COMPLETED, FINISHED, END) == ended
    assert await store.run(executions.get, "run-1") == ended


@pytest.mark.asyncio
async def test_a_run_ends_once(store: Store, world: World) -> None:
    await store.run(executions.create, run_of(world))
    ends = [RunState.COMPLETED, RunState.STOPPED, RunState.FAILED]
    ending = [store.run(executions.finish, "run-1", state, FINISHED, END) for state in ends]
    outcomes = await asyncio.gather(*ending, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Conflict", "Execution"]
    with pytest.raises(Conflict):
        await store.run(executions.set_state, "run-1", RunState.RUNNING)
    with pytest.raises(InvalidInput):
        await store.run(executions.finish, "run-1", RunState.STOPPING, FINISHED, END)


@pytest.mark.asyncio
@pytest.mark.parametrize("execution_id", ["", "x" * 33, "a:b", "../x", "a b", "é"])
async def test_ids_that_would_not_fit_in_a_shard_key_or_a_file_name(
    store: Store, world: World, execution_id: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await store.run(executions.create, run_of(world, execution_id))
    assert [problem.path for problem in caught.value.problems] == ["execution_id"]


@pytest.mark.asyncio
async def test_runs_that_cannot_be(store: Store, world: World) -> None:
    await store.run(executions.create, run_of(world))
    with pytest.raises(Conflict):
        await store.run(executions.create, run_of(world))
    for changes in ({"plan_id": 99}, {"starter_id": 99}):
        with pytest.raises(NotFound):
            await store.run(executions.create, run_of(world, "run-2", **changes))
    for call in (
        store.run(executions.get, "x"),
        store.run(executions.set_state, "x", RunState.RUNNING),
        store.run(executions.finish, "x", RunState.FAILED, FINISHED, END),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.text == ("测试执行不存在", "the execution does not exist")


@pytest.mark.asyncio
async def test_what_is_unfinished(store: Store, world: World) -> None:
    made = [await store.run(executions.create, run_of(world, f"run-{number}")) for number in range(5)]
    other = await store.run(projects.create, "other", "", world.user.id)
    plan = await store.run(plans.create, other.id, world.user.id, "p", PlanConfig.parse({"vus": 1}))
    elsewhere = await store.run(executions.create, run_of(world, "elsewhere", plan_id=plan.id))
    await store.run(executions.finish, "run-1", RunState.FAILED, FINISHED, END)
    assert await store.run(executions.unfinished) == [made[0], *made[2:], elsewhere]


def facts(**changes: Any) -> dict[str, Any]:
    values = {
        "status": "completed",
        "start_time": START,
        "end_time": END,
        "summary": {"total_requests": 50000, "success_rate": 99.8},
        "performance_score": 87.3,
        "body": {"metrics": {"response_times": {"timestamps": [1], "values": [0.1 + 0.2, None]}}, "标签": "超时"},
    }
    return {**values, **changes}


@pytest.mark.asyncio
async def test_reports(store: Store, world: World) -> None:
    born = datetime.fromtimestamp(T0 + 0.25, UTC)
    report = await store.run(reports.create, world.plan.id, "run-1", **facts())
    values = facts()
    expected = Report(
        1, world.plan.id, "run-1", "completed", START, END, values["summary"], 87.3, values["body"], created_time=born
    )
    assert report == expected
    assert await store.run(reports.get, report.id) == expected
    assert await store.run(reports.by_execution, "run-1") == expected


@pytest.mark.asyncio
async def test_reports_that_cannot_be(store: Store, world: World) -> None:
    report = await store.run(reports.create, world.plan.id, "run-1", **facts())
    with pytest.raises(Conflict) as caught:
        await store.run(reports.create, world.plan.id, "run-1", **facts())
    assert caught.value.text.zh == "该测试执行已有报告"
    with pytest.raises(NotFound):
        await store.run(reports.create, 99, "run-2", **facts())
    with pytest.raises(InvalidInput) as wrong:
        await store.run(
            reports.create, world.plan.id, "run-2", **facts(status="running", performance_score=float("nan"))
        )
    assert [problem.path for problem in wrong.value.problems] == ["status", "performance_score"]
    await store.run(reports.delete, report.id)
    for call in (
        store.run(reports.get, report.id),
        store.run(reports.delete, report.id),
        store.run(reports.by_execution, "run-1"),
    ):
        with pytest.raises(NotFound) as missing:
            await call
        assert missing.value.text == ("测试报告不存在", "the report does not exist")


def seen(error_class: str, count: int, step: str | None = "login", timestamp: int = 1, **more: Any) -> ErrorRecord:
    return ErrorRecord("run-1", timestamp, {"step": step, "error_class": error_class, **more}, count)


@pytest.mark.asyncio
async def test_errors_are_counted_by_class_and_step_with_the_first_example(store: Store, world: World) -> None:
    first = [seen("超时", 2, example="a"), seen("HTTP 500", 3), seen("HTTP 500", 1, step="list")]
    await store.run(errors_seen.upsert, world.plan.id, "run-1", first)
    assert await store.run(errors_seen.of_execution, "run-1") == [first[1], first[0], first[2]]
    again = [seen("超时", 9, timestamp=5, example="b"), seen("HTTP 500", 3), seen("reset", 3, step=None)]
    for _ in range(2):
        await store.run(errors_seen.upsert, world.plan.id, "run-1", again)
    expected = [replace(first[0], count=9), first[1], again[2], first[2]]
    assert await store.run(errors_seen.of_execution, "run-1") == expected
    assert await store.run(errors_seen.of_execution, "run-2") == []
    assert await store.run(errors_seen.delete, "run-1") == 4
    assert await store.run(errors_seen.of_execution, "run-1") == []


@pytest.mark.asyncio
async def test_errors_that_cannot_be(store: Store, world: World) -> None:
    with pytest.raises(NotFound):
        await store.run(errors_seen.upsert, 99, "run-1", [seen("x", 1)])
    with pytest.raises(InvalidInput) as caught:
        await store.run(errors_seen.upsert, world.plan.id, "run-1", [seen("x", 1), seen("y", 0)])
    assert [problem.path for problem in caught.value.problems] == ["count"]
    assert await store.run(errors_seen.of_execution, "run-1") == []
