"""A full disk: said with its cause, no run ends of it, and what waited is written as soon as there is room."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.plans import STEPS
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import Answer
from tests.support.service import Service
from tests.support.small_disk import SmallDisk
from tests.support.small_disk import small_disk

MEGABYTES = 16
LIMIT_S = 60
STEP = {**STEPS[0], "think_time": {"type": "constant", "value": 0.05}}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", MEGABYTES) as mounted:
        yield mounted


@pytest.fixture
def service(disk: SmallDisk) -> Iterator[Service]:
    with Service(disk.folder / "data") as started:
        yield started


def large_scene(service: Service, project: int, number: int) -> Answer:
    steps = [{"name": "s", "request": {"method": "POST", "url": "/", "body": "x" * 500_000}}]
    return service.post("/api/scenes/", {"project_id": project, "name": f"large {number}", "steps": steps})


def awaited(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """The first answer that is wanted."""
    deadline = time.monotonic() + LIMIT_S
    while not wanted(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
    return answer


def fill_up(service: Service, disk: SmallDisk, plan: int) -> Answer:
    """Take all room; the answer of the first write that found none."""
    project = service.get(f"/api/performance/plans/{plan}/").body["project_id"]
    disk.fill()
    scenes = (large_scene(service, project, number) for number in range(100))
    return next(answer for answer in scenes if answer.status != 201)


def stored_requests(service: Service, execution: str) -> int:
    return int(service.get(f"/api/performance/executions/{execution}/figures/").body["summary"]["requests"])


def test_a_run_goes_on_and_loses_nothing(service: Service, disk: SmallDisk, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, [STEP], hold_time=3_600)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(2)

    refused = fill_up(service, disk, plan)
    assert refused.status == 507
    assert refused.body["error"] == "数据库所在磁盘空间已满，请清理后重试"
    health = service.get("/healthz")
    assert (health.status, health.body["status"]) == (200, "degraded")
    assert "磁盘空间已满" in health.body["incidents"][-1]["message"]
    viewer.await_seconds(5)

    disk.clear()
    awaited(lambda: service.get("/healthz").body["status"], lambda status: status == "ok")
    viewer.await_seconds(2)
    assert service.post(f"/api/performance/plans/{plan}/stop/").status == 200
    assert viewer.of_type("end")
    report = report_of(service, plan)
    assert (report["status"], report["gaps"], report["summary"]["error_count"]) == ("stopped", [], 0)
    assert stored_requests(service, started["execution_id"]) == report["summary"]["total_requests"]
    assert len(nginx.log_of(report["summary"]["total_requests"])) == report["summary"]["total_requests"]


def test_a_run_that_ends_without_room_is_stored_once_there_is_some(
    service: Service, disk: SmallDisk, nginx: Nginx
) -> None:
    plan = plan_of(service, nginx.url, [STEP], hold_time=3_600)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(2)
    assert fill_up(service, disk, plan).status == 507
    viewer.await_seconds(3)
    assert service.post(f"/api/performance/plans/{plan}/stop/").status == 200
    assert viewer.of_type("end")
    path = f"/api/performance/reports/?plan_id={plan}"
    assert service.get(path).body["total"] == 0
    disk.clear()
    awaited(lambda: service.get(path).body["total"], lambda total: total == 1)
    report = report_of(service, plan)
    assert (report["status"], report["gaps"]) == ("stopped", [])
    total = report["summary"]["total_requests"]
    assert awaited(lambda: stored_requests(service, started["execution_id"]), lambda stored: stored == total)
