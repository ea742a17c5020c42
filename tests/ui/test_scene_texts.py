"""What is typed in a scene's fields: what cannot be read stays through a reload, functions are explained and judged."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.service import Service


@pytest.fixture(scope="module")
def project(service: Service) -> int:
    made: int = service.post("/api/projects/", {"name": "Texts"}).body["id"]
    return made


def stored(service: Service, project: int, name: str) -> int:
    """The id of a new scene that sends JSON."""
    send = {"type": "request", "name": "send", "request": {"method": "POST", "url": "/healthz", "json": {"id": 1}}}
    answer = service.post("/api/scenes/", {"project_id": project, "name": name, "steps": [send]})
    assert answer.status == 201, answer
    return int(answer.body["id"])


def typed(page: Page, editor: str, text: str) -> None:
    """Replace the text of a code editor."""
    page.locator(editor).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_what_cannot_be_read_comes_back_after_a_reload(ui: Ui, project: int) -> None:
    scene = stored(ui.service, project, "Unread")
    page = ui.open(f"/p/{project}/scenes/{scene}", language="en")
    body = ".step-form .cm-content"
    typed(page, body, '{"id": {{id}}}')
    expect(page.locator(".step-form")).to_contain_text("Line 1, column 8")
    page.reload()
    expect(page.locator(body)).to_have_text('{"id": {{id}}}')
    expect(page.locator(".step-form")).to_contain_text("Line 1, column 8")
    expect(page.get_by_role("status").get_by_text("were restored")).to_be_visible()
    expect(page.locator(".scene-head .btn-primary")).to_be_disabled()
    page.get_by_role("button", name="Discard changes").click()
    expect(page.locator(body)).to_contain_text('"id": 1')
    page.reload()
    expect(page.locator(body)).to_contain_text('"id": 1')

    page.get_by_role("button", name="YAML").click()
    typed(page, ".source .cm-content", "name: Unread\nsteps:\n  }")
    expect(page.locator(".source")).to_contain_text("Line 3, column 1")
    page.reload()
    expect(page.locator(".source .cm-content")).to_contain_text("}")
    expect(page.locator(".source")).to_contain_text("Line 3, column 1")
    typed(page, ".source .cm-content", "name: Read\nsteps: [{name: a, request: {url: /healthz}}]")
    expect(page.locator(".scene-head .btn-primary")).to_be_enabled()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
    left = page.evaluate(f"{kept}.filter((one) => /draft/.test(one))")
    assert left == []


def test_two_tabs_keep_a_draft_each(ui: Ui, project: int) -> None:
    scene = stored(ui.service, project, "Two tabs")
    first = ui.open(f"/p/{project}/scenes/{scene}", language="en")
    second = first.context.new_page()
    second.goto(first.url)
    name = "Name of the scene"
    expect(second.get_by_label(name)).to_have_value("Two tabs")
    first.get_by_label(name).fill("First")
    first.reload()
    second.get_by_label(name).fill("Second")
    second.reload()
    expect(first.get_by_label(name)).to_have_value("First")
    first.reload()
    expect(first.get_by_label(name)).to_have_value("First")
    expect(second.get_by_label(name)).to_have_value("Second")
    second.get_by_role("button", name="Discard changes").click()
    expect(second.get_by_label(name)).to_have_value("Two tabs")
    first.reload()
    expect(first.get_by_label(name)).to_have_value("First")
    with first.expect_event("close"):
        first.close(run_before_unload=True)
    third = second.context.new_page()
    third.goto(second.url)
    expect(third.get_by_label(name)).to_have_value("First")


WORDS = {
    "en": (
        "low: whole number",
        "has 1 arguments; the form is $randomInt(low, high)",
        "did you mean $uuid?",
        "1 problem",
    ),
    "zh": ("low: 整数", "参数个数不对（1 个），格式为 $randomInt(low, high)", "是否想写 $uuid？", "1 处问题"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_functions_are_explained_and_judged_while_typing(ui: Ui, project: int, language: str) -> None:
    form, wrong, meant, problems = WORDS[language]
    scene = stored(ui.service, project, f"Functions {language}")
    page = ui.open(f"/p/{project}/scenes/{scene}", language=language)
    address = page.locator(".request-line .template-input")
    address.fill("/healthz?n=")
    address.press_sequentially("{{$randomInt(")
    expect(page.locator(".signature b")).to_have_text(form)
    address.press_sequentially("1, $")
    expect(page.locator(".signature b")).to_contain_text("high")
    expect(page.locator(".offer").first).to_be_visible()
    address.press("Escape")
    address.fill("/healthz?n={{$randomInt(1)}}")
    expect(page.locator(".template .problem")).to_contain_text(wrong)
    expect(page.locator(".template mark.is-unknown")).to_have_text("{{$randomInt(1)}}")
    expect(page.get_by_role("button", name=problems)).to_be_visible()
    address.fill("/healthz?n={{$randomInt(1, 2)}}")
    expect(page.locator(".template mark.is-unknown")).to_have_count(0)
    expect(page.get_by_role("button", name=problems)).to_have_count(0)
    typed(page, ".step-form .cm-content", '{"id": "{{$uuidd}}", "n": "{{$concat(\\"a\\", \\"b\\")}}"}')
    expect(page.locator(".code-field .problem")).to_contain_text(meant)
    expect(page.locator(".cm-variable.is-unknown")).to_have_text("{{$uuidd}}")
    ui.check(page)
    page.locator(".step-form .cm-content").press("ControlOrMeta+End")
    typed(page, ".step-form .cm-content", '{"id": "{{$md5(')
    expect(page.locator(".cm-signature b")).to_be_visible()


CURL = "curl -X POST 'http://shop.example/cart' -H 'X-Trace: a' --insecure --data-raw '{\"item\": 1}'"
PASTE = """
(text) => {
  const data = new DataTransfer()
  data.setData('text/plain', text)
  const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
  document.activeElement.dispatchEvent(event)
}
"""


def test_steps_go_over_the_clipboard_and_curl_becomes_a_request(ui: Ui, project: int) -> None:
    scene = stored(ui.service, project, "Clipboard")
    page = ui.open(f"/p/{project}/scenes/{scene}", language="en")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    steps = page.get_by_role("treeitem")
    steps.first.focus()
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(steps).to_have_count(2)
    expect(steps.nth(1)).to_be_focused()
    page.keyboard.press("Control+x")
    expect(steps).to_have_count(1)
    expect(steps.first).to_be_focused()
    other = page.context.new_page()
    other.goto(f"{ui.service.url}/p/{project}/scenes/new")
    other.get_by_role("treeitem").first.focus()
    other.keyboard.press("Control+v")
    expect(other.get_by_role("treeitem", name="send")).to_be_visible()

    page.evaluate(PASTE, CURL)
    expect(page.get_by_role("treeitem", name="POST /cart")).to_be_visible()
    expect(page.get_by_text("were left out: --insecure")).to_be_visible()
    expect(page.get_by_role("combobox", name="URL")).to_have_value("http://shop.example/cart")
    expect(page.locator(".step-form .cm-content")).to_contain_text('"item": 1')
    page.get_by_role("button", name="Undo").click()
    expect(steps).to_have_count(1)
    page.get_by_role("combobox", name="URL").focus()
    page.evaluate(PASTE, "curl 'http://shop.example/items?page=2'")
    expect(page.get_by_role("combobox", name="URL")).to_have_value("http://shop.example/items?page=2")
    expect(page.get_by_label("Method", exact=True)).to_have_value("GET")


def test_from_one_scene_to_another_each_has_its_own_changes(ui: Ui, project: int) -> None:
    first, second = (stored(ui.service, project, name) for name in ("First of two", "Second of two"))
    page = ui.open(f"/p/{project}/scenes/{first}", language="en")
    title, body = page.locator(".scene-title .title-input"), page.locator(".step-form .cm-content")
    title.fill("First, changed")
    typed(page, ".step-form .cm-content", '{"id": {{id}}}')

    def go(name: str) -> None:
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Search or run").fill(name)
        page.get_by_role("dialog").get_by_role("option", name=name).click()

    go("Second of two")
    expect(title).to_have_value("Second of two")
    expect(body).to_contain_text('"id": 1')
    expect(page.get_by_role("button", name="Discard changes")).to_have_count(0)
    title.fill("Second, saved")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    names = [ui.service.get(f"/api/scenes/{scene}/").body["name"] for scene in (first, second)]
    assert names == ["First of two", "Second, saved"]
    go("First of two")
    expect(title).to_have_value("First, changed")
    expect(body).to_have_text('{"id": {{id}}}')

    page.goto(page.url.replace(f"/scenes/{first}", "/scenes/new"))
    title.fill("Not saved yet")
    go("Second, saved")
    expect(title).to_have_value("Second, saved")
    expect(page.get_by_role("button", name="Discard changes")).to_have_count(0)
