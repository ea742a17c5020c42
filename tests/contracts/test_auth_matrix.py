"""Every endpoint, called by everybody. A row that is missing here fails the build, and so does one too many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tornado.web import StaticFileHandler

from perfsvc.errors import StartupError
from perfsvc.model.entities import Role
from perfsvc.model.entities import TokenScope
from perfsvc.service.auth.access import Kind
from perfsvc.service.auth.api_tokens import ApiTokenForm
from perfsvc.service.auth.identity import Needs
from perfsvc.store import users
from perfsvc.web.application import ROUTES
from perfsvc.web.application import make_application
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.routing import check
from perfsvc.web.framework.rules import OPEN
from perfsvc.web.framework.rules import may
from tests.support.web_world import CONFIG
from tests.support.web_world import PASSWORD
from tests.support.web_world import STEPS
from tests.support.web_world import Api
from tests.support.web_world import World

ACTORS = ("anonymous", "stranger", "viewer", "editor", "owner", "administrator")

EVERYBODY = (200, 200, 200, 200, 200, 200)
LOGGED_IN = (401, 200, 200, 200, 200, 200)
ADMINISTRATORS = (401, 403, 403, 403, 403, 200)
VIEWERS = (401, 404, 200, 200, 200, 200)
EDITORS = (401, 404, 403, 200, 200, 200)
OWNERS = (401, 404, 403, 403, 200, 200)
CREATE_BY_EDITORS = (401, 404, 403, 201, 201, 201)
NO_RUN = (401, 404, 403, 409, 409, 409)

MATRIX: dict[tuple[str, str], tuple[tuple[int, ...], Any]] = {
    ("GET", "/api/about/"): (EVERYBODY, None),
    ("POST", "/api/users/register/"): (
        (201,) * 6,
        {"username": "new", "email": "new@example.com", "password": "long enough"},
    ),
    ("POST", "/api/users/login/"): (EVERYBODY, {"username": "owner", "password": PASSWORD}),
    ("POST", "/api/users/token/refresh/"): ((401,) * 6, {"refresh_token": "x"}),
    ("POST", "/api/users/token/verify/"): ((401,) * 6, {"token": "x"}),
    ("POST", "/api/users/logout/"): (LOGGED_IN, None),
    ("GET", "/api/users/me/"): (LOGGED_IN, None),
    ("PUT", "/api/users/me/"): (LOGGED_IN, {}),
    ("PUT", "/api/users/me/password/"): (LOGGED_IN, {"old_password": PASSWORD, "new_password": "another password"}),
    ("GET", "/api/users/me/tokens/"): (LOGGED_IN, None),
    ("POST", "/api/users/me/tokens/"): ((401, 201, 201, 201, 201, 201), {"name": "CI"}),
    # No user of the table has a token with this id.
    ("DELETE", "/api/users/me/tokens/{token_id}/"): ((401, 404, 404, 404, 404, 404), None),
    ("GET", "/api/users/"): (ADMINISTRATORS, None),
    ("POST", "/api/users/"): (
        (401, 403, 403, 403, 403, 201),
        {"username": "new", "email": "new@example.com", "password": "long enough"},
    ),
    ("GET", "/api/users/{user_id}/"): (ADMINISTRATORS, None),
    ("PUT", "/api/users/{user_id}/"): (ADMINISTRATORS, {}),
    ("POST", "/api/projects/demo/"): ((401, 201, 201, 201, 201, 201), {"language": "en"}),
    ("GET", "/api/projects/"): (LOGGED_IN, None),
    ("POST", "/api/projects/"): ((401, 201, 201, 201, 201, 201), {"name": "a"}),
    ("GET", "/api/projects/{project_id}/"): (VIEWERS, None),
    ("PUT", "/api/projects/{project_id}/"): (OWNERS, {}),
    ("DELETE", "/api/projects/{project_id}/"): (OWNERS, None),
    ("GET", "/api/projects/{project_id}/file/"): (VIEWERS, None),
    ("POST", "/api/projects/{project_id}/file/"): (EDITORS, {"text": "plans: []", "dry_run": True}),
    ("GET", "/api/projects/{project_id}/members/"): (VIEWERS, None),
    ("POST", "/api/projects/{project_id}/members/"): (
        (401, 404, 403, 403, 201, 201),
        {"username": "stranger", "role": "viewer"},
    ),
    ("PUT", "/api/projects/{project_id}/members/{user_id}/"): (OWNERS, {"role": "editor"}),
    ("DELETE", "/api/projects/{project_id}/members/{user_id}/"): (OWNERS, None),
    ("GET", "/api/envs/"): (VIEWERS, None),
    ("POST", "/api/envs/"): (CREATE_BY_EDITORS, {"project_id": 1, "name": "a"}),
    ("GET", "/api/envs/{env_id}/"): (VIEWERS, None),
    ("PUT", "/api/envs/{env_id}/"): (EDITORS, {}),
    ("DELETE", "/api/envs/{env_id}/"): (EDITORS, None),
    ("POST", "/api/scenes/try/"): (EDITORS, {"project_id": 1, "scene": {"name": "a", "steps": STEPS}}),
    ("POST", "/api/scenes/operations/"): (EDITORS, {"project_id": 1, "protocol": "http"}),
    ("GET", "/api/scenes/"): (VIEWERS, None),
    ("POST", "/api/scenes/"): (CREATE_BY_EDITORS, {"project_id": 1, "name": "a", "steps": STEPS}),
    ("GET", "/api/scenes/{scene_id}/"): (VIEWERS, None),
    ("PUT", "/api/scenes/{scene_id}/"): (EDITORS, {}),
    ("DELETE", "/api/scenes/{scene_id}/"): (EDITORS, None),
    ("GET", "/api/datafiles/"): (VIEWERS, None),
    ("POST", "/api/datafiles/"): (CREATE_BY_EDITORS, None),
    ("GET", "/api/datafiles/{datafile_id}/"): (VIEWERS, None),
    ("PUT", "/api/datafiles/{datafile_id}/"): (EDITORS, None),
    ("DELETE", "/api/datafiles/{datafile_id}/"): (EDITORS, None),
    ("GET", "/api/datafiles/{datafile_id}/preview/"): (VIEWERS, None),
    ("POST", "/api/performance/plans/preview/"): (VIEWERS, {"project_id": 1, "config": CONFIG}),
    ("GET", "/api/performance/plans/"): (VIEWERS, None),
    ("POST", "/api/performance/plans/"): (CREATE_BY_EDITORS, {"project_id": 1, "name": "a", "config": CONFIG}),
    ("GET", "/api/performance/plans/{plan_id}/"): (VIEWERS, None),
    ("PUT", "/api/performance/plans/{plan_id}/"): (EDITORS, {}),
    ("DELETE", "/api/performance/plans/{plan_id}/"): (EDITORS, None),
    ("POST", "/api/performance/data-preview/"): (
        EDITORS,
        {"project_id": 1, "data_source_type": "fake", "data_config": {"rows": 3}},
    ),
    ("POST", "/api/performance/plans/{plan_id}/start/"): (EDITORS, None),
    ("POST", "/api/performance/plans/{plan_id}/stop/"): (NO_RUN, None),
    ("POST", "/api/performance/plans/{plan_id}/pause/"): (NO_RUN, None),
    ("POST", "/api/performance/plans/{plan_id}/resume/"): (NO_RUN, None),
    ("GET", "/api/performance/executions/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/figures/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/distribution/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/heatmap/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/series/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/errors/"): (VIEWERS, None),
    ("GET", "/api/performance/executions/{execution_id}/pins/"): (VIEWERS, None),
    ("POST", "/api/performance/executions/{execution_id}/pins/"): (
        CREATE_BY_EDITORS,
        {"from": 1_700_000_000, "text": "deployed"},
    ),
    ("PUT", "/api/performance/executions/{execution_id}/pins/{pin_id}/"): (EDITORS, {}),
    ("DELETE", "/api/performance/executions/{execution_id}/pins/{pin_id}/"): (EDITORS, None),
    ("POST", "/api/performance/executions/{execution_id}/load/"): (NO_RUN, {"vus": 5}),
    ("GET", "/api/performance/metrics/{execution_id}/"): (VIEWERS, None),
    ("GET", "/api/performance/presets/"): (VIEWERS, None),
    ("POST", "/api/performance/presets/"): (
        CREATE_BY_EDITORS,
        {"project_id": 1, "name": "a", "config_type": "concurrent", "config_data": CONFIG},
    ),
    ("GET", "/api/performance/presets/{preset_id}/"): (VIEWERS, None),
    ("PUT", "/api/performance/presets/{preset_id}/"): (EDITORS, {}),
    ("DELETE", "/api/performance/presets/{preset_id}/"): (EDITORS, None),
    ("GET", "/api/performance/reports/"): (VIEWERS, None),
    ("GET", "/api/performance/reports/{report_id}/"): (VIEWERS, None),
    ("DELETE", "/api/performance/reports/{report_id}/"): (EDITORS, None),
    ("GET", "/api/plugins/"): (LOGGED_IN, None),
    ("GET", "/api/schemas/"): (LOGGED_IN, None),
    # There is none of the world's name.
    ("GET", "/api/schemas/{name}/"): ((401, 404, 404, 404, 404, 404), None),
    ("GET", "/api/vocabulary/"): (LOGGED_IN, None),
    ("POST", "/api/vocabulary/check/"): (LOGGED_IN, {"expressions": ["$uuid"]}),
    ("GET", "/api/nodes/"): (LOGGED_IN, None),
    ("GET", "/api/nodes/{name}/"): (LOGGED_IN, None),
    ("POST", "/api/nodes/{name}/drain/"): (ADMINISTRATORS, None),
    ("DELETE", "/api/nodes/{name}/drain/"): (ADMINISTRATORS, None),
    ("GET", "/healthz"): (EVERYBODY, None),
    ("GET", "/metrics"): (ADMINISTRATORS, None),
    # Not an upgrade: a client that may watch gets a 400.
    ("GET", "/ws/performance/{execution_id}/"): ((401, 404, 400, 400, 400, 400), None),
    ("GET", "/api/openapi.json"): (EVERYBODY, None),
    ("GET", "/docs/"): (EVERYBODY, None),
    ("GET", "/docs/docs.js"): (EVERYBODY, None),
    ("GET", "/docs/docs.css"): (EVERYBODY, None),
    ("GET", "/demo/"): (EVERYBODY, None),
    ("GET", "/demo/fast/"): (EVERYBODY, None),
    ("GET", "/demo/slow/"): (EVERYBODY, None),
    ("GET", "/demo/errors/"): (EVERYBODY, None),
    ("POST", "/demo/login/"): (EVERYBODY, {"username": "a", "password": "b"}),
    # Tokens of the service open nothing in the demo target.
    ("GET", "/demo/items/"): ((401,) * 6, None),
    ("GET", "/demo/items/{number}/"): ((401,) * 6, None),
    ("GET", "/"): (EVERYBODY, None),
    ("GET", "/assets/{file}"): (EVERYBODY, None),
}

UPLOADS = {"/api/datafiles/": "?project_id=1&name=a.csv"}
QUERIES = {
    "/api/datafiles/": "?project_id=1",
    "/api/envs/": "?project_id=1",
    "/api/scenes/": "?project_id=1",
    "/api/performance/plans/": "?project_id=1",
    "/api/performance/presets/": "?project_id=1",
    "/api/performance/executions/": "?project_id=1",
    "/api/performance/reports/": "?plan_id=1",
    "/demo/errors/": "?rate=0",
}


def test_every_operation_is_in_the_matrix() -> None:
    operations = {(method, route.path) for route in ROUTES for method in route.operations()}
    assert operations == set(MATRIX)


def cases() -> Iterator[Any]:
    """Calls that change nothing (reading, and being refused) share a world; every other call gets its own."""
    for (method, path), (expected, _) in MATRIX.items():
        harmless = [actor for actor, status in zip(ACTORS, expected, strict=True) if method == "GET" or status >= 400]
        groups = [harmless, *([actor] for actor in ACTORS if actor not in harmless)]
        yield from (
            pytest.param(method, path, group, id=f"{method} {path} {'+'.join(group)}") for group in groups if group
        )


@pytest.mark.gen_test
@pytest.mark.parametrize(("method", "path", "actors"), cases())
async def test_who_may_do_what(api: Api, world: World, method: str, path: str, actors: list[str]) -> None:
    expected, body = MATRIX[method, path]
    address = path.format_map(world.ids) + {"GET": QUERIES, "POST": UPLOADS}.get(method, {}).get(path, "")
    # As if through a proxy: what comes straight from this machine is more trusted with /metrics.
    headers = {"X-Forwarded-For": "203.0.113.9"}
    for actor in actors:
        answer = await api.call(method, address, None if actor == "anonymous" else actor, body, headers=headers)
        assert answer.status == expected[ACTORS.index(actor)], (actor, answer.text)
        if answer.status >= 400:
            assert set(answer.json) == {"error"}


SCOPES: dict[TokenScope, set[Needs]] = {
    TokenScope.READ: {Needs.READ},
    TokenScope.RUN: {Needs.READ, Needs.RUN},
    TokenScope.WRITE: {Needs.READ, Needs.RUN, Needs.WRITE},
}
NEEDS = {
    (method, route.path): operation.needs
    for route in ROUTES
    for method, operation in route.operations().items()
    if operation.rule.takes_token
}
"""What each operation that takes a token needs of an API token."""


def test_what_operations_need_of_an_api_token() -> None:
    of_run = {path for (_, path), needs in NEEDS.items() if needs is Needs.RUN}
    plan, run = "/api/performance/plans/{plan_id}", "/api/performance/executions/{execution_id}"
    assert of_run == {*(f"{plan}/{verb}/" for verb in ("start", "stop", "pause", "resume")), f"{run}/load/"}
    of_login = {key for key, needs in NEEDS.items() if needs is Needs.LOGIN}
    assert of_login == {
        ("POST", "/api/users/logout/"),
        ("PUT", "/api/users/me/"),
        ("PUT", "/api/users/me/password/"),
        ("GET", "/api/users/me/tokens/"),
        ("POST", "/api/users/me/tokens/"),
        ("DELETE", "/api/users/me/tokens/{token_id}/"),
        ("POST", "/api/users/"),
        ("PUT", "/api/users/{user_id}/"),
    }
    assert {key for key, needs in NEEDS.items() if needs is Needs.READ and key[0] != "GET"} == {
        ("POST", "/api/performance/plans/preview/")
    }


@pytest.mark.gen_test
@pytest.mark.parametrize("scope", SCOPES)
async def test_an_api_token_has_its_scope_and_the_role_of_its_user(api: Api, world: World, scope: TokenScope) -> None:
    tokens = world.services.sessions.api_tokens
    user = await world.store.run(users.get, world.people["viewer"])
    made = await tokens.create(user, ApiTokenForm(name="CI", scope=scope))
    headers = {"Authorization": f"Bearer {made.text}", "X-Forwarded-For": "203.0.113.9"}
    for (method, path), needs in NEEDS.items():
        expected, body = MATRIX[method, path]
        address = path.format_map(world.ids) + {"GET": QUERIES, "POST": UPLOADS}.get(method, {}).get(path, "")
        if path.startswith("/api/projects/") and needs is Needs.WRITE and method == "POST" and "{" not in path:
            continue  # the creator of a project is its owner
        answer = await api.call(method, address, None, body, headers=headers)
        of_viewer = expected[ACTORS.index("viewer")]
        wanted = of_viewer if needs in SCOPES[scope] or of_viewer == 403 else 403
        assert answer.status == wanted, (method, path, answer.text)


@pytest.mark.gen_test
async def test_strangers_cannot_tell_what_is_not_theirs_from_what_is_not_there(api: Api, world: World) -> None:
    absent = {name: "none" if name == "execution_id" else 999 for name in world.ids}
    for (method, path), (expected, body) in MATRIX.items():
        if expected[1] != 404 or "{" not in path:
            continue
        theirs = await api.call(method, path.format_map(world.ids), "stranger", body)
        nobodys = await api.call(method, path.format_map(absent), "stranger", body)
        assert (theirs.status, theirs.text) == (nobodys.status, nobodys.text) == (404, theirs.text), path


class Undeclared(Handler):
    async def get(self) -> None:
        self.finish("open by omission")


class Declared(Handler):
    @operation("甲", "A", OPEN)
    async def get(self) -> None:
        self.finish("declared")


class HalfDeclared(Declared):
    async def delete(self) -> None:
        self.finish("open by omission")


class Overridden(Declared):
    async def get(self) -> None:
        self.finish("open by omission")


class GoesRound(Declared):
    async def prepare(self) -> None:
        """Nothing is checked."""


class Undecidable(Handler):
    @operation("乙", "B", may(Role.VIEWER, Kind.PLAN))
    async def get(self, query: PageQuery) -> None:
        self.finish("whose plan?")


@pytest.mark.parametrize(
    ("handler", "path", "named"),
    [
        (Undeclared, "/x/", "GET /x/"),
        (HalfDeclared, "/x/", "DELETE /x/"),
        (Overridden, "/x/", "GET /x/"),
        (Declared, "/x/{plan_id}/", "GET /x/{plan_id}/ takes []"),
        (GoesRound, "/x/", "/x/ bypasses the rules"),
        (Undecidable, "/x/", "GET /x/ takes []"),
    ],
)
def test_a_route_without_a_rule_refuses_to_start(handler: type[Handler], path: str, named: str) -> None:
    with pytest.raises(StartupError) as caught:
        check([Route(path, handler)])
    assert str(caught.value) == f"routes without a rule: {named}"


def test_a_handler_that_is_not_ours_refuses_to_start() -> None:
    with pytest.raises(StartupError, match="StaticFileHandler is not a Handler"):
        check([Route("/x/", StaticFileHandler)])


def test_the_application_checks_its_routes(world: World) -> None:
    with pytest.raises(StartupError):
        make_application(world.services, world.settings, (Route("/x/", Undeclared),))
