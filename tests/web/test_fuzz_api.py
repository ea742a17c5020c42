"""Nasty input everywhere: whatever is sent, the answer is never a server error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from perfsvc.web.application import ROUTES
from tests.support.web_world import CONFIG
from tests.support.web_world import PASSWORD
from tests.support.web_world import STEPS
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

JSON = {"Content-Type": "application/json"}

DEEP: Any = "bottom"
for _ in range(150):
    DEEP = [DEEP]

NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 2**63, 10**30, 1.5, 1e308, -0.0, "", " ", "\0", "a\0b", "\ud800", "x" * 70_000,
    "😀" * 40_000, "'; DROP TABLE users; --", "{{$vu}}", "%s%n", [], {}, [None], {"": None}, {"\0": "\0"}, DEEP,
)  # fmt: skip

EVERY_STEP: list[dict[str, Any]] = [
    {
        **STEPS[0],
        "extract": [{"name": "v", "from": "regex", "pattern": "(a)", "group": 1, "default": 1}],
        "checks": [{"type": "status", "equals": 200}, {"type": "json", "path": "$.a", "equals": 1}],
        "think_time": {"type": "normal", "mean": 1, "deviation": 1},
        "timeout": 5,
    },
    {"type": "loop", "times": 2, "steps": STEPS},
    {"type": "while", "condition": {"variable": "v", "is": "equals", "value": 1}, "max_times": 3, "steps": STEPS},
]

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/users/register/"): {"username": "nn", "email": "n@n", "password": "long enough"},
    ("POST", "/api/users/login/"): {"username": "owner", "password": PASSWORD},
    ("POST", "/api/users/token/refresh/"): {"refresh_token": "x.y.z"},
    ("POST", "/api/users/token/verify/"): {"token": "x.y.z"},
    ("POST", "/api/users/"): {"username": "nm", "email": "m@n", "password": "long enough", "administrator": False},
    ("PUT", "/api/users/me/"): {"username": "owner", "email": "o@o"},
    ("PUT", "/api/users/me/password/"): {"old_password": "wrong one", "new_password": "long enough"},
    ("POST", "/api/users/me/tokens/"): {"name": "CI", "scope": "run", "expires_in_days": 30},
    ("PUT", "/api/users/{user_id}/"): {
        "email": "o@o",
        "is_active": 0,
        "administrator": False,
        "password": "long enough",
    },
    ("POST", "/api/projects/"): {"name": "a", "leader": "b"},
    ("PUT", "/api/projects/{project_id}/"): {"name": "a", "leader": "b"},
    ("POST", "/api/projects/{project_id}/members/"): {"user_id": 5, "role": "viewer"},
    ("PUT", "/api/projects/{project_id}/members/{user_id}/"): {"role": "viewer"},
    ("POST", "/api/envs/"): {
        "project_id": 1,
        "name": "a",
        "host": "http://a",
        "headers": {"A": "b"},
        "variables": {"a": "b"},
        "databases": {"a": {"type": "mysql", "host": "h", "port": 1, "user": "u", "password": "p", "database": "d"}},
    },
    ("PUT", "/api/envs/{env_id}/"): {"name": "a", "host": "", "headers": {}, "databases": {"a": {"type": "mysql"}}},
    ("POST", "/api/scenes/"): {
        "project_id": 1,
        "name": "a",
        "description": "d",
        "steps": EVERY_STEP,
        "on_start": STEPS,
    },
    ("PUT", "/api/scenes/{scene_id}/"): {"name": "a", "steps": EVERY_STEP},
    ("POST", "/api/performance/plans/{plan_id}/start/"): {"variables": {"a": "b"}, "secret_variables": ["a"]},
    ("POST", "/api/scenes/try/"): {
        "project_id": 1,
        "scene": {"name": "a", "steps": STEPS},
        "env_id": 1,
        "target_url": "http://127.0.0.1:1",
        "row": {"a": 1},
        "datafile_id": 1,
        "row_number": 1,
        "variables": {"a": "b"},
        "protocol_options": {},
        "seed": 1,
        "timeout": 1,
    },
    ("POST", "/api/scenes/operations/"): {
        "project_id": 1,
        "protocol": "http",
        "request": {"url": "/"},
        "env_id": 1,
        "target_url": "http://127.0.0.1:1",
        "variables": {"a": "b"},
        "protocol_options": {},
        "timeout": 1,
    },
    ("POST", "/api/vocabulary/check/"): {"expressions": ["$randomInt(1, 2)"]},
    ("POST", "/api/performance/plans/preview/"): {
        "project_id": 1,
        "plan_id": 1,
        "name": "a",
        "config": {**CONFIG, "ramp_up_time": 1, "node_distribution": {"a": 1.5}},
        "scenes": [{"scene_id": 1, "weight": 1}],
    },
    ("POST", "/api/projects/demo/"): {"language": "en"},
    ("POST", "/api/projects/{project_id}/file/"): {"text": "plans: []", "dry_run": True},
    ("POST", "/demo/login/"): {"username": "a", "password": "b"},
    ("POST", "/api/performance/plans/"): {
        "project_id": 1,
        "name": "a",
        "description": "d",
        "scenes": [{"scene_id": 1, "weight": 1}],
        "config": {
            **CONFIG,
            "ramp_up_time": 1,
            "data_config": {"a": 1},
            "adaptive_target": None,
            "execution_config": {"thresholds": ["p95 < 300"], "graceful_stop": 1, "seed": 1},
        },
    },
    ("PUT", "/api/performance/plans/{plan_id}/"): {"name": "a", "config": CONFIG, "scenes": []},
    ("POST", "/api/performance/executions/{execution_id}/load/"): {"vus": 5},
    ("POST", "/api/performance/executions/{execution_id}/pins/"): {"from": 1, "to": 2, "text": "a"},
    ("PUT", "/api/performance/executions/{execution_id}/pins/{pin_id}/"): {"from": 1, "to": 2, "text": "a"},
    ("POST", "/api/performance/data-preview/"): {
        "project_id": 1,
        "env_id": 1,
        "data_source_type": "fake",
        "data_config": {"rows": 3, "order": "random"},
    },
    ("POST", "/api/performance/presets/"): {
        "project_id": 1,
        "name": "a",
        "config_type": "concurrent",
        "config_data": CONFIG,
    },
    ("PUT", "/api/performance/presets/{preset_id}/"): {"name": "a", "config_type": "concurrent", "config_data": CONFIG},
}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a document, and of the document itself."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def replaced(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


class TestBodies:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"login_attempts": 10_000}

    async def test_every_body_is_tried(self) -> None:
        with_body = {
            (method, route.path) for route in ROUTES for method, found in route.operations().items() if found.body
        }
        assert with_body == set(BODIES)

    @pytest.mark.parametrize(("method", "path"), BODIES, ids=lambda part: str(part))
    async def test_nasty_values_in_every_place(self, api: Api, world: World, method: str, path: str) -> None:
        body = BODIES[method, path]
        address = path.format_map(world.ids)
        for place in places(body):
            for nasty in NASTY:
                document = json.dumps(replaced(body, place, nasty))
                who = "administrator" if path in ("/api/users/", "/api/users/{user_id}/") else "owner"
                answer = await api.call(
                    method, address, who, raw=document, headers={"Content-Type": "application/json"}
                )
                assert answer.status < 500, (place, str(nasty)[:50], answer.text)


@pytest.mark.parametrize(
    "nasty", ["%00", "'", "-1", "1e9", "99999999999999999999", "%F0%9F%98%80", "", "null", "[]", "1;2"]
)
async def test_nasty_values_in_queries_and_paths(api: Api, world: World, nasty: str) -> None:
    for route in ROUTES:
        for method, found in route.operations().items():
            if method != "GET":
                continue
            fields = found.query.model_fields if found.query else {}
            names = [field.alias or name for name, field in fields.items()]
            query = "&".join(f"{name}={nasty}" for name in names)
            for address in (route.path.format_map(world.ids), route.path.format_map(dict.fromkeys(world.ids, nasty))):
                answer = await api.get(f"{address}?{query}", "administrator")
                assert answer.status < 500, (address, answer.text)
