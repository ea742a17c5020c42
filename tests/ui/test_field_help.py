"""Every field of every form says what it is for, in both languages, with a link to an existing heading of the guide."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.docs.test_pages import anchors
from tests.support.browser import Ui
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("ui-field-help")

WALK = Path(__file__).with_name("field_help.js").read_text("utf-8")
ROOT = Path(__file__).parents[2]
CHINESE = re.compile("[\u4e00-\u9fff]")
PROTOCOLS: dict[str, dict[str, Any]] = {
    "http": {"url": "/"},
    "websocket": {"url": "ws://127.0.0.1/", "text": "a"},
    "grpc": {"url": "grpc://127.0.0.1:1", "method": "a.B/C"},
    "tcp": {"url": "tcp://127.0.0.1:1", "text": "a"},
    "udp": {"url": "udp://127.0.0.1:1", "text": "a"},
}
THINK_TIMES: list[dict[str, Any]] = [
    {"type": "constant", "value": 1},
    {"type": "uniform", "min": 1, "max": 2},
    {"type": "normal", "mean": 1, "deviation": 0.1},
]
STEP: dict[str, Any] = {"name": "in it", "request": {"url": "/"}}
WHEN = {"variable": "user", "is": "equals", "value": "ann"}
FLOWS: list[dict[str, Any]] = [
    {"type": "group", "name": "group", "steps": [STEP]},
    {"type": "loop", "name": "loop", "times": 2, "steps": [{"type": "break", "name": "break", "condition": WHEN}]},
    {"type": "while", "name": "while", "condition": WHEN, "max_times": 2, "steps": [STEP]},
    {"type": "if", "name": "if", "condition": WHEN, "steps": [STEP]},
    {"type": "choice", "name": "choice", "options": [{"weight": 1, "steps": [STEP]}]},
    {"type": "stop", "name": "stop", "what": "user", "condition": WHEN},
    {"type": "rendezvous", "name": "rendezvous", "users": 2},
    *({"type": "think", "name": "think", "think_time": one} for one in THINK_TIMES),
]
CHECKS: list[dict[str, Any]] = [
    {"type": "status", "equals": 200},
    {"type": "json", "path": "$.a", "equals": 1},
    {"type": "header", "name": "A", "equals": "b"},
    {"type": "regex", "pattern": "a"},
    {"type": "contains", "text": "a"},
    {"type": "response_time", "less_than": 100},
]
EXTRACTS: list[dict[str, Any]] = [
    {"name": "a", "from": "json", "path": "$.a"},
    {"name": "b", "from": "header", "header": "A"},
    {"name": "c", "from": "regex", "pattern": "(a)"},
]


@pytest.fixture(scope="module")
def shop(service: Service) -> Iterator[dict[str, Any]]:
    """Numbers of a project with one of everything and a user beside the administrator."""
    form = {"username": "lin", "email": "lin@example.org", "password": "long enough"}
    service.post("/api/users/register/", form)
    project = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    env = {"name": "staging", "project_id": project, "host": service.url, "variables": {"user": "ann"}}
    service.post("/api/envs/", env)
    requests = [
        {"name": name, "protocol": name, "request": request, "think_time": THINK_TIMES[i % 3]}
        for i, (name, request) in enumerate(PROTOCOLS.items())
    ]
    requests[0] |= {"checks": CHECKS, "extract": EXTRACTS}
    body = {"project_id": project, "name": "All", "steps": [*requests, *FLOWS]}
    scene = service.post("/api/scenes/", body)
    assert scene.status == 201, scene
    config = {"concurrent_users": 1, "hold_time": 3600, "execution_config": {"thresholds": ["p95 < 9000"]}}
    plan_body = {"project_id": project, "name": "Long", "config": {**config, "target_url": f"{service.url}/healthz"}}
    plan = service.post("/api/performance/plans/", plan_body)
    preset = {"name": "small", "project_id": project, "config_type": "concurrent", "config_data": {"vus": 1}}
    service.post("/api/performance/presets/", preset)
    start = f"/api/performance/plans/{plan.body['id']}"
    run = service.post(f"{start}/start/").body["execution_id"]
    yield {"project": project, "scene": scene.body["id"], "plan": plan.body["id"], "run": run}
    service.post(f"{start}/stop/")


class Walk:
    """Collects what the fields of a page say, and what says nothing."""

    def __init__(self, ui: Ui, language: str) -> None:
        self.page: Page = ui.open("/me", language=language)
        self.url = ui.service.url
        self.faults: list[str] = []
        self._language = language
        self._links: dict[str, str] = {}

    def go(self, path: str, ready: str = "main h1") -> Page:
        self.page.goto(self.url + path)
        self.page.locator(ready).first.wait_for(state="attached")
        expect(self.page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
        return self.page

    def look(self, where: str) -> None:
        """Collect the fields of the open dialog, or of the page."""
        found = self.page.evaluate(WALK)
        self.faults += [f"{where}: {name} is not explained" for name in found["bare"]]
        for key, one in found["said"].items():
            chinese = CHINESE.search(one["text"]) is not None
            if not one["text"] or chinese is not (self._language == "zh"):
                self.faults.append(f"{where}: {key} says {one['text']!r}")
            if not one["link"]:
                self.faults.append(f"{where}: {key} leads nowhere")
            self._links[one["link"]] = f"{where}: {key}"
        self._links |= dict.fromkeys(found["links"], where)

    def dialog(self, where: str) -> None:
        """Collect the fields of a dialog, which leads to the guide, and close it."""
        expect(self.page.locator("dialog[open]")).to_be_visible()
        if not self.page.locator("dialog[open] .dialog-head a[href*='/guide/']").count():
            self.faults.append(f"{where}: the dialog does not lead to the guide")
        self.look(where)
        self.page.evaluate("document.querySelector('dialog[open]').close()")

    def check(self) -> None:
        """Fail with what is not explained, and for links to headings that are not there."""
        for link in filter(None, self._links):
            path, _, anchor = urllib.parse.unquote(link).removeprefix("/guide/").partition("#")
            end = ".zh-CN" if self._language == "zh" else ""
            file = f"docs/{path}{end}.md"
            if anchor not in {"", *anchors(file if (ROOT / file).exists() else f"docs/{path}.md")}:
                self.faults.append(f"{self._links[link]}: {link} is not in the guide")
        assert not self.faults, "\n".join(dict.fromkeys(self.faults))


@pytest.fixture(params=["zh", "en"])
def walk(ui: Ui, request: pytest.FixtureRequest) -> Walk:
    return Walk(ui, request.param)


def test_fields_of_people_and_projects(walk: Walk, shop: dict[str, Any]) -> None:
    walk.go("/me", ".card form")
    walk.look("profile")
    for path, where in ((f"/p/{shop['project']}/members", "members"), ("/start", "start"), ("/nodes", "nodes")):
        walk.go(path)
        walk.look(where)
    page = walk.go("/projects", "main a[href^='/p/']")
    page.keyboard.press("n")
    walk.dialog("new project")
    page = walk.go("/users", "table")
    page.locator(".page-actions button, .page-head button").first.click()
    walk.dialog("new user")
    page.locator("tr", has_text="lin").locator("button").last.click()
    page.get_by_role("menuitem", name=re.compile("password|密码")).click()
    walk.dialog("new password")
    walk.check()


def test_fields_of_what_a_project_holds(walk: Walk, shop: dict[str, Any]) -> None:
    page = walk.go(f"/p/{shop['project']}/envs", "table")
    page.locator(".page-head button").last.click()
    walk.dialog("environment")
    page = walk.go(f"/p/{shop['project']}/presets", "table, .preset-list, main li")
    walk.look("presets")
    walk.go(f"/p/{shop['project']}/data")
    walk.look("data files")
    page = walk.go(f"/p/{shop['project']}", "main h2")
    page.locator("main [aria-haspopup=menu]").first.click()
    page.get_by_role("menuitem", name=re.compile("Import|导入")).click()
    walk.dialog("import")
    walk.check()


def test_fields_of_scenes(walk: Walk, shop: dict[str, Any]) -> None:
    page = walk.go(f"/p/{shop['project']}/scenes/{shop['scene']}", "[role=treeitem]")
    for item in page.get_by_role("treeitem").all():
        item.click()
        walk.look(f"step {item.inner_text().split()[0]}")
    walk.check()


def test_fields_of_plans(walk: Walk, shop: dict[str, Any]) -> None:
    page = walk.go(f"/p/{shop['project']}/plans/{shop['plan']}", ".plan-main")
    walk.look("plan")
    for choice in (".modes input", "[aria-labelledby=q-nodes] .option input", "[aria-labelledby=q-data] .tile input"):
        for one in page.locator(choice).all():
            name = one.evaluate("input => { input.click(); return input.closest('label').innerText }")
            walk.look(f"plan, {name.splitlines()[0]}")
    page.locator(".page-actions [aria-haspopup=menu]").click()
    for at, where in enumerate(("run with variables", "load a preset", "save as preset")):
        if at:
            page.locator(".page-actions [aria-haspopup=menu]").click()
        page.get_by_role("menuitem").nth(at).click()
        walk.dialog(where)
    walk.check()


def test_dialogs_of_a_run(walk: Walk, shop: dict[str, Any]) -> None:
    page = walk.go(f"/p/{shop['project']}/runs/{shop['run']}", ".steer-bar")
    expect(page.locator(".lane").first).to_be_visible(timeout=30_000)
    page.keyboard.press("l")
    walk.dialog("change load")
    page.locator("button[title]", has_text=re.compile("pin|标记", re.IGNORECASE)).first.click()
    walk.dialog("pin")
    page.locator(".steer-bar .btn-danger").click()
    walk.dialog("stop")
    walk.check()
