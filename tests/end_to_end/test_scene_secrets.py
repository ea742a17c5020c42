"""A password of a step: sealed in the database, masked in the API, kept by its mask, sent by trials and runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import Service

PASSWORD = "p4ssword-of-li"
SENT = "Basic bGk6cDRzc3dvcmQtb2YtbGk="
AUTH = {"type": "basic", "username": "li", "password": PASSWORD}
STEP = {
    "name": "login",
    "request": {"url": "/headers", "auth": AUTH},
    "checks": [{"type": "contains", "text": SENT}],
    "think_time": {"type": "constant", "value": 0.05},
}


def test_a_password_of_a_step(service: Service, nginx: Nginx, tmp_path: Path) -> None:
    plan = plan_of(service, nginx.url, [STEP], concurrent_users=1, hold_time=2)
    stored = service.get(f"/api/performance/plans/{plan}/").body
    path = f"/api/scenes/{stored['scenes'][0]['scene_id']}/"
    shown = service.get(path).body
    assert shown["steps"][0]["request"]["auth"] == {**AUTH, "password": "******"}

    more = {"name": "more", "request": {"url": "/"}}
    assert service.put(path, {"steps": [*shown["steps"], more]}).status == 200
    elsewhere = [{"name": "login", "request": {**shown["steps"][0]["request"], "url": "http://elsewhere/"}}]
    refused = service.put(path, {"steps": elsewhere})
    assert (refused.status, refused.body["details"][0]["path"]) == (422, "steps[0].request.auth.password")

    scene = {"name": shown["name"], "steps": shown["steps"]}
    trial = {"project_id": stored["project_id"], "scene": scene, "target_url": nginx.url}
    assert service.post("/api/scenes/try/", trial).body["outcome"] == "passed"

    started = service.post(f"/api/performance/plans/{plan}/start/").body
    assert Viewer(service, started["websocket_url"]).of_type("end")
    report = report_of(service, plan)
    assert report["summary"]["error_count"] == 0
    assert report["summary"]["total_requests"] > 2
    execution = service.get(f"/api/performance/executions/{started['execution_id']}/").body
    assert PASSWORD not in json.dumps([report, execution, shown])
    for file in service.data_dir.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file
