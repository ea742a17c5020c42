"""Running plans over REST, to the letter of the interface document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fake_runs import ERRORS
from tests.support.fake_runs import METRICS
from tests.support.web_world import METRICS as REPORT_METRICS
from tests.support.web_world import SUMMARY
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test(timeout=30)

PLAN = "/api/performance/plans/1"


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
        },
    )
    paused = await api.post(f"{PLAN}/pause/")
    assert paused.json == {"execution_id": run, "status": "paused", "pause_time": "2023-11-14T22:13:20Z"}
    resumed = await api.post(f"{PLAN}/resume/")
    assert resumed.json == {"execution_id": run, "status": "running", "resume_time": "2023-11-14T22:13:20Z"}
    stopped = await api.post(f"{PLAN}/stop/")
    assert stopped.json == {"execution_id": run, "status": "stopped", "stop_time": "2023-11-14T22:13:20Z"}


async def test_moves_that_the_state_does_not_allow_are_conflicts(api: Api) -> None:
    for move in ("stop", "pause", "resume"):
        refused = await api.post(f"{PLAN}/{move}/")
        assert (refused.status, refused.json) == (409, {"error": "该测试计划没有正在执行的测试"})
    await api.post(f"{PLAN}/start/")
    again = await api.post(f"{PLAN}/start/")
    assert (again.status, again.json) == (409, {"error": "该测试计划正在执行中"})
    assert (await api.post(f"{PLAN}/resume/")).status == 409


async def test_executions(api: Api) -> None:
    for path in ("plan_id=1", "project_id=1", "plan_id=1&project_id=1"):
        page = (await api.get(f"/api/performance/executions/?{path}")).json
        assert (page["total"], page["page"], page["page_size"]) == (1, 1, 10)
        assert page["results"] == [
            {
                "execution_id": "run-1-0",
                "plan_id": 1,
                "starter_id": 2,
                "status": "stopped",
                "start_time": "2023-11-14T22:13:20Z",
                "end_time": "2023-11-14T22:13:20Z",
                "reason": {"code": "stopped_by_user", "message": "用户停止"},
            }
        ]
    one = await api.get("/api/performance/executions/run-1-0/", headers={"Accept-Language": "en"})
    assert one.json["reason"] == {"code": "stopped_by_user", "message": "stopped by the user"}


async def test_executions_need_a_plan_or_a_project(api: Api) -> None:
    answer = await api.get("/api/performance/executions/")
    assert (answer.status, answer.json["details"]) == (422, [{"path": "project_id", "message": "必填项"}])


async def test_executions_of_a_foreign_project_cannot_be_had_by_naming_ones_own(api: Api) -> None:
    await api.post("/api/projects/", {"name": "mine"}, "stranger")
    for query in ("plan_id=1&project_id=2", "project_id=1", "plan_id=1"):
        assert (await api.get(f"/api/performance/executions/?{query}", "stranger")).status == 404


async def test_errors_in_pages(api: Api) -> None:
    page = (await api.get("/api/performance/executions/run-1-0/errors/?page=2&page_size=1")).json
    assert page == {"total": 2, "page": 2, "page_size": 1, "results": [ERRORS[1]]}


async def test_metrics_answer_as_documented(api: Api) -> None:
    path = "/api/performance/metrics/run-1-0/"
    whole = await api.get(path)
    assert whole.json == {"execution_id": "run-1-0", "timestamp": "2024-02-20T11:00:00Z", "metrics": METRICS}
    for kind in METRICS:
        one = await api.get(f"{path}?metric_type={kind}&time_range=60")
        assert one.json["metrics"] == {kind: METRICS[kind]}


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
        "execution_id": "run-1-0",
        "start_time": "2023-11-14T22:13:20Z",
        "end_time": "2023-11-14T22:13:20Z",
        "status": "stopped",
        "summary": SUMMARY,
        "performance_score": 87.5,
    }
    assert page == {"total": 1, "page": 1, "page_size": 10, "results": [row]}


async def test_report_answers_as_documented(api: Api) -> None:
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
    }


async def test_report_delete_answers_as_documented(api: Api) -> None:
    deleted = await api.delete("/api/performance/reports/1/")
    assert (deleted.status, deleted.json) == (200, {"message": "测试报告已删除"})
    gone = await api.get("/api/performance/reports/1/")
    assert (gone.status, gone.json) == (404, {"error": "测试报告不存在"})
    again = await api.delete("/api/performance/reports/1/", headers={"Accept-Language": "en"})
    assert again.json == {"error": "the report does not exist"}


async def test_reports_need_a_plan(api: Api) -> None:
    assert (await api.get("/api/performance/reports/")).json["details"] == [{"path": "plan_id", "message": "必填项"}]


async def test_plugins(api: Api, world: World) -> None:
    plugins = (await api.get("/api/plugins/", "stranger")).json
    assert sorted(plugin["name"] for plugin in plugins["results"]) == ["csv", "fake", "http"]
    assert plugins["total"] == 3
    assert plugins["results"] == world.services.plugins.describe()
    assert plugins["results"][0]["request_schema"]["required"] == ["url"]
