"""Weights and stages of a plan moved by mouse, finger and keys, and taken back step by step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.project_client import ProjectClient
from tests.support.service import Service

STAGES = [{"duration": 30, "target": 20}, {"duration": 60, "target": 60}, {"duration": 60, "target": 60}]


@pytest.fixture(scope="module")
def client(service: Service) -> ProjectClient:
    return ProjectClient(service, service.url)


@pytest.fixture
def page(ui: Ui, client: ProjectClient) -> Page:
    """The editor of a plan with two scenes and three stages."""
    scenes = [
        client.made(
            "/api/scenes/", {"name": name, "project_id": client.project, "steps": [{"name": "a", "request": {}}]}
        )
        for name in ("look", "buy")
    ]
    shares = [{"scene_id": scene, "weight": weight} for scene, weight in zip(scenes, (70, 30), strict=True)]
    body = {"name": "hands", "project_id": client.project, "scenes": shares}
    config = {"env_id": client.env, "concurrent_users": 60, "execution_config": {"stages": STAGES}}
    plan = client.made("/api/performance/plans/", {**body, "config": config})
    opened = ui.open(f"/p/{client.project}/plans/{plan}", language="en", height=1400)
    expect(opened.get_by_role("textbox", name="Name of the plan")).to_have_value("hands")
    opened.get_by_role("button", name="Run", exact=False).last.wait_for()
    return opened


def middle(handle: Locator) -> tuple[float, float]:
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def by_mouse(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def by_finger(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    half = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    for kind, places in (("touchStart", [start]), ("touchMove", [half]), ("touchMove", [end]), ("touchEnd", [])):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in places]})


Drag = Callable[[Page, tuple[float, float], tuple[float, float]], None]
HANDS = pytest.mark.parametrize("drag", [by_mouse, by_finger], ids=["mouse", "finger"])


def shares(page: Page) -> list[int]:
    """The parts of the scenes in percent, as they are shown."""
    return [int(text.removesuffix("%")) for text in page.locator(".share-part").all_inner_texts()]


@HANDS
def test_weights_are_dragged_and_always_make_a_whole(page: Page, drag: Drag) -> None:
    assert shares(page) == [70, 30]
    slider = page.get_by_role("slider", name="Weight of look")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    drag(page, (box["x"] + box["width"] * 0.7, y), (box["x"] + box["width"] * 0.3, y))
    look, buy = shares(page)
    assert (40 < look < 60, look + buy) == (True, 100)
    page.get_by_role("button", name="Undo").click()
    assert shares(page) == [70, 30]
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_weights_are_moved_by_keys_and_taken_back_by_keys(page: Page) -> None:
    slider = page.get_by_role("slider", name="Weight of look")
    slider.focus()
    for key in ("ArrowLeft", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        assert sum(shares(page)) == 100
    expect(slider).to_have_value("1")
    page.keyboard.press("Control+z")
    expect(slider).to_have_value("70")
    page.keyboard.press("Control+Shift+Z")
    expect(slider).to_have_value("1")


@HANDS
def test_stages_are_dragged_on_the_curve(page: Page, drag: Drag) -> None:
    corner = page.get_by_role("slider", name="Corner 1")
    x, y = middle(corner)
    drag(page, (x, y), (x + 60, y - 60))
    load = page.get_by_role("textbox", name="Load of stage 1")
    expect(load).not_to_have_value("20")
    assert int(load.input_value()) > 20
    page.get_by_role("button", name="Undo").click()
    expect(load).to_have_value("20")
    page.get_by_role("button", name="Redo").click()
    expect(load).not_to_have_value("20")


def test_stages_are_moved_added_and_removed_by_keys(page: Page) -> None:
    page.get_by_role("slider", name="Corner 2").focus()
    load = page.get_by_role("textbox", name="Load of stage 2")
    page.keyboard.press("ArrowDown")
    expect(load).not_to_have_value("60")
    page.keyboard.press("Insert")
    expect(page.locator("[data-stage]")).to_have_count(4)
    page.keyboard.press("Delete")
    expect(page.locator("[data-stage]")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator("[data-stage]")).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(page.locator("[data-stage]")).to_have_count(3)
    expect(load).not_to_have_value("60")
    page.keyboard.press("Control+z")
    expect(load).to_have_value("60")
