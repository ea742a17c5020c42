"""Record the examples of the API's description: ``.ci/examples.py`` calls every operation of a started service once.

The result is ``perfsvc/web/examples.json``. It is needed when an operation is new or its body or response has changed;
the contract tests say so. The runs go to the service's own demo target, for seconds, and are repeated until one is
VALID, so that two recordings differ in times, ids and figures only. Keys that came and went are printed.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.service import PASSWORD  # noqa: E402
from tests.support.service import Service  # noqa: E402

ORDERS = """syntax = "proto3"; package shop.v1; message Order { string item = 1; int32 count = 2; } \
service Orders { rpc Create(Order) returns (Order); }"""
EXAMPLES = ROOT / "perfsvc" / "web" / "examples.json"
LONGEST = 3
"""Entries of a list."""
MOST_ROWS = 12
"""Lines of a text."""
SECRETS = re.compile(r"(?<=\")(eyJ[\w.-]+|perfsvc_[\w-]{30,})(?=\")")
OF_SCHEMAS = ("getSchemas", "getSchema", "getPlugins", "getOpenApi")
"""Their responses are schemas: of each object two entries will do."""
LIMIT_S = 30
MOST_RUNS = 10
"""Until one is VALID: a busy machine disturbs them."""

LOGIN = {
    "name": "login",
    "request": {"method": "POST", "url": "/login/", "json": {"username": "{{user}}", "password": "demo"}},
    "extract": [{"name": "token", "from": "json", "path": "$.token"}],
    "checks": [{"type": "status", "equals": 200}],
}
STEPS = [
    {
        "name": "list",
        "request": {"url": "/items/?page={{$randomInt(1,9)}}", "auth": {"type": "bearer", "token": "{{token}}"}},
        "checks": [{"type": "json", "path": "$.items[0].id", "exists": True}],
        "think_time": {"type": "uniform", "min": 0.01, "max": 0.05},
    },
    {
        "name": "order",
        "request": {"url": "/errors/?rate=10"},
        "checks": [{"type": "status", "equals": 200}],
    },
]
CONFIG = {
    "concurrent_users": 5,
    "ramp_up_time": 1,
    "hold_time": 60,
    "execution_config": {"thresholds": ["p95 < 300", "error_rate < 50"]},
}
CSV = "user,city\nalice,Berlin\nbob,Chengdu\n"


class Recorder:
    """Calls operations and keeps what went there and back."""

    def __init__(self, service: Service) -> None:
        self.service = service
        paths = service.get("/api/openapi.json").body["paths"]
        self._names = {
            (method.upper(), path): operation["operationId"]
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        self.examples: dict[str, dict[str, Any]] = {}

    def call(self, method: str, path: str, body: Any = None, *, query: str = "", **ids: Any) -> Any:
        """Call an operation; the first call of each is its example."""
        name = self._names[method, path]
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.service.url}{path.format(**ids)}{query}", data, method=method)  # noqa: S310
        kind = "application/octet-stream" if isinstance(body, str) else "application/json"
        for header, value in {
            "Content-Type": kind,
            "Accept-Language": "en",
            "Authorization": f"Bearer {self.service.token}",
        }.items():
            request.add_header(header, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                text = response.read().decode()
                json_like = response.headers["Content-Type"].startswith("application/json")
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{method} {path}: {refused.read().decode()}") from None
        found = json.loads(text) if json_like else text
        recorded = {"request": body, "response": found}
        self.examples.setdefault(name, {part: value for part, value in recorded.items() if value is not None})
        return found

    def written(self) -> str:
        """All examples as JSON, shortened, without this machine in them."""
        short = {
            name: {
                part: shortened(value, entries=2 if name in OF_SCHEMAS else None) for part, value in recorded.items()
            }
            for name, recorded in sorted(self.examples.items())
        }
        text = json.dumps(short, ensure_ascii=False, indent=1)
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text).replace(socket.gethostname(), "load-1")
        return SECRETS.sub(lambda found: f"{found[0][:12]}…", text) + "\n"


def shortened(value: Any, *, entries: int | None) -> Any:
    """A value with the beginnings of long lists and texts only; ``entries``: the most of each object in an object."""
    if isinstance(value, list):
        return [shortened(part, entries=entries) for part in value[:LONGEST]]
    if isinstance(value, dict):
        kept = [(name, part) for name, part in value.items() if not name.startswith("$defs")]
        schemas = entries is not None and all(isinstance(part, dict) for _, part in kept)
        return {name: shortened(part, entries=entries) for name, part in (kept[:entries] if schemas else kept)}
    if isinstance(value, str) and value.count("\n") > MOST_ROWS:
        return "\n".join([*value.splitlines()[:MOST_ROWS], "…"])
    return value


def people(call: Callable[..., Any]) -> None:
    """Users, and the caller's own session."""
    person = {"username": "alice", "email": "alice@example.com", "password": "a long password"}
    alice = call("POST", "/api/users/register/", person)["id"]
    logged_in = call("POST", "/api/users/login/", {"username": "alice", "password": "a long password"})
    call("POST", "/api/users/token/verify/", {"token": logged_in["token"]})
    call("POST", "/api/users/token/refresh/", {"refresh_token": logged_in["refresh_token"]})
    call("GET", "/api/users/me/")
    call("PUT", "/api/users/me/", {"email": "admin@example.com"})
    token = call("POST", "/api/users/me/tokens/", {"name": "nightly", "scope": "run", "expires_in_days": 90})["id"]
    call("GET", "/api/users/me/tokens/")
    call("DELETE", "/api/users/me/tokens/{token_id}/", token_id=token)
    call("GET", "/api/users/")
    call("POST", "/api/users/", {"username": "bob", "email": "bob@example.com", "password": "a long password"})
    call("GET", "/api/users/{user_id}/", user_id=alice)
    call("PUT", "/api/users/{user_id}/", {"is_active": 0}, user_id=alice)


def project_of(call: Callable[..., Any]) -> int:
    """A project with a member."""
    project: int = call("POST", "/api/projects/", {"name": "shop"})["id"]
    call("GET", "/api/projects/")
    call("GET", "/api/projects/{project_id}/", project_id=project)
    call("PUT", "/api/projects/{project_id}/", {"name": "web shop"}, project_id=project)
    member = {"username": "alice", "role": "viewer"}
    user = call("POST", "/api/projects/{project_id}/members/", member, project_id=project)["user_id"]
    path = "/api/projects/{project_id}/members/{user_id}/"
    call("PUT", path, {"role": "editor"}, project_id=project, user_id=user)
    call("GET", "/api/projects/{project_id}/members/", project_id=project)
    call("DELETE", path, project_id=project, user_id=user)
    return project


def things_of(call: Callable[..., Any], project: int, host: str) -> tuple[int, int]:
    """Environment, scene and preset; return the environment and the scene."""
    of_project = f"?project_id={project}"
    env = {"project_id": project, "name": "staging", "host": f"{host}/demo", "variables": {"user": "alice"}}
    env_id = call("POST", "/api/envs/", env)["id"]
    call("GET", "/api/envs/", query=of_project)
    call("GET", "/api/envs/{env_id}/", env_id=env_id)
    call("PUT", "/api/envs/{env_id}/", {"headers": {"X-Shop": "1"}}, env_id=env_id)
    scene = {"project_id": project, "name": "buy", "on_start": [LOGIN], "steps": STEPS}
    scene_id = call("POST", "/api/scenes/", scene)["id"]
    call("GET", "/api/scenes/", query=of_project)
    call("GET", "/api/scenes/{scene_id}/", scene_id=scene_id)
    call("PUT", "/api/scenes/{scene_id}/", {"description": "the usual customer"}, scene_id=scene_id)
    call("POST", "/api/scenes/try/", {"project_id": project, "scene_id": scene_id, "env_id": env_id, "seed": 4})
    protos = {"grpc": {"protos": {"orders.proto": ORDERS}}}
    call("POST", "/api/scenes/operations/", {"project_id": project, "protocol": "grpc", "protocol_options": protos})
    preset = {"project_id": project, "name": "usual", "config_type": "concurrent", "config_data": CONFIG}
    preset_id = call("POST", "/api/performance/presets/", preset)["id"]
    call("GET", "/api/performance/presets/", query=of_project)
    call("GET", "/api/performance/presets/{preset_id}/", preset_id=preset_id)
    call("PUT", "/api/performance/presets/{preset_id}/", {"description": "five users"}, preset_id=preset_id)
    call("DELETE", "/api/performance/presets/{preset_id}/", preset_id=preset_id)
    return env_id, scene_id


def plan_of(call: Callable[..., Any], project: int, env: int, scene: int) -> int:
    """A plan, looked at in every way."""
    config = {**CONFIG, "env_id": env}
    body = {"name": "evening peak", "project_id": project, "scenes": [{"scene_id": scene}], "config": config}
    call("POST", "/api/performance/plans/preview/", body)
    plan: int = call("POST", "/api/performance/plans/", body)["id"]
    call("GET", "/api/performance/plans/", query=f"?project_id={project}")
    call("GET", "/api/performance/plans/{plan_id}/", plan_id=plan)
    call("PUT", "/api/performance/plans/{plan_id}/", {"config": {"hold_time": 120}}, plan_id=plan)
    file = call("GET", "/api/projects/{project_id}/file/", project_id=project)
    call("POST", "/api/projects/{project_id}/file/", {"text": file, "dry_run": True}, project_id=project)
    return plan


def file_of(call: Callable[..., Any], project: int, plan: int) -> None:
    """A data file while a plan uses it."""
    of_project = f"?project_id={project}"
    file = call("POST", "/api/datafiles/", CSV, query=f"{of_project}&name=users.csv")["id"]
    source = {"data_source_type": "csv", "data_config": {"datafile_id": file}}
    call("PUT", "/api/performance/plans/{plan_id}/", {"config": source}, plan_id=plan)
    call("GET", "/api/datafiles/", query=of_project)
    call("GET", "/api/datafiles/{datafile_id}/", datafile_id=file)
    call("GET", "/api/datafiles/{datafile_id}/preview/", datafile_id=file)
    call("PUT", "/api/datafiles/{datafile_id}/", CSV, datafile_id=file)
    call("POST", "/api/performance/data-preview/", {"project_id": project, **source})
    none = {"data_source_type": "none", "data_config": {}}
    call("PUT", "/api/performance/plans/{plan_id}/", {"config": none}, plan_id=plan)
    call("DELETE", "/api/datafiles/{datafile_id}/", datafile_id=file)


def run_of(call: Callable[..., Any], plan: int) -> str:
    """A run of some seconds, looked at while it goes on."""
    started = call("POST", "/api/performance/plans/{plan_id}/start/", {"variables": {"user": "bob"}}, plan_id=plan)
    run: str = started["execution_id"]
    until = time.monotonic() + LIMIT_S
    while call("GET", "/api/performance/executions/{execution_id}/errors/", execution_id=run)["total"] == 0:
        if time.monotonic() > until:
            raise SystemExit("the run has no errors to show")
        time.sleep(0.5)
    call.__self__.examples.pop("getErrors")  # type: ignore[attr-defined]
    call("GET", "/api/performance/executions/{execution_id}/errors/", execution_id=run)
    call("POST", "/api/performance/executions/{execution_id}/load/", {"vus": 8}, execution_id=run)
    time.sleep(2)
    call("GET", "/api/performance/metrics/{execution_id}/", execution_id=run)
    call("POST", "/api/performance/plans/{plan_id}/pause/", plan_id=plan)
    call("POST", "/api/performance/plans/{plan_id}/resume/", plan_id=plan)
    call("POST", "/api/performance/plans/{plan_id}/stop/", plan_id=plan)
    return run


def valid_run_of(recorder: Recorder, plan: int) -> str:
    """A run that nothing disturbed."""
    before = dict(recorder.examples)
    for _ in range(MOST_RUNS):
        recorder.examples = dict(before)
        run = run_of(recorder.call, plan)
        report = recorder.service.get(f"/api/performance/executions/{run}/").body["report_id"]
        found = recorder.service.get(f"/api/performance/reports/{report}/").body
        disturbed = any(event["event"] == "validity" for event in found["events"])
        if found["validity"]["state"] == "VALID" and not disturbed:
            return run
    raise SystemExit("the machine is too busy: no run was VALID")


def results_of(call: Callable[..., Any], plan: int, run: str) -> None:
    """All that is read of a run."""
    call("GET", "/api/performance/executions/", query=f"?plan_id={plan}&spark=1&page_size=1")
    call("GET", "/api/performance/executions/{execution_id}/", execution_id=run)
    for part in ("figures", "distribution", "heatmap", "series"):
        call("GET", f"/api/performance/executions/{{execution_id}}/{part}/", execution_id=run)
    begun = datetime.fromisoformat(
        call("GET", "/api/performance/executions/{execution_id}/", execution_id=run)["start_time"]
    )
    pins = "/api/performance/executions/{execution_id}/pins/"
    pinned = {"from": round(begun.timestamp()) + 1, "text": "load raised"}
    pin = call("POST", pins, pinned, execution_id=run)["id"]
    call("PUT", f"{pins}{{pin_id}}/", {"to": pinned["from"] + 1}, execution_id=run, pin_id=pin)
    call("GET", pins, execution_id=run)
    call("DELETE", f"{pins}{{pin_id}}/", execution_id=run, pin_id=pin)
    reports = call("GET", "/api/performance/reports/", query=f"?plan_id={plan}&page_size=1")
    report = reports["results"][0]["id"]
    call("GET", "/api/performance/reports/{report_id}/", report_id=report)
    call("DELETE", "/api/performance/reports/{report_id}/", report_id=report)


def service_of(call: Callable[..., Any]) -> None:
    """What the service says of itself."""
    for path in ("about/", "plugins/", "schemas/", "vocabulary/", "nodes/", "openapi.json"):
        call("GET", f"/api/{path}")
    call("GET", "/api/schemas/{name}/", name="condition")
    call("POST", "/api/vocabulary/check/", {"expressions": ["$randomInt(9, 1)", "user"]})
    node = call("GET", "/api/nodes/")["results"][0]["name"]
    found = call("GET", "/api/nodes/{name}/", name=node)
    examples = call.__self__.examples  # type: ignore[attr-defined]
    # Only agents can be drained, and this service has none.
    agent = {**found, "name": "agent-1", "kind": "agent", "host": "load-2"}
    examples["postDrain"] = {"response": {**agent, "state": "draining"}}
    examples["deleteDrain"] = {"response": agent}
    call("GET", "/healthz")
    call("GET", "/metrics")


def end(call: Callable[..., Any], project: int, env: int, scene: int, plan: int) -> None:
    """What ends something."""
    call("POST", "/api/projects/demo/", {"language": "en"})
    call("DELETE", "/api/performance/plans/{plan_id}/", plan_id=plan)
    call("DELETE", "/api/scenes/{scene_id}/", scene_id=scene)
    call("DELETE", "/api/envs/{env_id}/", env_id=env)
    call("DELETE", "/api/projects/{project_id}/", project_id=project)
    changed = {"old_password": PASSWORD, "new_password": "another password"}
    call.__self__.service.token = call("PUT", "/api/users/me/password/", changed)["token"]  # type: ignore[attr-defined]
    call("POST", "/api/users/logout/")


def frames_of(service: Service, plan: int) -> dict[str, Any]:
    """A frame of each type of a run that is paused as soon as a second has failures, and then stopped."""
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    control = f"/api/performance/plans/{plan}"
    found: dict[str, Any] = {}
    for frame in service.watch(started["websocket_url"]):
        found.setdefault(frame["type"], frame)
        if frame["type"] == "metrics" and "event" not in found:
            found["metrics"] = frame
            if frame["data"]["failures"]:
                service.post(f"{control}/pause/")
        elif frame["type"] == "event" and frame["data"]["event"] == "pause":
            found["event"] = frame
            service.post(f"{control}/stop/")
    return found


def record(service: Service) -> str:
    """Call everything and return the examples."""
    recorder = Recorder(service)
    call = recorder.call
    people(call)
    project = project_of(call)
    env, scene = things_of(call, project, service.url)
    plan = plan_of(call, project, env, scene)
    file_of(call, project, plan)
    recorder.examples["getLive"] = {"frames": frames_of(service, plan)}
    results_of(call, plan, valid_run_of(recorder, plan))
    service_of(call)
    end(call, project, env, scene, plan)
    return recorder.written()


def main() -> None:
    """Write the examples."""
    with tempfile.TemporaryDirectory(prefix="examples-") as folder:
        service = Service(Path(folder) / "data")
        try:
            text = record(service)
        finally:
            service.end()
    before, after = (set(keys_of(json.loads(each))) for each in (EXAMPLES.read_text("utf-8"), text))
    EXAMPLES.write_text(text, "utf-8")
    print(f"{EXAMPLES}: {len(text)} bytes")
    print(*(f"- {key}" for key in sorted(before - after)), *(f"+ {key}" for key in sorted(after - before)), sep="\n")


def keys_of(value: Any, at: str = "") -> Iterator[str]:
    """The paths of all keys; those of entries of a list are the same."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else [("[]", part) for part in value]
        if isinstance(value, list)
        else ()
    )
    for name, part in parts:
        yield f"{at}.{name}"
        yield from keys_of(part, f"{at}.{name}")


if __name__ == "__main__":
    main()
