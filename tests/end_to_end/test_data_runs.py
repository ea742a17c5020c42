"""Runs with test data through the whole service."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import Any

import pytest

from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import Service

THINK = {"type": "constant", "value": 0.05}
STEPS = [{"name": "login", "request": {"method": "GET", "url": "/accounts/{{user}}"}, "think_time": THINK}]
SIX = {"columns": ["user"], "values": [f"u{number}" for number in range(6)]}


def pool(**allocation: Any) -> dict[str, Any]:
    return {"data_source_type": "pool", "data_config": {**SIX, **allocation}}


def run_to_its_end(service: Service, plan: int) -> dict[str, Any]:
    started = service.post(f"/api/performance/plans/{plan}/start/")
    assert started.status == 200, started
    ended(service, plan)
    return report_of(service, plan)


def ended(service: Service, plan: int) -> None:
    """Wait for the end of a plan's run."""
    while service.get(f"/api/performance/plans/{plan}/").body["status"] in {"starting", "running"}:
        time.sleep(0.1)


@pytest.mark.parametrize(
    "modes", [{"control_mode": "single"}, {"control_mode": "central", "node_count": 2}], ids=["single", "central"]
)
def test_each_user_keeps_an_account_of_its_own(service: Service, nginx: Nginx, modes: dict[str, Any]) -> None:
    data = pool(scope="vu", unique=True)
    plan = plan_of(service, nginx.url, STEPS, concurrent_users=6, hold_time=2, **data, **modes)
    report = run_to_its_end(service, plan)
    asked = nginx.log_of(report["summary"]["total_requests"])
    accounts = {connection: {line.path for line in asked if line.connection == connection} for connection in
                {line.connection for line in asked}}  # fmt: skip
    assert sorted(map(sorted, accounts.values())) == [[f"/accounts/u{number}"] for number in range(6)]
    assert (report["reason"]["code"], report["data"]["used"], report["data"]["left"]) == ("finished", 6, 0)


@pytest.mark.parametrize(
    "modes", [{"control_mode": "single"}, {"control_mode": "central", "node_count": 2}], ids=["single", "central"]
)
def test_a_source_that_cannot_be_opened_fails_the_run_before_any_request(
    service: Service, nginx: Nginx, modes: dict[str, Any]
) -> None:
    data = {"data_source_type": "csv", "data_config": {"datafile_id": 7}}
    plan = plan_of(service, nginx.url, STEPS, **data, **modes)
    refused = service.post(f"/api/performance/plans/{plan}/start/")
    if refused.status == 200:  # a start responds after half a second at most: what fails later stands in the report
        assert refused.body["status"] == "starting"
        ended(service, plan)
    else:
        assert refused.status == 422
        assert [problem["path"] for problem in refused.body["details"]] == ["config.data_config.datafile_id"]
    report = report_of(service, plan)
    assert (report["status"], report["reason"]["code"]) == ("failed", "error")
    assert report["reason"]["en"].startswith("config.data_config.datafile_id: ")
    assert report["data"]["used"] == 0
    assert nginx.log() == []


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"data_source_type": "crystal-ball"}, "config.data_source_type"),
        ({"data_source_type": "pool", "data_config": {"rows": [], "unique": True}}, "config.data_config.rows"),
    ],
)
def test_what_is_wrong_shows_before_anything_is_kept_of_the_run(
    service: Service, nginx: Nginx, data: dict[str, Any], path: str
) -> None:
    plan = plan_of(service, nginx.url, STEPS, **data)
    refused = service.post(f"/api/performance/plans/{plan}/start/")
    assert (refused.status, [problem["path"] for problem in refused.body["details"]]) == (422, [path])
    assert service.get(f"/api/performance/executions/?plan_id={plan}").body["total"] == 0


def test_a_service_that_stops_does_not_wait_for_a_source_that_says_nothing(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        plan = plan_of(service, host, STEPS, data_source_type="api", data_config={"url": "/users", "timeout": 60})
        answers: list[int] = []
        start = threading.Thread(
            target=lambda: answers.append(service.post(f"/api/performance/plans/{plan}/start/").status)
        )
        start.start()
        connection, _ = silent.accept()
        with connection:
            assert service.end(signal.SIGTERM) == 0
        start.join()
    service.start()
    report = report_of(service, plan)
    assert (report["status"], report["reason"]["code"]) == ("stopped", "server_stopped")


def test_fewer_rows_than_users_are_a_problem_of_the_preview_and_refuse_a_start(service: Service, nginx: Nginx) -> None:
    config = {"concurrent_users": 7, "hold_time": 2, **pool(scope="vu", unique=True)}
    plan = plan_of(service, nginx.url, STEPS, **config)
    shown = service.post(
        "/api/performance/plans/preview/",
        {"project_id": 1, "config": {**config, "target_url": nginx.url}},
    ).body
    assert [problem["path"] for problem in shown["problems"]] == ["config.data_config"]
    refused = service.post(f"/api/performance/plans/{plan}/start/")
    assert (refused.status, [problem["path"] for problem in refused.body["details"]]) == (422, ["config.data_config"])
