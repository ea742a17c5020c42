"""Running plans over REST, to the letter of the interface document."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import StoreUnavailable
from perfsvc.store import executions
from tests.support.web_world import ERRORS
from tests.support.web_world import METRICS as REPORT_METRICS
from tests.support.web_world import SERIES
from tests.support.web_world import SUMMARY
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

PLAN = "/api/performance/plans/1"
EXECUTION: dict[str, Any] = {
    "execution_id": "run-1-0",
    "plan_id": 1,
    "plan_name": "evening peak",
    "project_id": 1,
    "starter_id": 2,
    "starter": "owner",
    "status": "stopped",
    "mode": "concurrent",
    "variable": "vus",
    "start_time": "2023-11-14T22:13:20Z",
    "end_time": "2023-11-14T22:13:20Z",
    "reason": {"code": "stopped_by_user", "message": "用户停止"},
    "report_id": 1,
    "verdict": "PASSED",
    "validity": None,
    "summary": SUMMARY,
    "performance_score": 87.5,
    "found": None,
    "breached": [],
}
METRICS: dict[str, dict[str, Any]] = {
    "response_time": {"current": 1.5, "avg": 1.5, "min": 1.0, "max": 2.0, "p95": 2.0},
    "throughput": {"current_rps": 20.0, "avg_rps": 20.0, "total_requests": 20},
    "error_rate": {"current": 25.0, "total_errors": 5},
    "system": {"cpu_usage": 65.0, "memory_usage": 75.0, "network_io": 15.0},
}
"""What the document names of ``SECOND``."""
SPARK = {"rps": [10.0, 20.0], "p95": [180.0, None], "error_rate": [0.0, 0.2]}


async def test_start_pause_resume_stop_answer_as_documented(api: Api, base_url: str) -> None:
    started = await api.post(f"{PLAN}/start/")
    run = "run-1-1"
    url = f"{base_url.replace('http', 'ws')}/ws/performance/{run}/"
    assert (started.status, started.json) == (
        200,
        {
            "execution_id": run,
            "status": "running",
            "start_time": "2023-11-14T22:13:20Z",
            "websocket_url": url,
            "websocket_path": f"/ws/performance/{run}/",
            "warnings": [],
        },
    )
    paused = await api.post(f"{PLAN}/pause/")
    assert paused.json == {"execution_id": run, "status": "paused", "pause_time": "2023-11-14T22:13:20Z"}
    resumed = await api.post(f"{PLAN}/resume/")
    assert resumed.json == {"execution_id": run, "status": "running", "resume_time": "2023-11-14T22:13:20Z"}
    stopped = await api.post(f"{PLAN}/stop/")
    assert stopped.json == {"execution_id": run, "status": "stopped", "stop_time": "2023-11-14T22:13:20Z"}


async def test_warnings_about_a_plan_come_with_its_preview_its_start_and_its_report(api: Api) -> None:
    rows = {"datafile_id": 1, "scope": "vu", "at_end": "stop_vu"}
    config = {
        "concurrent_users": 3,
        "target_url": "http://127.0.0.1:1/",
        "data_source_type": "csv",
        "data_config": rows,
    }
    warning = {
        "zh": "3 个虚拟用户各需要一行数据（scope: vu），而数据只有 1 行：其余 2 个不会执行（at_end: stop_vu）；"
        "请增加数据或减少用户",
        "en": "each of 3 users needs a row (scope: vu) of the data, which has 1: the other 2 will never run (at_end: "
        "stop_vu); add rows or have fewer users",
    }
    preview = await api.post("/api/performance/plans/preview/", {"project_id": 1, "config": config})
    assert (preview.json["warnings"], preview.json["problems"]) == ([{"path": "", **warning}], [])
    assert (await api.put(f"{PLAN}/", {"config": config})).status == 200
    started = await api.post(f"{PLAN}/start/")
    assert started.json["warnings"] == [warning]
    await api.post(f"{PLAN}/stop/")
    report_id = (await api.get("/api/performance/executions/run-1-1/")).json["report_id"]
    report = (await api.get(f"/api/performance/reports/{report_id}/")).json
    assert warning in report["warnings"]


async def test_a_start_may_bring_variables(api: Api, world: World) -> None:
    given = {"user": "alice", "password": "correct", "inner": "hidden"}
    started = await api.post(f"{PLAN}/start/", {"variables": given, "secret_variables": ["inner"]})
    assert started.status == 200
    (active,) = world.services.runs._active.values()
    assert {name: active.run.spec.target.variables[name] for name in given} == given
    assert set(active.run.spec.secrets) == {"correct", "hidden"}
    await api.post(f"{PLAN}/stop/")
    shown = (await api.get("/api/performance/executions/run-1-1/")).json["config"]
    assert "alice" in str(shown)
    assert "correct" not in str(shown)
    assert "hidden" not in str(shown)
    wrong = await api.post(f"{PLAN}/start/", {"variables": {"1": "a"}, "vars": {}})
    assert wrong.status == 422


async def test_moves_that_the_state_does_not_allow_are_conflicts(api: Api) -> None:
    for move in ("stop", "pause", "resume"):
        refused = await api.post(f"{PLAN}/{move}/")
        assert (refused.status, refused.json) == (409, {"error": "该测试计划没有正在执行的测试"})
    await api.post(f"{PLAN}/start/")
    again = await api.post(f"{PLAN}/start/")
    assert (again.status, again.json) == (409, {"error": "该测试计划正在执行中"})
    assert (await api.post(f"{PLAN}/resume/")).status == 409


async def started_with(world: World) -> dict[str, Any]:
    """The stored RunSpec of the run that is over; nothing in it is secret."""
    return (await world.store.run(executions.get, "run-1-0")).spec


async def test_executions(api: Api, world: World) -> None:
    for path in ("plan_id=1", "project_id=1", "plan_id=1&project_id=1"):
        page = (await api.get(f"/api/performance/executions/?{path}")).json
        assert (page["total"], page["page"], page["page_size"]) == (1, 1, 10)
        assert page["results"] == [EXECUTION]
    one = await api.get("/api/performance/executions/run-1-0/", headers={"Accept-Language": "en"})
    reason = {"code": "stopped_by_user", "message": "stopped by the user"}
    assert one.json == {**EXECUTION, "reason": reason, "config": await started_with(world)}


async def test_runs_and_reports_of_all_ones_projects(api: Api) -> None:
    for who, count in (("owner", 1), ("viewer", 1), ("administrator", 1), ("stranger", 0)):
        for listing in ("executions", "reports"):
            page = (await api.get(f"/api/performance/{listing}/", who)).json
            assert (who, page["total"], len(page["results"])) == (who, count, count)
    assert (await api.get("/api/performance/executions/", None)).status == 401


async def test_listings_with_filters(api: Api) -> None:
    for listing in ("executions", "reports"):
        for query, count in {
            "status=stopped": 1,
            "status=active": 0,
            "status=active,stopped": 1,
            "verdict=PASSED": 1,
            "verdict=FAILED": 0,
            "validity=VALID": 0,
            "mode=concurrent": 1,
            "mode=step": 0,
            "q=evening": 1,
            "q=run-1": 1,
            "q=morning": 0,
            "from=2023-11-14T22:13:20Z&to=1700000001": 1,
            "from=1700000001": 0,
            "to=2023-11-14": 0,
            "from=1700000000&to=1700000000": 0,
            "order=-p95&spark=1": 1,
        }.items():
            page = (await api.get(f"/api/performance/{listing}/?project_id=1&{query}")).json
            assert (query, page["total"]) == (query, count)


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "verdict=passed",
        "mode=fast",
        "from=yesterday",
        "order=name",
        "spark=2",
        "q=" + "x" * 101,
        "q=%00",
        "from=1700000001&to=2023-11-14T22:13:20Z",
    ],
)
async def test_wrong_filters(api: Api, query: str) -> None:
    answer = await api.get(f"/api/performance/executions/?{query}")
    assert (answer.status, [problem["path"] for problem in answer.json["details"]]) == (422, [query.partition("=")[0]])


async def test_small_curves_only_where_they_are_asked_for(api: Api) -> None:
    for listing in ("executions", "reports"):
        with_spark = (await api.get(f"/api/performance/{listing}/?spark=1")).json["results"][0]
        assert with_spark["spark"] == SPARK
        assert "spark" not in (await api.get(f"/api/performance/{listing}/")).json["results"][0]


async def test_executions_of_a_foreign_project_cannot_be_had_by_naming_ones_own(api: Api) -> None:
    await api.post("/api/projects/", {"name": "mine"}, "stranger")
    for query in ("plan_id=1&project_id=2", "project_id=1", "plan_id=1"):
        assert (await api.get(f"/api/performance/executions/?{query}", "stranger")).status == 404


async def test_errors_in_pages(api: Api) -> None:
    page = (await api.get("/api/performance/executions/run-1-0/errors/?page=2&page_size=1")).json
    assert page == {"total": 2, "page": 2, "page_size": 1, "results": [ERRORS[1]]}


async def test_metrics_answer_as_documented(api: Api) -> None:
    path = "/api/performance/metrics/run-1-0/"
    whole = (await api.get(path)).json
    assert (whole["execution_id"], whole["timestamp"]) == ("run-1-0", "2023-11-14T22:13:20Z")
    shown = {kind: {name: whole["metrics"][kind][name] for name in names} for kind, names in METRICS.items()}
    assert shown == METRICS
    for kind in METRICS:
        one = await api.get(f"{path}?metric_type={kind}&time_range=60")
        assert one.json["metrics"] == {kind: whole["metrics"][kind]}


@pytest.mark.parametrize(
    ("query", "path"),
    [("metric_type=speed", "metric_type"), ("time_range=0", "time_range"), ("time_range=1m", "time_range")],
)
async def test_wrong_questions_about_metrics(api: Api, query: str, path: str) -> None:
    answer = await api.get(f"/api/performance/metrics/run-1-0/?{query}")
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == [path]


async def test_unknown_runs(api: Api) -> None:
    for path in ("executions/none/", "executions/none/errors/", "metrics/none/"):
        answer = await api.get(f"/api/performance/{path}")
        assert (answer.status, answer.json) == (404, {"error": "测试执行不存在"})


async def test_report_list_answers_as_documented(api: Api) -> None:
    page = (await api.get("/api/performance/reports/?plan_id=1")).json
    row: dict[str, Any] = {
        "id": 1,
        "plan_id": 1,
        "plan_name": "evening peak",
        "project_id": 1,
        "execution_id": "run-1-0",
        "starter": "owner",
        "mode": "concurrent",
        "start_time": "2023-11-14T22:13:20Z",
        "end_time": "2023-11-14T22:13:20Z",
        "status": "stopped",
        "verdict": "PASSED",
        "validity": None,
        "summary": SUMMARY,
        "performance_score": 87.5,
    }
    assert page == {"total": 1, "page": 1, "page_size": 10, "results": [row]}


async def test_report_answers_as_documented(api: Api, world: World) -> None:
    report = (await api.get("/api/performance/reports/1/")).json
    assert report == {
        "id": 1,
        "plan_id": 1,
        "execution_id": "run-1-0",
        "start_time": "2023-11-14T22:13:20Z",
        "end_time": "2023-11-14T22:13:20Z",
        "status": "stopped",
        "summary": SUMMARY,
        "metrics": REPORT_METRICS,
        "verdict": {"state": "PASSED", "thresholds": []},
        "series": SERIES,
        "plan_name": "evening peak",
        "project_id": 1,
        "starter": "owner",
        "mode": "concurrent",
        "config": await started_with(world),
    }


async def test_report_delete_answers_as_documented(api: Api) -> None:
    deleted = await api.delete("/api/performance/reports/1/")
    assert (deleted.status, deleted.json) == (200, {"message": "测试报告已删除"})
    gone = await api.get("/api/performance/reports/1/")
    assert (gone.status, gone.json) == (404, {"error": "测试报告不存在"})
    again = await api.delete("/api/performance/reports/1/", headers={"Accept-Language": "en"})
    assert again.json == {"error": "the report does not exist"}


async def test_plugins(api: Api, world: World) -> None:
    plugins = (await api.get("/api/plugins/", "stranger")).json
    assert sorted(plugin["name"] for plugin in plugins["results"]) == ["csv", "fake", "http"]
    assert plugins["total"] == 3
    assert plugins["results"] == world.services.plugins.describe()
    assert plugins["results"][0]["request_schema"]["required"] == ["url"]


async def test_a_run_is_controlled_while_the_database_is_away(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = (await api.post(f"{PLAN}/start/")).json["execution_id"]
    plain = world.store.run

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("数据库暂时不可用", "the database is away")

    monkeypatch.setattr(world.store, "run", away)
    assert (await api.post(f"{PLAN}/pause/")).status == 200
    assert (await api.post(f"{PLAN}/resume/")).status == 200
    changed = await api.post(f"/api/performance/executions/{run}/load/", {"vus": 2})
    assert changed.status == 200
    assert world.cluster.deployments[run].levels == [2]
    assert (await api.post(f"{PLAN}/pause/", {}, "stranger")).status == 503
    monkeypatch.setattr(world.store, "run", plain)
    assert (await api.post(f"{PLAN}/stop/")).status == 200
