"""Scenes in the browser: the tree by keys, a trial, an extractor from its reply, text both ways, undo."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.scenes import project_with_environment
from tests.support.scenes import stored
from tests.support.service import Service
from tests.support.shop import Shop

LOOKS = [("zh", (("dark", 390), ("light", 1440))), ("en", (("dark", 1440), ("light", 390)))]
"""Languages, and the themes and widths in which pages are checked; those of test_compare load in the other ones."""
PASTE = """
(text) => {
  const clipboardData = new DataTransfer()
  clipboardData.setData('text/plain', text)
  document.querySelector('.tree').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
}
"""


@pytest.fixture(scope="module")
def shop(service: Service) -> int:
    """A project with an environment for the service itself."""
    return project_with_environment(service)


def request(name: str, url: str = "/healthz") -> dict[str, Any]:
    return {"type": "request", "name": name, "request": {"url": url}}


def names(service: Service, scene: int) -> list[str]:
    return [step["name"] for step in service.get(f"/api/scenes/{scene}/").body["steps"]]


def test_steps_are_moved_undone_and_saved_by_keyboard(ui: Ui, shop: int) -> None:
    scene = stored(ui.service, shop, "Order", request("first"), request("second"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en")
    steps = page.get_by_role("treeitem")
    expect(steps).to_have_count(2)
    steps.first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(steps.first).to_contain_text("second")
    page.keyboard.press("Delete")
    expect(steps).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(steps).to_have_count(2)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert names(ui.service, scene) == ["second", "first"]
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Save")
    expect(keys).to_contain_text("Undo")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="JSON body", exact=True).click()
    page.locator(".cm-content").first.click()
    page.keyboard.type("?")
    expect(page.locator(".cm-content").first).to_contain_text("?")
    expect(keys).to_have_count(0)


def test_what_was_typed_just_now_is_saved(ui: Ui, shop: int) -> None:
    page = ui.open(f"/p/{shop}/scenes/new", language="en")
    page.get_by_label("URL", exact=True).fill("/healthz")
    page.get_by_label("Name of the scene", exact=True).fill("In haste")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True).first).to_be_visible(timeout=PATIENCE_MS)


def test_a_trial_shows_the_reply_and_a_value_becomes_a_variable(ui: Ui, shop: int) -> None:
    scene = stored(ui.service, shop, "Health", request("health"), request("again", "/healthz?v={{version}}"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en")
    page.get_by_role("treeitem", name="health").click()
    page.get_by_role("button", name="Try up to here").click()
    page.get_by_role("button", name="0.1.0").click(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Keep as {{version}}").click()
    expect(page.get_by_role("combobox", name="JSONPath")).to_have_value("$.version")
    page.get_by_role("treeitem", name="again").click()
    expect(page.get_by_role("button", name="{{version}}")).to_be_visible()
    expect(page.locator(".template mark.is-unknown")).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    first = ui.service.get(f"/api/scenes/{scene}/").body["steps"][0]
    assert first["extract"] == [{"name": "version", "from": "json", "path": "$.version"}]


def test_a_trial_is_stopped_and_a_loop_shows_the_time_that_failed(ui: Ui, shop: int) -> None:
    with Shop() as target:
        detail = request("detail", f"{target.url}/status/404")
        loop = {"type": "loop", "name": "twice", "times": 2, "steps": [detail]}
        scene = stored(ui.service, shop, "Loop", loop, request("silent", f"{target.url}/never"))
        page = ui.open(f"/p/{shop}/scenes/{scene}", language="zh")
        page.get_by_role("treeitem", name="silent").click()
        page.keyboard.press("Control+Enter")
        page.locator(".scene-head").get_by_role("button", name="停止").click()
        expect(page.get_by_text("试运行已停止。")).to_be_visible()
        page.get_by_role("treeitem", name="twice").click()
        page.get_by_role("button", name="试到这一步").click()
        page.locator(".scene-side").get_by_role("button", name="detail").click(timeout=PATIENCE_MS)
        expect(page.get_by_text("第 1 次，共 2 次")).to_be_visible()
        page.get_by_role("button", name="后一次").click()
        expect(page.get_by_text("第 2 次，共 2 次")).to_be_visible()
        assert target.requests_by_path["/never"] <= 1


def test_variables_are_completed_and_unknown_ones_marked(ui: Ui, shop: int) -> None:
    scene = stored(ui.service, shop, "Typed", request("look"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en")
    address = page.get_by_role("combobox", name="URL")
    address.fill("/healthz?u=")
    address.press_sequentially("{{us")
    expect(page.get_by_role("option", name="user ann staging")).to_be_visible()
    page.keyboard.press("Enter")
    expect(address).to_have_value("/healthz?u={{user}}")
    address.fill("/healthz?u={{usr}}")
    expect(page.locator(".template mark.is-unknown")).to_have_text("{{usr}}")


@pytest.mark.parametrize(("language", "page_name"), [("en", "user-guide.md"), ("zh", "user-guide.zh-CN.md")])
def test_the_curl_command_of_the_guide_and_a_header_become_parts_of_a_step(
    ui: Ui, shop: int, language: str, page_name: str
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / page_name).read_text("utf-8")
    (command,) = re.findall(r"```curl\n(curl .*?)```", guide, re.DOTALL)
    headers, keep = {"en": ("Headers", "Keep as {{server}}"), "zh": ("响应头", "存成 {{server}}")}[language]
    scene = stored(ui.service, shop, f"Pasted {language}", request("look"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language=language)
    page.get_by_role("treeitem", name="look").click()
    page.locator(".step-head .btn-primary").click()
    page.get_by_role("tab", name=headers, exact=True).click(timeout=PATIENCE_MS)
    page.get_by_role("button", name="perfsvc", exact=True).click()
    page.get_by_role("button", name=keep).click()
    page.evaluate(PASTE, command)
    expect(page.get_by_role("treeitem")).to_have_count(2)
    page.keyboard.press("Control+s")
    expect(page.get_by_text({"en": "Saved", "zh": "已保存"}[language], exact=True)).to_be_visible()
    first, pasted = ui.service.get(f"/api/scenes/{scene}/").body["steps"]
    assert first["extract"] == [{"name": "server", "from": "header", "header": "Server"}]
    wanted = {"method": "POST", "url": "https://shop.example.com/cart?coupon=A1", "json": {"item": 7, "count": 2}}
    assert pasted["request"] == {**wanted, "headers": {"Authorization": "Bearer {{token}}"}}


def test_variables_are_completed_wherever_a_template_may_stand(ui: Ui, shop: int) -> None:
    first = {
        **request("look"),
        "checks": [{"type": "json", "path": "$.a", "equals": ""}],
        "extract": [{"name": "v", "from": "json", "path": "$.v"}],
    }
    first["request"] = {"method": "POST", "url": "/healthz", "json": {"user": "{{usr}}", "name": "{{user}}"}}
    known = {"variable": "v", "is": "equals", "value": ""}
    branch = {"type": "if", "name": "known", "condition": known, "steps": [request("then")]}
    scene = stored(ui.service, shop, "Templates", first, branch)
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en")
    expect(page.locator(".cm-variable.is-unknown")).to_have_text("{{usr}}")
    expect(page.locator(".cm-variable:not(.is-unknown)")).to_have_text("{{user}}")
    for step, name in (("look", "JSONPath"), ("look", "Expected value"), ("known", "Expected value")):
        page.get_by_role("treeitem", name=step).first.click()
        field = page.get_by_role("combobox", name=name).last
        field.fill("")
        field.press_sequentially("{{us")
        expect(page.get_by_role("option", name="user ann staging")).to_be_visible()
        page.keyboard.press("Enter")
        expect(field).to_have_value("{{user}}")
    page.get_by_role("combobox", name="Expected value").fill("1.05")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    steps = ui.service.get(f"/api/scenes/{scene}/").body["steps"]
    assert steps[0]["checks"][0]["equals"] == "{{user}}"
    assert steps[1]["condition"]["value"] == 1.05


BROKEN = {
    "en": ("Line 1, column 8: a placeholder stands in quotes", "Line 3, column 1:", "The text is no scene yet."),
    "zh": ("第 1 行第 8 列：占位符要加引号", "第 3 行第 1 列：", "文本还不是一个完整的业务流"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_that_cannot_be_read_is_named_and_never_saved(ui: Ui, shop: int, language: str) -> None:
    body, source, kept = BROKEN[language]
    first = request("send")
    first["request"] = {"method": "POST", "url": "/healthz", "json": {"id": 1}}
    scene = stored(ui.service, shop, "Broken", first, request("other"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language=language)
    save = page.locator(".scene-head .btn-primary")
    page.locator(".step-name").fill("sent")
    editor = page.locator(".step-form .cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"id": {{id}}}')
    expect(page.locator(".step-form").get_by_text(body)).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_role("treeitem", name="other").click()
    page.get_by_role("treeitem", name="other").press("Alt+ArrowUp")
    expect(page.get_by_role("treeitem").first).to_contain_text("other")
    expect(save).to_be_disabled()
    page.keyboard.press("Control+s")
    expect(page.locator(".step-form").get_by_text(body)).to_be_visible()
    expect(editor).to_have_text('{"id": {{id}}}')
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"id": 2}')
    expect(save).to_be_enabled()
    page.get_by_role("button", name="YAML").click()
    page.locator(".source .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("name: Broken\nsteps:\n  }")
    expect(page.locator(".source").get_by_text(source)).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.get_by_text(kept)).to_be_visible()
    page.locator(".source .cm-content").click()
    page.keyboard.press("Control+z")
    expect(save).to_be_enabled()
    ui.check(page)
    page.keyboard.press("Control+s")
    expect(page.get_by_text({"zh": "已保存", "en": "Saved"}[language], exact=True)).to_be_visible()
    assert names(ui.service, scene) == ["other", "sent"]
    assert ui.service.get(f"/api/scenes/{scene}/").body["steps"][1]["request"]["json"] == {"id": 2}


def test_a_viewer_can_change_nothing(ui: Ui, shop: int) -> None:
    ui.service.post("/api/users/register/", {"username": "wu", "email": "wu@example.org", "password": "long enough"})
    ui.service.post(f"/api/projects/{shop}/members/", {"username": "wu", "role": "viewer"})
    scene = stored(ui.service, shop, "Looked at", request("look"))
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en", user=("wu", "long enough"))
    expect(page.get_by_role("combobox", name="URL")).not_to_be_editable()
    for name in ("Save", "Try up to here", "Extract a value", "request"):
        expect(page.locator("main").get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_pages_are_for_everyone(ui: Ui, shop: int, language: str, looks: Sequence[Look]) -> None:
    body = {
        **request("send"),
        "checks": [{"type": "status", "equals": 200}],
        "extract": [{"name": "v", "from": "json", "path": "$.version"}],
    }
    body["request"] = {
        "method": "POST",
        "url": "/healthz",
        "headers": {"X-User": "{{user}}"},
        "json": {"a": "{{$uuid}}"},
    }
    branch = {
        "type": "if",
        "name": "known",
        "condition": {"variable": "v"},
        "steps": [request("then")],
        "otherwise": [request("else")],
    }
    scene = stored(ui.service, shop, f"For everyone {language}", body, branch)
    page = ui.open(f"/p/{shop}/scenes", language=language, theme=looks[0][0], width=looks[0][1])
    page.locator("main table").wait_for()
    ui.check_in(page, looks)
    page.goto(f"{ui.service.url}/p/{shop}/scenes/{scene}")
    page.locator(".step-form").wait_for()
    ui.check_in(page, looks)
    for view in ("YAML", "JSON"):
        page.get_by_role("button", name=view, exact=True).click()
        page.locator(".source").wait_for()
        ui.check_in(page, looks)


def test_on_a_phone_the_form_comes_first_and_the_steps_unfold_over_it(ui: Ui, shop: int) -> None:
    steps = [request(f"step {number}") for number in range(1, 41)]
    scene = stored(ui.service, shop, "Long", *steps)
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en", width=390)
    toggle = page.locator(".steps-toggle")
    name = page.locator(".step-name")
    rows = page.get_by_role("treeitem")
    expect(toggle).to_have_accessible_name("Steps step 1 1 / 40")
    expect(rows).to_have_count(0)
    expect(name).to_be_in_viewport()
    page.get_by_role("button", name="Next step").click()
    expect(name).to_have_value("step 2")
    toggle.press("Enter")
    expect(rows).to_have_count(40)
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(name).to_have_value("step 40")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    ui.check(page)
    page.keyboard.press("Enter")
    expect(toggle).to_be_focused()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(toggle).to_have_accessible_name("Steps step 40 40 / 40")
    expect(page.get_by_role("button", name="Next step")).to_be_disabled()
    toggle.press("Enter")
    page.keyboard.press("Escape")
    expect(rows).to_have_count(0)
    expect(toggle).to_be_focused()
    toggle.click()
    rows.nth(2).click()
    expect(rows).to_have_count(0)
    expect(name).to_have_value("step 3")
    toggle.click()
    page.get_by_role("button", name="loop", exact=True).click()
    expect(rows).to_have_count(0)
    expect(toggle).to_have_accessible_name("Steps loop 4 / 41")
    ui.check(page)
