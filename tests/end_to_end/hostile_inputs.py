"""Inputs that are small to send and large to work on, and how long a real service's loop is silent meanwhile.

The silence is measured by the engine of a run that goes on in the same loop: it ticks every 10 ms.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from typing import NamedTuple

from tests.end_to_end.plans import Viewer
from tests.support.service import Service

KEYS = 16_000
PROTO_BYTES = 700_000
LONG_S = 0.25
"""A reply that takes longer is the only one of its second: many of them at once would saturate the processor."""
NESTED = "((((a{50}){50}){50}){50}){50}"
GENERAL_PATH = "$.items[?(@.price > {number})]..name"
PAGE = {"name": "page", "request": {"method": "GET", "url": "/json"}, "think_time": {"type": "constant", "value": 0.1}}


ENDLESS = "(a|aa)+$"
MANY_A = {"method": "GET", "url": f"/json?{'a' * 60}"}
"""The reply has the address, in which ENDLESS is looked for in vain and for ever."""


class Place(NamedTuple):
    """Where the inputs are sent: what an editor of a project has.

    ``scene`` is one of 500 steps, ``plan`` is of it; ``endless`` is a plan whose patterns backtrack for ever.
    """

    project: int
    scene: int
    plan: int
    endless: int
    target: str


class Hostile(NamedTuple):
    """An input with the statuses that are ordinary replies to it.

    ``lasts`` is whether it starts work that goes on after its reply: the next one is sent a second later.
    """

    name: str
    path: str
    body: Any
    statuses: frozenset[int]
    lasts: bool = False


class Sent(NamedTuple):
    """An input that was sent: when, and the status of its reply. Times are Unix times.

    ``waited_ms`` is how long threads of the service had meanwhile to wait for a core, which other processes had.
    """

    status: int
    began: float
    ended: float
    waited_ms: float


def hostile_inputs(place: Place) -> Iterator[Hostile]:
    """The table."""
    many = {f"key{number}": number for number in range(KEYS)}
    few = {f"key{number}": number for number in range(4_999)}
    yield Hostile("16,000 unknown keys, login", "/api/users/login/", many, frozenset({400}))
    yield Hostile("4,999 unknown keys, login", "/api/users/login/", few, frozenset({422}))
    yield Hostile("lists 10,000 deep, login", "/api/users/login/", "[" * 10_000 + "]" * 10_000, frozenset({400}))
    for name, steps, status in scenes():
        scene = {"name": name, "steps": steps}
        yield Hostile(
            f"{name}, stored",
            "/api/scenes/",
            {"project_id": place.project, **scene},
            frozenset({201 if status == 200 else status}),
        )
        yield trial(place, name, steps, frozenset({status}))
    yield trial(place, "a .proto of 700 KB", CALL, frozenset({200}), protocol_options=large_proto())
    yield preview(place, "a .proto of 700 KB", {"execution_config": {"protocol_options": large_proto()}})
    yield preview(place, "5,000 thresholds", {"execution_config": {"thresholds": ["p95 < 500"] * 5_000}})
    rows = [{"user": f"user {number}", "word": "x" * 20} for number in range(9_000)]
    secret = {"rows": rows, "secret_columns": ["word"]}
    yield preview(place, "9,000 secret values", {"data_source_type": "pool", "data_config": secret})
    yield preview(place, "500 steps", {}, scenes=[{"scene_id": place.scene}])
    yield Hostile("500 steps, started", f"/api/performance/plans/{place.plan}/start/", {}, frozenset({200}), True)
    yield Hostile("500 steps, stopped", f"/api/performance/plans/{place.plan}/stop/", {}, frozenset({200}))
    endless = f"/api/performance/plans/{place.endless}"
    yield Hostile("patterns without end, started", f"{endless}/start/", {}, frozenset({200}), True)
    yield Hostile("patterns without end, running", "/api/users/login/", {}, frozenset({422}), True)
    yield Hostile("patterns without end, stopped", f"{endless}/stop/", {}, frozenset({200}))


def scenes() -> Iterator[tuple[str, list[dict[str, Any]], int]]:
    """Name, steps, and the status that trying them has."""
    faker = {"method": "POST", "url": "/", "body": "{{$faker.name}} {{$faker.address}} " * 50}
    yield "500 steps", [step(number) for number in range(500)], 200
    yield "500 JSONPaths", [step(number, extract=paths(50 * number)) for number in range(10)], 200
    yield "1,000 Faker placeholders", [step(number, faker) for number in range(10)], 200
    large = {"method": "POST", "url": "/", "body": "{{long}}" * 1_000}
    yield "1,000 times 10 KB in a text", [step(0, large)], 200
    yield "4,000 placeholders in a text", [step(0, {**large, "body": "{{long}}" * 4_000})], 422
    yield "4,000 placeholders in JSON", [step(0, {"method": "POST", "url": "/", "json": ["{{$vu}}"] * 4_000})], 422
    yield "16,000 regexes", regexes("{number}_{each}(a|b)*[a-z]", 320), 422
    yield "5,000 regexes", regexes("{number}_{each}(a|b)*[a-z]", 100), 200
    yield "5,000 wrong regexes", regexes("({number}{each}", 100), 422
    yield "patterns without end", [endless_step(number) for number in range(4)], 200
    yield "nested repeats", [step(0, extract=[regex(NESTED)])], 422
    wrong = [{"name": "", "from": "json", "path": 1} for _ in range(50)]
    yield "16,000 wrong extractors", [step(number, extract=wrong) for number in range(320)], 422


CALL = [{"name": "call", "protocol": "grpc", "request": {"method": "pkg.Service/Call", "message": {}}}]


def trial(place: Place, name: str, steps: list[dict[str, Any]], statuses: frozenset[int], **more: Any) -> Hostile:
    body = {
        "project_id": place.project, "scene": {"name": name, "steps": steps}, "target_url": place.target,
        "timeout": 5, "variables": {"long": "x" * 10_000}, **more,
    }  # fmt: skip
    return Hostile(f"{name}, tried", "/api/scenes/try/", body, statuses)


def preview(place: Place, name: str, config: dict[str, Any], **more: Any) -> Hostile:
    body = {"project_id": place.project, "name": name, "config": {"target_url": place.target, **config}, **more}
    return Hostile(f"{name}, previewed", "/api/performance/plans/preview/", body, frozenset({200}))


def large_proto() -> dict[str, Any]:
    return {"grpc": {"protos": {"a.proto": proto()}}}


def regexes(pattern: str, steps: int) -> list[dict[str, Any]]:
    return [
        step(
            number,
            {"url": "/"},
            extract=[regex(pattern.format(number=number, each=each)) for each in range(50)],
        )
        for number in range(steps)
    ]


def step(number: int, request: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": f"step {number}", "request": request or {"method": "GET", "url": f"/json?{number}"}, **more}


def endless_step(number: int) -> dict[str, Any]:
    checks = [{"type": "regex", "pattern": ENDLESS}] * 5
    return step(number, MANY_A, extract=[regex(ENDLESS)] * 5, checks=checks, think_time=PAGE["think_time"])


def paths(first: int) -> list[dict[str, Any]]:
    return [
        {"name": f"v{number}", "from": "json", "path": GENERAL_PATH.format(number=number)}
        for number in range(first, first + 50)
    ]


def regex(pattern: str) -> dict[str, Any]:
    return {"name": "v", "from": "regex", "pattern": pattern}


def proto() -> str:
    lines, size = ['syntax = "proto3";', "package pkg;", "service Service { rpc Call (M0) returns (M0); }"], 0
    number = 0
    while size < PROTO_BYTES:
        fields = " ".join(f"string field_{each} = {each};" for each in range(1, 20))
        lines.append(f"message M{number} {{ {fields} }}")
        size += len(lines[-1])
        number += 1
    return "\n".join(lines)


def place_of(service: Service, project: int, host: str) -> Place:
    """Make the scene of 500 steps, that of patterns without end, and the plan of each in a project."""
    env = service.post("/api/envs/", {"project_id": project, "name": "long", "host": host}).body["id"]

    def scene_of(name: str, steps: list[dict[str, Any]]) -> int:
        return int(service.post("/api/scenes/", {"project_id": project, "name": name, "steps": steps}).body["id"])

    def plan_of_scene(scene: int) -> int:
        config = {"env_id": env, "concurrent_users": 4, "ramp_up_time": 0, "hold_time": 600}
        plan = {"name": "long", "project_id": project, "scenes": [{"scene_id": scene}], "config": config}
        return int(service.post("/api/performance/plans/", plan).body["id"])

    long = scene_of("long", [{**step(number), "think_time": PAGE["think_time"]} for number in range(500)])
    endless = scene_of("endless", [endless_step(number) for number in range(4)])
    return Place(project, long, plan_of_scene(long), plan_of_scene(endless), host)


def worst_lag(seconds: list[dict[str, Any]]) -> float:
    """The longest silence of the loop, ms."""
    return float(max(node["loop_lag"] for data in seconds for node in data["nodes"]))


def waited_ms(pid: int) -> float:
    """How long all threads of a process have waited for a core so far; 0 where the kernel does not count it."""
    waited_ns = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # it has ended
            waited_ns += int(thread.read_text().split()[1])
    return waited_ns / 1e6


class Siege:
    """A real service with a run that goes on, and the silence that the run notices."""

    def __init__(self, service: Service, viewer: Viewer) -> None:
        self._service = service
        self._viewer = viewer

    def send(self, hostile: Hostile, limit_s: float) -> Sent:
        """Send an input; wait for its seconds if it is much work. Raises TimeoutError after ``limit_s``."""
        began, waited = time.time(), waited_ms(self._service.process.pid)
        status = self._status(hostile, limit_s)
        sent = Sent(status, began, time.time(), waited_ms(self._service.process.pid) - waited)
        if hostile.lasts or sent.ended - began > LONG_S:
            self._viewer.seconds_between(int(began), int(sent.ended))
        return sent

    def silence_ms(self, sent: Sent) -> float:
        """Wait for the seconds of an input. Return the longest silence of the loop in them, less waits for a core."""
        return max(worst_lag(self._viewer.seconds_between(int(sent.began), int(sent.ended))) - sent.waited_ms, 0.0)

    def quiet_ms(self) -> float:
        """The longest silence of a second in which nothing is sent."""
        return worst_lag(self._viewer.seconds_between(int(time.time()) + 1, int(time.time()) + 1))

    def _status(self, hostile: Hostile, limit_s: float) -> int:
        body = hostile.body if isinstance(hostile.body, str) else json.dumps(hostile.body, separators=(",", ":"))
        request = urllib.request.Request(self._service.url + hostile.path, body.encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._service.token}")
        try:
            with urllib.request.urlopen(request, timeout=limit_s) as answer:
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                refused.read()
                return refused.code
