"""The editors by mouse and finger: steps are dragged, files chosen, templates completed wherever they may stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import SIGN_IN
from tests.support.browser import Ui
from tests.support.scenes import project_with_environment
from tests.support.scenes import stored
from tests.support.service import Service


@pytest.fixture(scope="module")
def shop(service: Service) -> int:
    """A project with an environment."""
    return project_with_environment(service)


def request(name: str, url: str = "/healthz") -> dict[str, Any]:
    return {"type": "request", "name": name, "request": {"method": "GET", "url": url}}


def tree(page: Page) -> list[str]:
    """The paths and names of all steps."""
    rows: list[str] = page.get_by_role("treeitem").evaluate_all(
        "(rows) => rows.map((row) => `${row.dataset.step} ${row.querySelector('.tree-name').textContent}`)"
    )
    return rows


def middle(row: Locator) -> tuple[float, float]:
    box = row.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def row(page: Page, name: str) -> Locator:
    return page.locator(".tree-row", has=page.get_by_text(name, exact=True))


STEPS = (request("one"), request("two"), {"type": "group", "name": "three", "steps": [request("four")]})
BEGINNING = ["steps[0] one", "steps[1] two", "steps[2] three", "steps[2].steps[0] four"]


def test_steps_are_dragged_by_mouse_and_all_of_it_is_undone(ui: Ui, shop: int) -> None:
    page = ui.open(f"/p/{shop}/scenes/{stored(ui.service, shop, 'Mouse', *STEPS)}", language="en")
    expect(page.get_by_role("treeitem")).to_have_count(4)

    def drag(name: str, to: Locator) -> None:
        page.mouse.move(*middle(row(page, name)))
        page.mouse.down()
        page.mouse.move(*middle(to), steps=5)
        page.mouse.up()

    drag("one", row(page, "two"))
    expect(row(page, "one")).to_have_attribute("data-step", "steps[1]")
    drag("two", row(page, "three"))
    expect(row(page, "two")).to_have_attribute("data-step", "steps[1].steps[0]")
    drag("four", page.locator(".tree-head").first)
    expect(row(page, "four")).to_have_attribute("data-step", "setup[0]")
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert tree(page) == BEGINNING
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


@pytest.fixture
def phone(ui: Ui, shop: int) -> Iterator[Page]:
    """The scene on a phone."""
    scene = stored(ui.service, shop, "Finger", *STEPS)
    context = ui._browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.add_init_script(SIGN_IN % json.dumps([ui._session("admin", "correct horse"), "en", "light"]))
    page = context.new_page()
    page.goto(f"{ui.service.url}/p/{shop}/scenes/{scene}")
    page.locator(".steps-toggle").tap()
    expect(page.get_by_role("treeitem")).to_have_count(4)
    yield page
    context.close()


def test_steps_are_dragged_by_a_finger_at_their_handles(phone: Page) -> None:
    touch = phone.context.new_cdp_session(phone)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    grip = row(phone, "one").locator("[data-grip]")
    lines = grip.bounding_box()
    assert lines is not None
    drawn = grip.evaluate("(svg) => svg.clientHeight - 2 * parseFloat(getComputedStyle(svg).paddingTop)")
    assert drawn >= 12, "the handle cannot be seen"
    start, end = middle(grip), middle(row(phone, "two"))
    send("touchStart", start)
    for part in (0.3, 0.6, 1.0):
        send("touchMove", (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part))
    send("touchEnd")
    expect(row(phone, "one")).to_have_attribute("data-step", "steps[1]")
    # By clicks: Chromium makes none of taps that come at once after another touch, as no finger's do.
    row(phone, "one").click()
    phone.locator(".step-head").get_by_role("button", name="More").click()
    phone.get_by_role("menuitem", name="Move up").click()
    phone.locator(".steps-toggle").click()
    expect(row(phone, "one")).to_have_attribute("data-step", "steps[0]")
    assert tree(phone) == BEGINNING


def test_a_body_is_a_file_of_the_project_or_uploaded_there(ui: Ui, shop: int) -> None:
    step = {"type": "request", "name": "put", "request": {"method": "PUT", "url": "/", "body_file": "photo.bin"}}
    scene = stored(ui.service, shop, "Files", step)
    page = ui.open(f"/p/{shop}/scenes/{scene}", language="en")
    expect(page.get_by_text("The project has no data file photo.bin.")).to_be_visible()
    photo = {"name": "other.bin", "mimeType": "application/octet-stream", "buffer": b"\0\1"}
    page.locator(".datafile input[type=file]").set_input_files(photo)
    expect(page.get_by_role("combobox", name="Body file")).to_have_value("other.bin")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert ui.service.get(f"/api/scenes/{scene}/").body["steps"][0]["request"]["body_file"] == "other.bin"
    ui.check(page)


def test_all_problems_of_a_plan_are_listed_with_their_fields(ui: Ui, shop: int) -> None:
    scene = stored(ui.service, shop, "Unknown", request("a", "/{{nope}}"), request("b", "/{{other}}"))
    body = {"project_id": shop, "name": "Two", "scenes": [{"scene_id": scene}], "config": {"hold_time": 1}}
    plan = ui.service.post("/api/performance/plans/", {**body, "config": {"concurrent_users": 1, "hold_time": 1}})
    page = ui.open(f"/p/{shop}/plans/{plan.body['id']}", language="en")
    expect(page.locator(".callout .problem-links li")).to_contain_text(["named nope", "named other"])
    page.get_by_role("button", name="2 problems").click()
    listed = page.locator(".problem-list")
    expect(listed.get_by_role("button")).to_have_count(2)
    ui.check(page)
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)
    page.get_by_role("button", name="2 problems").click()
    listed.get_by_role("button").last.click()
    expect(page.locator("[data-path='scenes[0]'] input").first).to_be_focused()


def templates(schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """The paths of all fields of a schema that take templates; of a list those of its first entry."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        schema = {**root["$defs"][name], **schema}
    if schema.get("x-template"):
        yield path
    for key, field in schema.get("properties", {}).items():
        yield from templates(field, root, f"{path}.{key}".lstrip("."))
    for variant in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from templates(variant, root, path)
    if isinstance(schema.get("items"), dict):
        yield from templates(schema["items"], root, f"{path}[0]")


BASIC = {"type": "basic", "username": "u", "password": "p"}
SIGN = {"headers": {"a": "b"}, "query": {"a": "b"}, "fields": {"a": "b"}}
PART = [{"name": "a", "value": "b"}]
PLACES: dict[str, dict[str, dict[str, Any]]] = {
    "http": {
        "url": {},
        "query": {"query": {"a": "b"}},
        "headers": {"headers": {"a": "b"}},
        "auth.username": {"auth": BASIC},
        "auth.password": {"auth": BASIC},
        "auth.token": {"auth": {"type": "bearer", "token": "t"}},
        "json": {"json": {"a": "b"}},
        "form": {"form": {"a": "b"}},
        **{f"multipart{part}": {"multipart": PART} for part in ("", "[0].name", "[0].value", "[0].filename")},
        "multipart[0].content_type": {"multipart": PART},
        "body": {"body": "b"},
        "body_file": {"body_file": "{{user}}"},
        **{f"sign.{part}": {"form": {"a": "b"}, "sign": SIGN} for part in SIGN},
    },
    "grpc": {
        "url": {},
        "message": {"message": {"a": "b"}},
        "messages": {"messages": [{"a": "b"}]},
        "metadata": {"metadata": {"a": "b"}},
    },
    "tcp": {"url": {"text": "b"}, "text": {"text": "b"}},
    "udp": {"url": {"text": "b"}, "text": {"text": "b"}},
    "websocket": {
        "url": {"text": "b"},
        "headers": {"headers": {"a": "b"}, "text": "b"},
        "text": {"text": "b"},
        "json": {"json": {"a": "b"}},
        "actions[0].text": {"actions": [{"text": "b"}]},
        "actions[0].json": {"actions": [{"json": {"a": "b"}}]},
    },
}
"""A request of each protocol for each field that takes templates, with that field filled."""
BASE: dict[str, dict[str, Any]] = {
    "http": {"method": "POST", "url": "/"},
    "grpc": {"url": "http://127.0.0.1:1", "method": "a.B/C"},
    "tcp": {"url": "tcp://127.0.0.1:1"},
    "udp": {"url": "udp://127.0.0.1:1"},
    "websocket": {"url": "ws://127.0.0.1:1"},
}


def request_templates(service: Service, protocol: str) -> set[str]:
    plugins = service.get("/api/plugins/?page_size=100").body["results"]
    schema = next(each for each in plugins if (each["kind"], each["name"]) == ("protocol", protocol))["request_schema"]
    return set(templates(schema, schema))


OPEN = "(e) => { for (let d = e.closest('details'); d; d = d.parentElement.closest('details')) d.open = true }"


def offered(page: Page, place: str) -> None:
    """A variable is offered where one types into the field at a place."""
    field = page.locator(f"[data-path='{place}']").locator(".template-input, .cm-content").last
    field.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("{{us")
    option = page.locator(".offer, .cm-tooltip-autocomplete li", has_text="user").first
    expect(option).to_be_visible()
    page.keyboard.press("Escape")


@pytest.mark.parametrize("protocol", sorted(PLACES))
def test_variables_are_offered_in_every_field_that_takes_templates(ui: Ui, shop: int, protocol: str) -> None:
    places = PLACES[protocol]
    assert set(places) == request_templates(ui.service, protocol), "a field that takes templates is not looked at here"
    steps = [
        {"type": "request", "name": place, "protocol": protocol, "request": {**BASE[protocol], **given}}
        for place, given in places.items()
    ]
    page = ui.open(f"/p/{shop}/scenes/{stored(ui.service, shop, protocol, *steps)}", language="en")
    for number, place in enumerate(places):
        row(page, place).click()
        for kept in page.get_by_role("button", name="Replace").all():
            kept.click()
        offered(page, f"steps[{number}].request.{place}")


def test_variables_are_offered_in_environments_and_in_options_of_protocols(ui: Ui, shop: int) -> None:
    page = ui.open(f"/p/{shop}/envs", language="en")
    page.get_by_role("button", name="New environment").first.click()
    variables, headers = page.locator("[data-path=variables]"), page.locator("[data-path=headers]")
    variables.get_by_role("button", name="Add").click()
    variables.get_by_role("textbox").first.fill("user")
    headers.get_by_role("button", name="Add").click()
    offered(page, "host")
    offered(page, "headers")
    value = headers.get_by_role("combobox")
    expect(value).to_have_attribute("type", "text")
    headers.get_by_role("button", name="Secret").click()
    expect(value).to_have_attribute("type", "password")
    expect(headers.locator(".template-back")).to_have_count(0)
    ui.check(page)
    options = {"http": {"proxy": {"url": "http://127.0.0.1:1", "username": "u"}, "certificate": "{{user}}"}}
    env = ui.service.get(f"/api/envs/?project_id={shop}").body["results"][0]["id"]
    config = {"concurrent_users": 1, "hold_time": 1, "env_id": env, "target_url": ui.service.url}
    body = {"project_id": shop, "name": "Proxy", "scenes": [], "config": config}
    config["execution_config"] = {"protocol_options": options}
    plan = ui.service.post("/api/performance/plans/", body)
    assert plan.status == 201, plan
    page = ui.open(f"/p/{shop}/plans/{plan.body['id']}", language="en")
    place = "config.execution_config.protocol_options.http"
    for field in ("proxy.username", "proxy.password", "certificate"):
        page.locator(f"[data-path='{place}.{field}']").evaluate(OPEN)
        offered(page, f"{place}.{field}")
    expect(page.locator(f"[data-path='{place}.proxy.password'] input")).to_have_attribute("type", "password")
