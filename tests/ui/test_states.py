"""What a page shows where it cannot show what is asked for: replies that are not the service's, things that are gone,
rights that are missing, figures that are not there yet."""

from __future__ import annotations

import re
import socket

import pytest
from playwright.sync_api import Route
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.project_client import ProjectClient
from tests.support.project_client import arrivals
from tests.support.project_client import lane
from tests.support.service import PASSWORD
from tests.support.service import Service


@pytest.fixture(scope="module")
def client(service: Service, nginx: Nginx) -> ProjectClient:
    return ProjectClient(service, nginx.url)


REPLIES = [
    (200, "<html>Welcome to our guest network</html>", "not from perfsvc", "收到的不是 perfsvc 的响应"),
    (502, "<html>Bad Gateway</html>", "A proxy in between", "中间的代理没有得到服务的响应（HTTP 502）"),
    (418, "", "HTTP 418", "服务返回 HTTP 418"),
]


@pytest.mark.parametrize(("status", "body", "english", "chinese"), REPLIES)
def test_a_reply_that_is_not_the_services_is_distinguished_from_a_service_that_is_away(
    ui: Ui, client: ProjectClient, status: int, body: str, english: str, chinese: str
) -> None:
    ui.expect_status(status)
    for language, words in (("en", english), ("zh", chinese)):
        page = ui.open("/me", language=language)
        page.route(
            "**/api/projects/**", lambda route: route.fulfill(status=status, content_type="text/html", body=body)
        )
        page.goto(f"{client.service.url}/projects")
        expect(page.get_by_role("main").get_by_role("alert").last).to_contain_text(words, timeout=PATIENCE_MS)
        ui.check(page)


def test_what_was_deleted_meanwhile_is_said_beside_what_one_had_typed(ui: Ui, client: ProjectClient) -> None:
    ui.expect_status(404)
    plan = client.plan("short-lived", arrivals(5, 5), "/json")
    page = ui.open(f"/p/{client.project}/plans/{plan}", language="en")
    expect(page.get_by_role("textbox", name="Name of the plan")).to_have_value("short-lived")
    assert client.service.delete(f"/api/performance/plans/{plan}/").status == 200
    note = page.get_by_role("alert").filter(has_text="has been deleted")
    page.evaluate("Date.now = ((real) => () => real() + 60_000)(Date.now)")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")  # one comes back to the window after a while
    expect(note).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("textbox", name="Name of the plan")).to_have_value("short-lived")
    page.goto(f"{client.service.url}/p/{client.project}/plans/{plan}")
    expect(page.get_by_text("There is nothing here any more")).to_be_visible()
    page.get_by_role("link", name="See my projects").click()
    page.wait_for_url("**/projects")


def test_a_viewer_has_no_form_for_new_plans_and_scenes(ui: Ui, client: ProjectClient) -> None:
    who = {"username": "reader", "email": "reader@example.com", "password": PASSWORD}
    assert client.service.post("/api/users/register/", who).status == 201
    member = {"username": "reader", "role": "viewer"}
    assert client.service.post(f"/api/projects/{client.project}/members/", member).status == 201
    for place in ("plans", "scenes"):
        page = ui.open(f"/p/{client.project}/{place}/new", language="en", user=("reader", PASSWORD))
        expect(page.get_by_text("You may not see this")).to_be_visible()


def test_figures_of_another_window_are_not_shown_as_those_of_this_one(ui: Ui, client: ProjectClient) -> None:
    path = client.start(client.plan("windows", arrivals(20, 6), "/json"))
    page = ui.open(path, language="en")
    expect(page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
    held: list[Route] = []
    page.route(re.compile(r"/figures/\?from="), lambda route: held.append(route))
    plot = lane(page, "Throughput (RPS)").locator(".u-over").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 20, steps=3)
    page.mouse.up()
    window = page.get_by_role("region", name="Window", exact=True)
    expect(window).to_contain_text("computing this window")
    expect(page.locator(".run-page")).to_have_class(re.compile("is-waiting"))
    ui.expect_status(500)
    held[0].fulfill(status=500, json={"error": "disk on fire", "request_id": "r1"})
    expect(window.get_by_role("alert")).to_contain_text("could not be read: Disk on fire")
    page.unroute(re.compile(r"/figures/\?from="))
    window.get_by_role("button", name="Try again").click()
    expect(window).to_contain_text("exact to")
    expect(page.locator(".run-page")).not_to_have_class(re.compile("is-waiting"))


def test_a_run_without_one_result_does_not_say_that_all_went_well(ui: Ui, client: ProjectClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = client.made("/api/envs/", {"name": "silent", "project_id": client.project, "host": host})
        load = arrivals(4, 1)
        load["execution_config"]["graceful_stop"] = 0.5
        page = ui.open(client.start(client.plan("silent", {**load, "env_id": env}, "/json")), language="en")
        result = page.get_by_role("region", name="Result")
        expect(result).to_contain_text(
            re.compile(r"[34] requests had no reply when the run ended"), timeout=PATIENCE_MS
        )
        errors = page.locator("#errors")
        expect(errors).to_contain_text("No request came to a result")
        expect(errors).not_to_contain_text("Every request succeeded")
        page.get_by_role("link", name="Runs", exact=True).first.click()
        row = page.locator("tr", has=page.get_by_role("link", name="silent"))
        expect(row.locator("[data-label='Errors %']")).to_have_text("–")
