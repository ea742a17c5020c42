"""Editing as a team: undo through a whole editing, two editors at once, viewers, files out and in again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.outcomes import assert_passed
from tests.support.service import BIN
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("ui-authoring")

WU = ("wu", "long enough")
CHANGED = "main button.btn-primary, main .btn-danger, main a[href$='/new'], main input[type=file], main [role=slider]"
"""What changes something: none of it is there for viewers."""
OPEN_FIELDS = (
    ".step-form input:not([readonly]):not([disabled]), .step-form select:not([disabled]), "
    ".title-input:not([readonly]), .load-fields input:not([readonly]):not([disabled])"
)


def request(name: str, url: str = "/healthz") -> dict[str, Any]:
    return {"type": "request", "name": name, "request": {"url": url}}


@pytest.fixture(scope="module")
def team(service: Service) -> int:
    """A project with a viewer called wu and one of everything."""
    form = {"username": WU[0], "email": "wu@example.org", "password": WU[1]}
    assert service.post("/api/users/register/", form).status == 201
    project: int = service.post("/api/projects/", {"name": "Team"}).body["id"]
    service.post(f"/api/projects/{project}/members/", {"username": WU[0], "role": "viewer"})
    env = {"name": "staging", "project_id": project, "host": service.url, "variables": {"user": "ann"}}
    env_id = service.post("/api/envs/", env).body["id"]
    scene = stored(service, project, "Order")
    config = {
        "concurrent_users": 2,
        "hold_time": 1,
        "env_id": env_id,
        "execution_config": {"thresholds": ["p95 < 900"]},
    }
    plan = {"project_id": project, "name": "short", "scenes": [{"scene_id": scene}], "config": config}
    assert service.post("/api/performance/plans/", plan).status == 201
    preset = {
        "name": "small",
        "project_id": project,
        "config_type": "concurrent",
        "config_data": {"concurrent_users": 1},
    }
    assert service.post("/api/performance/presets/", preset).status == 201
    return project


def stored(service: Service, project: int, name: str) -> int:
    """The id of a new scene of two steps."""
    body = {"project_id": project, "name": name, "steps": [request("first"), request("second")]}
    answer = service.post("/api/scenes/", body)
    assert answer.status == 201, answer
    return int(answer.body["id"])


def scene_of(service: Service, scene: int) -> dict[str, Any]:
    body = service.get(f"/api/scenes/{scene}/").body
    return {key: body[key] for key in ("name", "setup", "on_start", "steps", "teardown")}


def edited(page: Page) -> None:
    """A whole editing: names, addresses, headers, steps added, moved, wrapped, disabled, deleted, checks, the text."""
    page.get_by_label("Name of the scene").fill("Order twice")
    page.get_by_role("treeitem", name="first").click()
    page.get_by_label("Name of the step").fill("sign in")
    page.get_by_label("Method", exact=True).select_option("POST")
    page.get_by_label("URL", exact=True).fill("/healthz?u={{user}}")
    page.get_by_role("button", name="Add a check").click()
    for kind in ("request", "think"):
        page.locator(".scene-add").get_by_role("button", name=kind, exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("treeitem", name="second").press("Alt+ArrowUp")
    page.locator(".step-head").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Put into a new group").click()
    page.get_by_role("treeitem", name="sign in").press("Space")
    page.get_by_role("treeitem", name="second").press("Delete")
    page.get_by_role("button", name="YAML", exact=True).click()
    page.locator(".source .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("teardown:\n  - name: sign out\n    request:\n      url: /healthz\n")
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_role("treeitem", name="sign out")).to_be_visible()


def test_undo_through_a_whole_editing(ui: Ui, team: int) -> None:
    scene = stored(ui.service, team, "Undone")
    first = scene_of(ui.service, scene)
    page = ui.open(f"/p/{team}/scenes/{scene}", language="en")
    edited(page)
    tree = page.get_by_role("treeitem").all_inner_texts()
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    steps = 0
    while undo.is_enabled():
        undo.click()
        steps += 1
    assert steps >= 11  # method and address are one step where they were typed at once
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    expect(page.get_by_text("not saved")).to_have_count(0)
    assert page.get_by_role("treeitem").count() == 2
    for _ in range(steps):
        redo.click()
    expect(redo).to_be_disabled()
    assert page.get_by_role("treeitem").all_inner_texts() == tree
    last = page.evaluate("key => localStorage.getItem(key)", f"perfsvc.draft.scene.{team}.{scene}")
    assert last is None or json.loads(last)["body"]["name"] == "Order twice"
    for _ in range(steps):
        undo.click()
    page.get_by_role("treeitem", name="second").click()
    page.get_by_label("Name of the step").fill("last")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    first["steps"][1]["name"] = "last"
    assert scene_of(ui.service, scene) == first


def test_two_editors_never_overwrite_each_other_unseen(ui: Ui, team: int) -> None:
    ui.expect_status(409)
    scene = stored(ui.service, team, "Shared")
    mine = ui.open(f"/p/{team}/scenes/{scene}", language="en")
    theirs = ui.open(f"/p/{team}/scenes/{scene}", language="zh")
    for page in (mine, theirs):
        page.locator(".step-name").wait_for()
    mine.wait_for_timeout(1100)  # times of change are whole seconds
    mine.locator(".step-name").fill("mine")
    mine.keyboard.press("Control+s")
    expect(mine.get_by_text("Saved", exact=True)).to_be_visible()
    theirs.locator(".step-name").fill("theirs")
    theirs.keyboard.press("Control+s")
    dialog = theirs.get_by_role("dialog")
    expect(dialog).to_contain_text("admin")
    ui.check(theirs)
    assert scene_of(ui.service, scene)["steps"][0]["name"] == "mine"
    dialog.locator(".dialog-foot .btn").nth(1).click()
    expect(theirs.locator(".step-name")).to_have_value("mine")
    theirs.wait_for_timeout(1100)
    theirs.locator(".step-name").fill("theirs again")
    theirs.keyboard.press("Control+s")
    expect(theirs.get_by_text("已保存", exact=True)).to_be_visible()
    mine.locator(".step-name").fill("mine again")
    mine.keyboard.press("Control+s")
    mine.get_by_role("dialog", name="Somebody saved first").get_by_role("button", name="Overwrite with mine").click()
    expect(mine.get_by_role("dialog")).to_have_count(0)
    assert scene_of(ui.service, scene)["steps"][0]["name"] == "mine again"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_viewer_opens_every_page_and_can_change_nothing(ui: Ui, team: int, language: str) -> None:
    scene = ui.service.get(f"/api/scenes/?project_id={team}").body["results"][-1]["id"]
    plan = ui.service.get(f"/api/performance/plans/?project_id={team}").body["results"][0]["id"]
    page = ui.open("/projects", language=language, user=WU)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(f"{sent.method} {sent.url}") if sent.method != "GET" else None)
    for path, ready in (
        ("", ".first"),
        ("/scenes", "table"),
        (f"/scenes/{scene}", ".step-form"),
        ("/plans", "table"),
        (f"/plans/{plan}", ".curve"),
        ("/runs", ".empty"),
        ("/trends", ".empty"),
        ("/envs", "table"),
        ("/data", ".empty"),
        ("/presets", "table"),
        ("/members", "table"),
    ):
        page.goto(f"{ui.service.url}/p/{team}{path}")
        page.locator(f"main {ready}").first.wait_for()
        assert page.locator(CHANGED).count() == 0, path
        assert page.locator(OPEN_FIELDS).count() == 0, path
        ui.check(page)
    for path in ("/nodes", "/plugins"):
        page.goto(ui.service.url + path)
        page.locator("main table").first.wait_for()
        assert page.locator(CHANGED).count() == 0, path
    assert [each for each in asked if "/preview/" not in each and "/token/" not in each] == []


EXPORT = {"zh": "导出为 YAML", "en": "Export as YAML"}
IMPORT = {"zh": "导入 YAML", "en": "Import YAML"}


def taken_out(page: Page, language: str, path: Path) -> str:
    """The project as a file, by a click."""
    with page.expect_download() as waited:
        page.get_by_role("button", name=EXPORT[language]).click()
    waited.value.save_as(path)
    return path.read_text("utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_goes_out_runs_and_comes_in_again_the_same(ui: Ui, team: int, tmp_path: Path, language: str) -> None:
    page = ui.open(f"/p/{team}", language=language)
    file = tmp_path / "team.yaml"
    text = taken_out(page, language, file)
    ran = subprocess.run([BIN, "run", file, "--plan", "short", "--json", "-"], capture_output=True, check=False)
    report = json.loads(ran.stdout)
    assert_passed(ran.returncode, report)
    assert (report["verdict"]["state"], report["summary"]["error_count"]) == ("PASSED", 0)
    other = ui.service.post("/api/projects/", {"name": f"Copy {language}"}).body["id"]
    page.goto(f"{ui.service.url}/p/{other}")
    page.get_by_role("button", name=IMPORT[language]).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=file]").first.set_input_files(file)
    expect(dialog.locator(".imported")).to_contain_text("Order")
    ui.check(page)
    dialog.locator(".dialog-foot .btn-primary").click()
    expect(dialog).to_have_count(0)
    assert taken_out(page, language, tmp_path / "copy.yaml") == text
