"""The main job: describe a load test, run it, watch it, steer it, read a report that agrees with the target's log."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

from tests.end_to_end.plans import STEPS
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.end_to_end.plans import until_stored
from tests.support.nginx import Nginx
from tests.support.service import Service

USERS = 4


def test_a_run_from_start_to_report(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    assert set(started) == {"execution_id", "status", "start_time", "websocket_url", "websocket_path", "warnings"}
    assert started["status"] in {"starting", "running"}  # a busy machine may take more than half a second
    viewer = Viewer(service, started["websocket_url"])
    again = service.post(f"/api/performance/plans/{plan}/start/")
    assert again.status == 409
    assert viewer.of_type("end")[0]["data"]["status"] == "completed"
    report = report_of(service, plan)
    log = nginx.log_of(report["summary"]["total_requests"])
    assert len(log) == report["summary"]["total_requests"]
    statuses = Counter(line.status for line in log)
    assert {str(status): count for status, count in statuses.items()} == {
        status: count for step in report["steps"] for status, count in step["statuses"].items()
    }
    assert report["metrics"]["errors"] == {
        "labels": ["HTTP 404"],
        "values": [Counter(line.status for line in log)[404]],
    }
    assert sum(frame["data"]["requests"] for frame in viewer.of_type("metrics")) == len(log)
    assert service.get(f"/api/performance/plans/{plan}/").body["status"] == "completed"


def test_pause_resume_and_stop(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, concurrent_users=USERS, hold_time=60)
    begun = time.time()
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(2)
    assert service.post(f"/api/performance/plans/{plan}/pause/").body["status"] == "paused"
    paused = time.time()
    assert service.post(f"/api/performance/plans/{plan}/pause/").status == 409
    viewer.await_seconds(2)
    resumed = time.time()
    assert service.post(f"/api/performance/plans/{plan}/resume/").body["status"] == "running"
    viewer.await_seconds(2)
    stopped = service.post(f"/api/performance/plans/{plan}/stop/").body
    ran = paused - begun + time.time() - resumed
    assert stopped["status"] == "stopped"
    assert set(stopped) == {"execution_id", "status", "stop_time"}
    report = report_of(service, plan)
    log = nginx.log_of(report["summary"]["total_requests"])
    assert len(log) == report["summary"]["total_requests"]
    # A user had one request in flight at most, and one before it that the target had not written down yet.
    assert len([line for line in log if paused <= line.moment < resumed]) <= 2 * USERS
    assert [line for line in log if line.moment >= resumed]
    assert 2 <= report["summary"]["running_time"] <= ran + 0.1
    assert [frame["data"]["status"] for frame in viewer.of_type("status")][-3:] == ["paused", "running", "stopping"]
    assert service.post(f"/api/performance/plans/{plan}/stop/").status == 409


def test_a_late_viewer_gets_the_history_and_of_a_finished_run_the_end(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, hold_time=5)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    Viewer(service, started["websocket_url"]).await_seconds(3)
    late = Viewer(service, started["websocket_url"])
    history = late.of_type("history")[0]["data"]
    assert len(history) >= 2
    assert late.of_type("end")
    over = Viewer(service, started["websocket_url"])
    assert [frame["type"] for frame in (over.of_type("history") + over.of_type("end"))] == ["history", "end"]
    figures = service.get(f"/api/performance/metrics/{started['execution_id']}/?metric_type=throughput").body["metrics"]
    assert set(figures) == {"throughput"}
    assert figures["throughput"]["total_requests"] == report_of(service, plan)["summary"]["total_requests"]


def test_an_unreachable_target_is_errors_not_an_end(service: Service) -> None:
    plan = plan_of(service, "http://127.0.0.1:1", hold_time=2)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    assert Viewer(service, started["websocket_url"]).of_type("end")[0]["data"]["status"] == "completed"
    report = report_of(service, plan)
    assert report["summary"]["error_count"] == report["summary"]["total_requests"] > 0
    assert set(report["metrics"]["errors"]["labels"]) == {"Connection Error: refused"}
    assert [row["error_class"] for row in report["unsent"]] == ["Missing variable: where"]


def test_a_target_that_dies_in_mid_run(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, STEPS[:1], hold_time=60)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(1)
    nginx.stop()
    viewer.await_seconds(3)
    service.post(f"/api/performance/plans/{plan}/stop/")
    assert viewer.of_type("end")[0]["data"]["status"] == "stopped"
    report = report_of(service, plan)
    assert "Connection Error: refused" in report["metrics"]["errors"]["labels"]
    assert report["summary"]["total_requests"] > report["summary"]["error_count"] > 0


def test_sigterm_in_mid_run_writes_the_report(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, hold_time=60)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    nginx.log_of(100)
    assert service.end(signal.SIGTERM) == 0
    service.start()
    service.recovered()
    report = report_of(service, plan)
    assert report["status"] == "stopped"
    assert report["reason"]["code"] == "server_stopped"
    total = report["summary"]["total_requests"]
    assert len(nginx.log_of(total)) == total >= 100
    assert service.get(f"/api/performance/executions/{started['execution_id']}/").body["status"] == "stopped"


def test_a_killed_server_closes_the_run_at_its_next_start(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, hold_time=60)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    until_stored(service, started["execution_id"], 3)
    service.end(signal.SIGKILL)
    service.start()
    service.recovered()
    report = report_of(service, plan)
    assert report["status"] == "failed"
    assert report["reason"]["code"] == "interrupted"
    assert 0 < report["summary"]["total_requests"] <= len(nginx.log())
    assert report["summary"]["running_time"] >= 2
    assert service.get(f"/api/performance/executions/{started['execution_id']}/").body["status"] == "failed"
    assert service.get(f"/api/performance/plans/{plan}/").body["status"] == "failed"


def test_bad_input_is_listed_by_path(service: Service) -> None:
    project = service.post("/api/projects/", {"name": "shop"}).body["id"]
    config = {"concurrent_users": "ten", "hold_time": -1, "surprise": 1}
    refused = service.post("/api/performance/plans/", {"name": "", "project_id": project, "config": config})
    assert refused.status == 422
    assert {problem["path"] for problem in refused.body["details"]} >= {
        "name", "config.concurrent_users", "config.hold_time", "config.surprise",
    }  # fmt: skip


def test_two_plans_run_side_by_side(service: Service, nginx: Nginx, tmp_path: Path) -> None:
    plans = [plan_of(service, nginx.url, STEPS[:1], hold_time=2) for _ in range(2)]
    feeds = [service.post(f"/api/performance/plans/{plan}/start/").body["websocket_url"] for plan in plans]
    for viewer in [Viewer(service, feed) for feed in feeds]:
        assert viewer.of_type("end")
    totals = [report_of(service, plan)["summary"]["total_requests"] for plan in plans]
    assert sum(totals) == len(nginx.log_of(sum(totals)))
