"""Load changed while a run goes on, and the open model, through the whole service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import copy

import pytest

from tests.end_to_end.plans import STEPS
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import PASSWORD
from tests.support.service import Service


def test_a_rate_changed_by_hand(service: Service, nginx: Nginx) -> None:
    execution = {"arrival_rate": 20, "max_vus": 50}
    plan = plan_of(service, nginx.url, STEPS[:1], hold_time=60, execution_config=execution)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    load = f"/api/performance/executions/{started['execution_id']}/load/"
    viewer.await_seconds(2)
    assert service.post(load, {"vus": 5}).status == 422
    assert service.post(load, {"vus": 5, "arrival_rate": 5}).status == 422
    assert service.post(load, {"arrival_rate": -1}).status == 422
    changed = service.post(load, {"arrival_rate": 100})
    assert (changed.status, changed.body["status"]) == (200, "running")
    viewer.await_seconds(2)
    service.post(f"/api/performance/plans/{plan}/stop/")
    assert service.post(load, {"arrival_rate": 7}).status == 409
    report = report_of(service, plan)
    events = [frame["data"] for frame in viewer.of_type("event")]
    changes = [event for event in events if event["event"] == "load"]
    assert [(event["level"], event["by"]) for event in changes] == [(100, "admin")]
    assert [event["by"] for event in events if event["event"] == "stop"] == ["admin"]
    assert report["events"] == events
    changed_at = changes[0]["elapsed"]
    summary = report["summary"]
    due = 20 * changed_at + 100 * (summary["running_time"] - changed_at)
    done = summary["total_requests"] + summary["dropped"] + summary["cut_off"]
    assert done == pytest.approx(due, abs=130)  # a second's worth: when, to the second
    assert report["latency_from_plan"]["percentiles"]["p50"] > 0
    assert len(nginx.log_of(report["summary"]["total_requests"])) == report["summary"]["total_requests"]


def as_user(service: Service, name: str, plan: int) -> Service:
    """The service as a second person, who edits the project of a plan, sees it."""
    service.post("/api/users/register/", {"username": name, "email": f"{name}@example.org", "password": PASSWORD})
    project = service.get(f"/api/performance/plans/{plan}/").body["project_id"]
    assert service.post(f"/api/projects/{project}/members/", {"username": name, "role": "editor"}).status == 201
    theirs = copy(service)
    theirs.token = service.post("/api/users/login/", {"username": name, "password": PASSWORD}).body["token"]
    return theirs


def test_two_people_change_the_load_at_once(service: Service, nginx: Nginx) -> None:
    steps = [{**STEPS[0], "think_time": {"type": "constant", "value": 0.1}}]
    execution = {"thresholds": ["rps < 0.001", "p95 < 60000"]}
    plan = plan_of(service, nginx.url, steps, hold_time=60, execution_config=execution)
    people = {name: as_user(service, name, plan) for name in ("kim", "lee")}
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(2)
    levels = {"kim": range(3, 8), "lee": range(13, 18)}

    def change(name: str) -> list[int]:
        load = f"/api/performance/executions/{started['execution_id']}/load/"
        return [people[name].post(load, {"vus": users}).status for users in levels[name]]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(change, people)) == [[200] * 5, [200] * 5]
    (listed,) = service.get(f"/api/performance/executions/?plan_id={plan}").body["results"]
    assert (listed["status"], listed["verdict"], listed["breached"]) == ("running", None, ["rps"])
    viewer.await_seconds(3)
    service.post(f"/api/performance/plans/{plan}/stop/")
    events = [frame["data"] for frame in viewer.of_type("event")]
    changes = [event for event in events if event["event"] == "load"]
    for name in people:
        assert [event["level"] for event in changes if event["by"] == name] == [*levels[name]]
    assert len(changes) == 10
    assert changes[-1]["level"] in [frame["data"]["active_users"] for frame in viewer.of_type("metrics")]
    assert report_of(service, plan)["events"] == events


def test_users_changed_by_hand_in_a_pause(service: Service, nginx: Nginx) -> None:
    steps = [{**STEPS[0], "think_time": {"type": "constant", "value": 0.1}}]
    plan = plan_of(service, nginx.url, steps, concurrent_users=2, hold_time=60)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(1)
    assert service.post(f"/api/performance/plans/{plan}/pause/").status == 200
    assert service.post(f"/api/performance/executions/{started['execution_id']}/load/", {"vus": 7}).status == 200
    service.post(f"/api/performance/plans/{plan}/resume/")
    viewer.await_seconds(3)
    service.post(f"/api/performance/plans/{plan}/stop/")
    users = [frame["data"]["active_users"] for frame in viewer.of_type("metrics")]
    assert 7 in users


def test_a_staircase_tells_its_steps(service: Service, nginx: Nginx) -> None:
    steps = [{**STEPS[0], "think_time": {"type": "constant", "value": 0.05}}]
    modes = {"test_mode": "step", "step_users": 2, "step_time": 2, "concurrent_users": 4}
    plan = plan_of(service, nginx.url, steps, **modes)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    assert Viewer(service, started["websocket_url"]).of_type("end")
    search = report_of(service, plan)["search"]
    assert search["variable"] == "vus"
    assert [row["level"] for row in search["evidence"]] == [2, 4]
