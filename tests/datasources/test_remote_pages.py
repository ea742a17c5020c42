"""What the pages of the database and of the endpoint show, done with a real service, a real MariaDB and an endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import main
from tests.datasources.test_database import connection  # noqa: F401 - a fixture
from tests.datasources.test_database import execute
from tests.docs.pages import DOCUMENTED_TARGET
from tests.docs.pages import blocks_of
from tests.end_to_end.plans import report_of
from tests.support.json_api import JsonApi
from tests.support.json_api import Request
from tests.support.json_api import Response
from tests.support.outcomes import assert_passed
from tests.support.service import Service
from tests.support.shop import Shop
from tests.support.waiting import wait_until

ACCOUNTS = [("ann", "secret-1"), ("O'Hara", "secret-2"), ("张三", "secret-3")]
TABLE = """
    CREATE TABLE account (id INT, username VARCHAR(50) CHARACTER SET utf8mb4, password VARCHAR(50), active INT)
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path / "data") as running:
        yield running


def shown(page: str) -> list[Any]:
    """The JSON that a page shows."""
    return [json.loads(block.text) for block in blocks_of(page) if block.language == "json"]


def ready(service: Service, host: str, connection: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    """Create the environment, the scene and the plan of the page. Return the plan as it was sent."""
    env, plan = shown("docs/data-sources/database.md")
    assert service.post("/api/projects/", {"name": "shop"}).body["id"] == 1
    env = json.loads(json.dumps(env).replace(DOCUMENTED_TARGET, host))
    env["databases"]["accounts"] |= connection
    made = service.post("/api/envs/", env)
    assert made.body["databases"]["accounts"].keys() >= {"password_set"}
    assert "password" not in made.body["databases"]["accounts"]
    request = {"method": "POST", "url": "/login", "json": {"user": "{{username}}", "password": "{{password}}"}}
    scene = {"project_id": 1, "name": "log in", "steps": [{"name": "login", "request": request}]}
    assert service.post("/api/scenes/", scene).status == 201
    plan["config"]["env_id"] = made.body["id"]
    return dict(plan)


def ran(service: Service, plan_id: int) -> str:
    """Run a plan to its end. Return why it ended."""
    while (started := service.post(f"/api/performance/plans/{plan_id}/start/")).status == 409:
        time.sleep(0.02)  # the run before is over, and not yet forgotten
    assert started.status == 200, started
    assert [frame for frame in service.watch(started.body["websocket_url"]) if frame["type"] == "end"]
    ended = service.get(f"/api/performance/executions/{started.body['execution_id']}/")
    return str(ended.body["reason"]["code"])


def test_database(service: Service, connection: dict[str, Any]) -> None:  # noqa: F811
    rows = ", ".join(f"({number}, {name!r}, {word!r}, 1)" for number, (name, word) in enumerate(ACCOUNTS))
    execute(connection, TABLE, f"INSERT INTO account VALUES {rows}", "INSERT INTO account VALUES (9, 'gone', '', 0)")
    with Shop() as shop:
        plan = ready(service, shop.url, connection)
        plan_id = service.post("/api/performance/plans/", plan).body["id"]
        for run in (1, 2):
            assert ran(service, plan_id) == "data_exhausted"
            sent = [json.loads(request.body) for request in shop.requests]
            assert len(sent) == 3 * run
            execute(connection, "DELETE FROM account")  # the second run has what was kept
    assert sorted(sent[:3], key=str) == sorted(sent[3:], key=str)
    assert {(body["user"], body["password"]) for body in sent} == set(ACCOUNTS)


def test_a_database_that_fails_ends_the_run_before_any_request(
    service: Service,
    connection: dict[str, Any],  # noqa: F811
) -> None:
    with Shop() as shop:
        plan_id = service.post("/api/performance/plans/", ready(service, shop.url, connection)).body["id"]
        refused = service.post(f"/api/performance/plans/{plan_id}/start/")
        # A start responds after half a second at most; what fails later stands in the run's reason alone.
        answered = refused.body.get("error", "") if refused.status == 502 else refused.body["status"]
        assert answered == "starting" or "doesn't exist" in answered
        reports = f"/api/performance/reports/?plan_id={plan_id}"
        wait_until(lambda: service.get(reports).body["total"], "the report", limit_s=90)
        assert "doesn't exist" in report_of(service, plan_id)["reason"]["en"]
        assert shop.requests == []
        log = (service.data_dir.parent / "service.log").read_text("utf-8")
        assert [word for word in (connection["password"], "SELECT username") if word in log] == []


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_preview(service: Service, language: str) -> None:
    body, answer = shown(f"docs/data-sources{language}.md")
    assert service.post("/api/projects/", {"name": "shop"}).body["id"] == 1
    env = service.post("/api/envs/", {"project_id": 1, "name": "test"}).body["id"]
    previewed = service.post("/api/performance/data-preview/", {**body, "env_id": env})
    assert (previewed.status, previewed.body) == (200, answer)


def test_api(tmp_path: Path) -> None:
    def answer(request: Request) -> Response:
        if request.path == "/login":
            return Response({"ok": True})
        assert request.headers["authorization"] == "Bearer the key"
        name, word = ACCOUNTS[int(request.query["page"]) - 1]
        return Response({"total": 3, "items": [{"login": {"name": name, "password": word}}]})

    (plan,) = (block for block in blocks_of("docs/data-sources/api.md") if block.language == "yaml")
    with JsonApi(answer) as api:
        path, report = tmp_path / "plan.yaml", tmp_path / "report.json"
        path.write_text(plan.text.replace(DOCUMENTED_TARGET, api.url), "utf-8")
        code = main(["run", str(path), "--quiet", "--json", str(report)])
        logins = [json.loads(request.body) for request in api.requests if request.path == "/login"]
    found = json.loads(report.read_text("utf-8"))
    assert_passed(code, found)
    assert found["reason"]["code"] == "data_exhausted"
    assert sorted((body["user"], body["password"]) for body in logins) == sorted(ACCOUNTS)
