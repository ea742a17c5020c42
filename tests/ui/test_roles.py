"""What each role sees of each page, beside what the API allows: an action is there if, and only if, it is allowed."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.project_client import ProjectClient
from tests.support.service import PASSWORD
from tests.support.service import Answer
from tests.support.service import Service

WORD = "long enough"
ROLES = ("viewer", "editor", "owner", "administrator")
"""From the least on; each may do what those before it may. A stranger has an account and no project."""
FILE = b"name\nann\n"

Request = tuple[str, str, Any]
"""Method, path and body."""


class Team:
    """A project with one of everything, and a user of every role."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.client = ProjectClient(service, service.url)
        self.project, self.env = self.client.project, self.client.env
        self.tokens = {"administrator": service.token, **{who: self._person(who) for who in (*ROLES[:3], "stranger")}}
        self.scene = self.client.scene("/healthz")
        self.client.scene("/healthz")  # for a plan to add
        self.scene_body = {"name": "look", "steps": [{"name": "one", "request": {"url": "/healthz"}}]}
        self.plan_body: dict[str, Any] = {
            "name": "calm", "project_id": self.project,
            "config": {"env_id": self.env, "concurrent_users": 1, "hold_time": 1},
        }  # fmt: skip
        self.plan = self.made("/api/performance/plans/", {**self.plan_body, "scenes": [{"scene_id": self.scene}]})
        self.preset_body = {"name": "small", "project_id": self.project, "config_type": "concurrent", "config_data": {}}
        self.preset = self.made("/api/performance/presets/", {**self.preset_body, "config_data": {"vus": 1}})
        self.file = self.uploaded()
        started = service.post(f"/api/performance/plans/{self.plan}/start/").body
        for _ in service.watch(started["websocket_url"]):
            pass
        self.run = started["execution_id"]
        self.began = service.get(f"/api/performance/executions/{self.run}/").body["start_time"]

    def made(self, path: str, body: Any) -> int:
        answer = self.service.post(path, body)
        assert answer.status == 201, answer
        return int(answer.body["id"])

    def uploaded(self) -> int:
        self.service.delete(f"/api/datafiles/{getattr(self, 'file', 0)}/")
        answer = self.call("administrator", "POST", f"/api/datafiles/?project_id={self.project}&name=users.csv", FILE)
        return int(answer.body["id"])

    def call(self, who: str, method: str, path: str, body: Any) -> Answer:
        """A request of a user; bytes are sent as they are."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.service.url + path, data, method=method)
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        request.add_header("Content-Type", kind)
        request.add_header("Authorization", f"Bearer {self.tokens[who]}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return Answer(answer.status, json.loads(text) if "json" in answer.headers["Content-Type"] else text)
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, json.loads(refused.read()))

    def credentials(self, who: str) -> tuple[str, str]:
        return ("admin", PASSWORD) if who == "administrator" else (who, WORD)

    def _person(self, who: str) -> str:
        self.made("/api/users/register/", {"username": who, "email": f"{who}@example.org", "password": WORD})
        if who != "stranger":
            member = {"username": who, "role": who}
            assert self.service.post(f"/api/projects/{self.project}/members/", member).status == 201
        return str(self.service.post("/api/users/login/", {"username": who, "password": WORD}).body["token"])


@dataclass(frozen=True)
class Action:
    """What a page offers by a button, a link or an entry of the menu ``within``, the least role, and its request."""

    least: str
    kind: Any
    name: str
    request: Callable[[Team], Request]
    within: str = ""


def of_plan(team: Team) -> str:
    return f"/api/performance/plans/{team.plan}"


def throwaway(path: str, body: Callable[[Team], Any]) -> Callable[[Team], Request]:
    """A deletion of something made for that."""
    return lambda team: ("DELETE", f"{path}{team.made(path, body(team))}/", None)


NEW_PLAN = Action("editor", "link", "New plan", lambda team: ("POST", "/api/performance/plans/", team.plan_body))
START = lambda team: ("POST", f"{of_plan(team)}/start/", None)  # noqa: E731
PAGES: dict[str, tuple[Callable[[Team], str], str, list[Action]]] = {
    "overview": (lambda team: f"/p/{team.project}", "Latest runs", [
        NEW_PLAN,
        Action("viewer", "menuitem", "Export", lambda team: ("GET", f"/api/projects/{team.project}/", None), "More"),
        Action("editor", "menuitem", "Import", lambda team: ("PUT", f"/api/scenes/{team.scene}/", {}), "More"),
    ]),
    "scenes": (lambda team: f"/p/{team.project}/scenes", "look", [
        Action("editor", "link", "New scene",
               lambda team: ("POST", "/api/scenes/", {**team.scene_body, "project_id": team.project})),
        Action("editor", "menuitem", "Delete", throwaway(
            "/api/scenes/", lambda team: {**team.scene_body, "project_id": team.project}), "More for look"),
    ]),
    "scene": (lambda team: f"/p/{team.project}/scenes/{team.scene}", "look", [
        Action("editor", "button", "Save", lambda team: ("PUT", f"/api/scenes/{team.scene}/", team.scene_body)),
        Action("editor", "button", "Try the whole scene", lambda team: (
            "POST", "/api/scenes/try/",
            {"project_id": team.project, "scene": team.scene_body, "env_id": team.env})),
        Action("editor", "button", "Add a check", lambda team: ("PUT", f"/api/scenes/{team.scene}/", {})),
    ]),
    "plans": (lambda team: f"/p/{team.project}/plans", "calm", [
        NEW_PLAN,
        Action("editor", "button", "Run", START),
        Action("editor", "menuitem", "Delete",
               throwaway("/api/performance/plans/", lambda team: team.plan_body), "More for calm"),
    ]),
    "plan": (lambda team: f"/p/{team.project}/plans/{team.plan}", "calm", [
        Action("editor", "button", "Save", lambda team: ("PUT", f"{of_plan(team)}/", {"name": "calm"})),
        Action("editor", "button", "Run", START),
        Action("viewer", "menuitem", "Copy to another project",
               lambda team: ("GET", f"/api/projects/{team.project}/file/?plan_id={team.plan}", None), "More"),
        Action("viewer", "menuitem", "Export",
               lambda team: ("GET", f"/api/projects/{team.project}/file/?plan_id={team.plan}", None), "More"),
        Action("editor", "menuitem", "Delete",
               throwaway("/api/performance/plans/", lambda team: team.plan_body), "More"),
        Action("editor", "button", "Add a scene", lambda team: ("PUT", f"{of_plan(team)}/", {"name": "calm"})),
        Action("editor", "button", "Add a threshold", lambda team: ("PUT", f"{of_plan(team)}/", {"name": "calm"})),
    ]),
    "runs": (lambda team: f"/p/{team.project}/runs", "calm", [Action("editor", "link", "Run a plan", START)]),
    "run": (lambda team: f"/p/{team.project}/runs/{team.run}", "Timeline", [
        Action("editor", "button", "Run again", START),
        Action("editor", "button", "Pin", lambda team: (
            "POST", f"/api/performance/executions/{team.run}/pins/", {"from": 1, "text": "here"})),
    ]),
    "envs": (lambda team: f"/p/{team.project}/envs", "staging", [
        Action("editor", "button", "New environment",
               lambda team: ("POST", "/api/envs/", {"name": "more", "project_id": team.project})),
        Action("editor", "button", "Edit", lambda team: ("PUT", f"/api/envs/{team.env}/", {"name": "staging"})),
        Action("editor", "button", "Delete staging",
               throwaway("/api/envs/", lambda team: {"name": "spare", "project_id": team.project})),
    ]),
    "data": (lambda team: f"/p/{team.project}/data", "users.csv", [
        Action("viewer", "button", "Preview", lambda team: ("GET", f"/api/datafiles/{team.file}/preview/", None)),
        Action("editor", "button", "Upload a file",
               lambda team: ("POST", f"/api/datafiles/?project_id={team.project}&name=more.csv", FILE)),
        Action("editor", "button", "Replace", lambda team: ("PUT", f"/api/datafiles/{team.file}/", FILE)),
        Action("editor", "button", "Delete users.csv",
               lambda team: ("DELETE", f"/api/datafiles/{team.uploaded()}/", None)),
    ]),
    "presets": (lambda team: f"/p/{team.project}/presets", "small", [
        Action("editor", "button", "Rename",
               lambda team: ("PUT", f"/api/performance/presets/{team.preset}/", {"name": "small"})),
        Action("editor", "button", "Delete small",
               throwaway("/api/performance/presets/", lambda team: {**team.preset_body, "config_data": {"vus": 1}})),
    ]),
    "members": (lambda team: f"/p/{team.project}/members", "May do", [
        Action("owner", "button", "Add member", lambda team: (
            "POST", f"/api/projects/{team.project}/members/", {"username": "viewer", "role": "viewer"})),
        Action("owner", "combobox", "Role of viewer", lambda team: (
            "POST", f"/api/projects/{team.project}/members/", {"username": "viewer", "role": "viewer"})),
    ]),
    "projects": (lambda _: "/projects", "shop", [
        Action("viewer", "button", "New project", lambda _: ("POST", "/api/projects/", {"name": "Mine"})),
        Action("owner", "menuitem", "Edit project",
               lambda team: ("PUT", f"/api/projects/{team.project}/", {"name": "shop"}), "More actions for shop"),
    ]),
    "users": (lambda _: "/users", "stranger", [
        Action("administrator", "button", "New user", lambda _: (
            "POST", "/api/users/", {"username": "x", "email": "x@example.org", "password": WORD})),
    ]),
}  # fmt: skip


@pytest.fixture(scope="module")
def team(service: Service) -> Team:
    return Team(service)


@contextmanager
def menu(page: Page, name: str) -> Iterator[None]:
    """Within an open menu; where there is no such menu, without one."""
    trigger = page.get_by_role("main").get_by_role("button", name=name, exact=True)
    if not name or trigger.count() == 0:
        yield
        return
    trigger.first.click()
    yield
    page.keyboard.press("Escape")


def offered(page: Page, action: Action) -> bool:
    with menu(page, action.within):
        name = re.compile(rf"^{re.escape(action.name)}\b")
        return page.get_by_role("main").get_by_role(action.kind, name=name).count() > 0


def rank(role: str) -> int:
    return ROLES.index(role)


@pytest.mark.parametrize("who", ROLES)
def test_a_page_offers_what_the_role_may_do_and_nothing_else(ui: Ui, team: Team, who: str) -> None:
    page = ui.open("/me", language="en", user=team.credentials(who))
    seen, allowed = {}, {}
    for name, (path, shown, actions) in PAGES.items():
        page.goto(team.service.url + path(team))
        if name != "users" or who == "administrator":
            main = page.get_by_role("main")
            ready = main.get_by_text(shown, exact=True).or_(page.get_by_label("Name of the", exact=False))
            ready.filter(visible=True).first.wait_for()
        else:
            expect(page.get_by_text("This page is for administrators only.")).to_be_visible()
        for action in actions:
            key = f"{name}: {action.name}"
            seen[key] = offered(page, action)
            allowed[key] = rank(who) >= rank(action.least)
    assert seen == allowed


@pytest.mark.parametrize("who", ROLES)
def test_the_api_allows_what_pages_offer_and_refuses_the_rest(team: Team, who: str) -> None:
    refused, expected = {}, {}
    for name, (_, _, actions) in PAGES.items():
        for action in actions:
            key = f"{name}: {action.name}"
            refused[key] = team.call(who, *action.request(team)).status == 403
            expected[key] = rank(who) < rank(action.least)
    assert refused == expected


def test_a_stranger_finds_nothing_at_any_address_of_the_project(ui: Ui, team: Team) -> None:
    ui.expect_status(404)
    page = ui.open("/me", language="en", user=team.credentials("stranger"))
    for name, (path, _, actions) in PAGES.items():
        if name in {"projects", "users"}:
            continue
        page.goto(team.service.url + path(team))
        expect(page.get_by_text("There is nothing here any more")).to_be_visible()
        assert page.get_by_role("main").get_by_role("button").count() == 0
        for action in actions:
            assert team.call("stranger", *action.request(team)).status == 404, action


@pytest.mark.parametrize("path", ["scenes/new", "plans/new"])
def test_a_viewer_who_follows_a_link_to_an_editors_page_is_told_so(ui: Ui, team: Team, path: str) -> None:
    page = ui.open(f"/p/{team.project}/{path}", language="en", user=team.credentials("viewer"))
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("You may not")
