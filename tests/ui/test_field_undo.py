"""Undo and redo of fields of a step, kind by kind: one step back each, to exactly what was stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.service import Service

pytestmark = pytest.mark.timeout(180)

MASK = "******"
BASIC = {"type": "basic", "username": "ann", "password": "old"}


class Edit(NamedTuple):
    """A step as it is stored, one edit of it by hand, and what the edit makes of which part of the step."""

    name: str
    step: dict[str, Any]
    act: Callable[[Locator], None]
    at: str
    before: Any
    after: Any


def field(form: Locator, path: str) -> Locator:
    return form.locator(f"[data-path='steps[0].{path}']")


def body_typed(form: Locator) -> None:
    field(form, "request.json").locator(".cm-content").click()
    form.page.keyboard.press("Control+a")
    form.page.keyboard.insert_text('{"a": 2}')


def header_added(form: Locator) -> None:
    field(form, "request.headers").locator(".pair-ghost input").fill("B")
    field(form, "request.headers").get_by_role("combobox").last.fill("2")


def secret_replaced(form: Locator) -> None:
    field(form, "request.auth.password").get_by_role("button", name="Replace").click()
    field(form, "request.auth.password").locator("input").fill("new")


def pressed(path: str, name: str) -> Callable[[Locator], None]:
    return lambda form: field(form, path).get_by_role("button", name=name, exact=True).click()


def chosen(path: str, label: str) -> Callable[[Locator], None]:
    return lambda form: field(form, path).locator("select").first.select_option(label=label)


def filled(path: str, text: str, which: str = "input") -> Callable[[Locator], None]:
    return lambda form: field(form, path).locator(which).first.fill(text)


def body_dropped(form: Locator) -> None:
    form.get_by_role("group", name="Body").get_by_role("button", name="None", exact=True).click()


THINK = {"type": "constant", "value": 1}
PARTS = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
EDITS = [
    Edit("text", {}, filled("name", "away"), "name", "home", "away"),
    Edit("template text", {}, filled("request.url", "/{{$vu}}", ".template-input"), "request.url", "/", "/{{$vu}}"),
    Edit("number", {}, filled("timeout", "2000"), "timeout", None, 2000),
    Edit("duration", {"think_time": THINK}, filled("think_time", "2.5"), "think_time.value", 1, 2.5),
    Edit("method", {}, lambda form: form.locator(".request-method").select_option("PUT"),
         "request.method", "POST", "PUT"),
    Edit("enumeration", {}, chosen("request.http_version", "HTTP/2"), "request.http_version", None, "2"),
    Edit("boolean", {}, lambda form: field(form, "request.expect_continue").locator("input").check(),
         "request.expect_continue", None, True),
    Edit("boolean or default", {}, pressed("request.follow_redirects", "Yes"), "request.follow_redirects", None, True),
    Edit("list", {"request": {"multipart": PARTS}},
         lambda form: field(form, "request.multipart").get_by_role("button", name="Remove").last.click(),
         "request.multipart", PARTS, PARTS[:1]),
    Edit("map", {"request": {"headers": {"A": "1"}}}, header_added,
         "request.headers", {"A": "1"}, {"A": "1", "B": "2"}),
    Edit("union", {"request": {"auth": BASIC}}, chosen("request.auth", "None"), "request.auth",
         {**BASIC, "password": MASK}, None),
    Edit("secret", {"request": {"auth": BASIC}}, secret_replaced, "request.auth.password", MASK, MASK),
    Edit("body editor", {"request": {"json": {"a": 1}}}, body_typed, "request.json", {"a": 1}, {"a": 2}),
    Edit("one of several", {"request": {"json": {"a": 1}}}, body_dropped, "request.json", {"a": 1}, None),
    Edit("file", {"request": {"body_file": "a.csv"}}, chosen("request.body_file", "b.csv"),
         "request.body_file", "a.csv", "b.csv"),
    Edit("object", {}, lambda form: field(form, "request.listen").locator("input").first.check(),
         "request.listen", None, {}),
    Edit("rule", {}, chosen("on_failure", "Stop the user"), "on_failure", None, "stop_user"),
]  # fmt: skip


@pytest.fixture(scope="module")
def project(service: Service) -> int:
    """A project with two data files."""
    identifier: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    for name in ("a.csv", "b.csv"):
        assert service.upload(identifier, name, b"user\nann\n").status == 201
    return identifier


def stored(service: Service, project: int, step: dict[str, Any]) -> int:
    request = {"method": "POST", "url": "/", **step.get("request", {})}
    steps = [{**step, "name": "home", "request": request}]
    answer = service.post("/api/scenes/", {"project_id": project, "name": "Undone", "steps": steps})
    assert answer.status == 201, answer
    return int(answer.body["id"])


def part_of(service: Service, scene: int, at: str) -> Any:
    """A part of the stored step; None where it is not there."""
    value: Any = service.get(f"/api/scenes/{scene}/").body["steps"][0]
    for key in at.split("."):
        value = (value or {}).get(key)
    return value


def unfolded(page: Page) -> Locator:
    form = page.locator(".step-form")
    for part in ("request.headers", "on_failure"):  # made from schemas, which come later than the page
        expect(field(form, part)).to_be_visible()
    for more in form.locator("details:not([open]) > summary").all():
        more.click()
    return form


def shown(form: Locator) -> list[str]:
    """What the fields of the form show."""
    return form.evaluate(
        "form => [...form.querySelectorAll('input, select, textarea, .cm-content, .secret, [aria-pressed]')].map(one =>"
        " one.type === 'checkbox' ? `${one.checked}` : one.getAttribute('aria-pressed') ?? one.value ?? one.innerText)"
    )


@pytest.mark.parametrize("edit", EDITS, ids=[edit.name for edit in EDITS])
def test_an_edit_of_a_field_is_one_step_back_and_one_again(ui: Ui, project: int, edit: Edit) -> None:
    scene = stored(ui.service, project, edit.step)
    assert part_of(ui.service, scene, edit.at) == edit.before
    page = ui.open(f"/p/{project}/scenes/{scene}", language="en")
    form = unfolded(page)
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    first = shown(form)
    edit.act(form)
    expect(undo).to_be_enabled()
    changed = shown(form)
    undo.click()
    expect(undo).to_be_disabled()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert shown(form) == first
    redo.click()
    expect(redo).to_be_disabled()
    assert shown(form) == changed
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert part_of(ui.service, scene, edit.at) == edit.after
