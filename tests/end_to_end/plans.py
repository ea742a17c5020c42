"""Plans of the end-to-end tests, and who watches and reads what becomes of them."""

from __future__ import annotations

import threading
import time
from typing import Any

from tests.support.service import Service

STEPS = [
    {
        "name": "login",
        "request": {"method": "GET", "url": "/json"},
        "extract": [{"name": "where", "from": "json", "path": "$.uri"}],
        "checks": [{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}],
    },
    {"name": "missing", "request": {"method": "GET", "url": "/files/none.txt?from={{where}}"}},
]


def plan_of(service: Service, host: str, steps: list[dict[str, Any]] | None = None, **config: Any) -> int:
    """Create a project with an environment, a scene and a plan. Return the plan's id."""
    project = service.post("/api/projects/", {"name": "shop"}).body["id"]
    env = service.post("/api/envs/", {"project_id": project, "name": "test", "host": host}).body["id"]
    scene = service.post("/api/scenes/", {"project_id": project, "name": "buy", "steps": steps or STEPS})
    assert scene.status == 201, scene
    plan = {
        "name": "登录接口压测",
        "project_id": project,
        "scenes": [{"scene_id": scene.body["id"], "weight": 1}],
        "config": {"env_id": env, "concurrent_users": 4, "ramp_up_time": 0, "hold_time": 4, **config},
    }
    made = service.post("/api/performance/plans/", plan)
    assert made.status == 201, made
    assert made.body["status"] == "created"
    return int(made.body["id"])


class Viewer(threading.Thread):
    """Follows a live feed in the background; ``frames`` holds (arrival, frame)."""

    def __init__(self, service: Service, address: str) -> None:
        super().__init__()
        self._service, self._address = service, address
        self.frames: list[tuple[float, dict[str, Any]]] = []
        self._arrived = threading.Condition()
        self.start()

    def run(self) -> None:
        for frame in self._service.watch(self._address):
            with self._arrived:
                self.frames.append((time.time(), frame))
                self._arrived.notify_all()

    def await_seconds(self, count: int) -> None:
        """Wait until the run has reported so many seconds more."""
        with self._arrived:
            due = self._seconds() + count
            assert self._arrived.wait_for(lambda: self._seconds() >= due, timeout=90)

    def seconds_between(self, first: int, last: int) -> list[dict[str, Any]]:
        """Wait for the second ``last`` (Unix time); the data of every second from ``first`` to it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(second >= last for second, _ in self._measured()), timeout=90)
            return [data for second, data in self._measured() if first <= second <= last]

    def _measured(self) -> list[tuple[int, dict[str, Any]]]:
        return [(frame["timestamp"], frame["data"]) for _, frame in self.frames if frame["type"] == "metrics"]

    def _seconds(self) -> int:
        return sum(frame["type"] == "metrics" for _, frame in self.frames)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        self.join(90)
        assert not self.is_alive()
        return [frame for _, frame in self.frames if frame["type"] == kind]


def until_stored(service: Service, execution: str, seconds: int) -> dict[str, Any]:
    """Wait until so many seconds of a run are stored; return the figures of them all."""
    limit = time.monotonic() + 90
    path = f"/api/performance/executions/{execution}/figures/"
    while (found := service.get(path).body)["to"] - found["from"] < seconds:
        assert time.monotonic() < limit
        time.sleep(0.2)
    return dict(found)


def report_of(service: Service, plan: int) -> dict[str, Any]:
    listed = service.get(f"/api/performance/reports/?plan_id={plan}").body
    assert listed["total"] == 1
    return dict(service.get(f"/api/performance/reports/{listed['results'][0]['id']}/").body)
