"""A stranger's package, ``examples/perfsvc-redis``: built, put into a fresh environment, tested, listed and run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import Environment
from tests.support.outcomes import assert_passed
from tests.support.redis import EXAMPLE
from tests.support.redis import RedisServer
from tests.support.service import Service

PUBLIC = {"perfsvc.plugin", "perfsvc.plugin.net", "perfsvc.plugin.testing"}
USERS = 100
ITERATIONS = 500
PLAN = yaml.safe_load((EXAMPLE / "plan.yaml").read_text("utf-8"))
CALLS = {"set": 1, "get": 1, "hset": 1, "hget": 1, "incr": 1}
"""Commands of one iteration."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    ready = Environment(tmp_path_factory.mktemp("environment"))
    ready.install(EXAMPLE, tmp_path_factory.mktemp("scratch"))
    return ready


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def service(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("service") / "data", environment.perfsvc) as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """Empty but for the users."""
    server.ask("FLUSHALL")
    users = [json.dumps({"user": f"u{number}", "name": f"User {number}"}) for number in range(USERS)]
    server.ask("RPUSH", "users", *users)
    server.ask("CONFIG", "RESETSTAT")
    return server


def moved(redis: RedisServer) -> dict[str, Any]:
    """The plan of the example, to this server."""
    text = (EXAMPLE / "plan.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text.replace("redis://127.0.0.1:6379", redis.url))
    return document


def counted(redis: RedisServer) -> dict[str, int]:
    return {command: redis.calls(command) for command in CALLS}


def test_it_uses_nothing_but_what_is_public() -> None:
    texts = [path.read_text("utf-8") for path in EXAMPLE.rglob("*.py")]
    used = {name for text in texts for name in re.findall(r"(?:from|import) (perfsvc[\w.]*)", text)}
    assert {name for name in used if not name.startswith("perfsvc_redis")} == PUBLIC


def test_its_own_tests_pass(environment: Environment, tmp_path: Path) -> None:
    done = environment.test(EXAMPLE)
    assert done.returncode == 0, done.stdout


def test_a_run_at_the_terminal(environment: Environment, redis: RedisServer, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(moved(redis)), "utf-8")
    words = ["plan.yaml", "-u", "20", "--iterations", str(ITERATIONS), "-d", "60", "--quiet", "--json", "report.json"]
    done = environment.run("run", *words, cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert_passed(done.returncode, report)
    assert [(step["name"], step["requests"]) for step in report["steps"]] == [
        ("remember", ITERATIONS), ("look", ITERATIONS), ("at once", ITERATIONS),
    ]  # fmt: skip
    assert (report["summary"]["error_count"], report["summary"]["checks_failed"]) == (0, 0)
    assert counted(redis) == {command: calls * ITERATIONS for command, calls in CALLS.items()}
    assert redis.ask("GET", "visits") == str(ITERATIONS)
    keys = {f"{kind}:u{number}" for kind in ("cart", "user") for number in range(USERS)}
    assert set(redis.ask("KEYS", "*")) == {*keys, "users", "visits"}


def test_errors_are_counted_by_their_class(environment: Environment, redis: RedisServer, tmp_path: Path) -> None:
    plan = moved(redis)
    plan["scenes"][0]["steps"] = [
        {"name": "wrong", "protocol": "redis", "request": {"command": "GET users"}},
        {"name": "miss", "protocol": "redis", "request": {"command": "GET nobody"}},
    ]
    plan["config"]["execution_config"] = {"max_iterations": 50}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan), "utf-8")
    done = environment.run("run", "plan.yaml", "--quiet", "--json", "report.json", cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert_passed(done.returncode, report)
    assert report["metrics"]["errors"] == {"labels": ["Redis Error: WRONGTYPE"], "values": [50]}
    counters = {step["name"]: step["counters"] for step in report["steps"]}
    assert counters["miss"] == {"redis_commands": 50, "redis_misses": 50}
    assert redis.calls("get") == 100


def test_a_service_has_it(service: Service) -> None:
    listed = service.get("/api/plugins/?page_size=100").body["results"]
    ours = {plugin["name"]: plugin for plugin in listed if plugin["distribution"] == "perfsvc-redis"}
    assert {name: (plugin["kind"], plugin["title"], plugin["status"]) for name, plugin in ours.items()} == {
        "redis": ("protocol", {"zh": "Redis", "en": "Redis"}, "loaded"),
        "redis_list": ("data_source", {"zh": "Redis 列表", "en": "Redis list"}, "loaded"),
    }
    command = ours["redis"]["request_schema"]["properties"]["command"]
    assert (command["title"], command["x-title-zh"]) == ("Command", "命令")


@pytest.mark.parametrize(("mode", "nodes"), [("single", 1), ("central", 2)])
def test_a_service_runs_it(service: Service, redis: RedisServer, mode: str, nodes: int) -> None:
    report = run_through(service, redis, {"control_mode": mode, "node_count": nodes})
    assert (report["summary"]["total_requests"], report["summary"]["error_count"]) == (3 * ITERATIONS, 0)
    assert (len(report["nodes"]), report["data"]["source"], report["data"]["used"]) == (nodes, "redis_list", ITERATIONS)
    assert counted(redis) == {command: calls * ITERATIONS for command, calls in CALLS.items()}


def run_through(service: Service, redis: RedisServer, how: dict[str, Any]) -> dict[str, Any]:
    """Run the plan of the example over REST to its end. Return the report."""
    plan = moved(redis)
    project = service.post("/api/projects/", {"name": how["control_mode"]}).body["id"]
    env = service.post("/api/envs/", {"name": "test", "project_id": project, "host": plan["env"]["host"]}).body["id"]
    scene = service.post("/api/scenes/", plan["scenes"][0] | {"project_id": project}).body["id"]
    execution = {"max_iterations": ITERATIONS}
    config = plan["config"] | how | {"env_id": env, "hold_time": 60, "execution_config": execution}
    body = {"name": plan["name"], "project_id": project, "scenes": [{"scene_id": scene, "weight": 1}], "config": config}
    made = service.post("/api/performance/plans/", body)
    assert made.status == 201, made.body
    started = service.post(f"/api/performance/plans/{made.body['id']}/start/").body
    last = list(service.watch(started["websocket_url"]))[-1]
    assert last["type"] == "end", last
    page = service.get(f"/api/performance/reports/?plan_id={made.body['id']}").body
    report: dict[str, Any] = service.get(f"/api/performance/reports/{page['results'][0]['id']}/").body
    return report
