"""A run in the browser: live, steered, as its report, as a search, and through losses of the connection."""

from __future__ import annotations

import re
import signal
import urllib.parse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.relay import Relay
from tests.support.service import Service

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("ui-run")]

PATIENCE_MS = 40_000
TIMES_SHOWN = "() => [...document.querySelectorAll('.sheet-table tbody th')].map((cell) => cell.textContent)"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    with Nginx(folder) as server:
        yield server


class Desk:
    """A project with an environment for ``nginx``; makes plans and starts them."""

    def __init__(self, service: Service, nginx: Nginx) -> None:
        self.service = service
        self.project = self._made("/api/projects/", {"name": "shop"})
        self.env = self._made("/api/envs/", {"name": "staging", "project_id": self.project, "host": nginx.url})

    def scene(self, *urls: str) -> int:
        steps = [{"name": url.strip("/"), "request": {"url": url}} for url in urls]
        return self._made("/api/scenes/", {"name": "look", "project_id": self.project, "steps": steps})

    def plan(self, name: str, config: dict[str, Any], *urls: str) -> int:
        body = {"name": name, "project_id": self.project, "scenes": [{"scene_id": self.scene(*urls)}]}
        return self._made("/api/performance/plans/", {**body, "config": {"env_id": self.env, **config}})

    def start(self, plan: int) -> str:
        """Start a run; the path of its page."""
        answer = self.service.post(f"/api/performance/plans/{plan}/start/")
        assert answer.status == 200, answer
        return f"/p/{self.project}/runs/{answer.body['execution_id']}"

    def _made(self, path: str, body: dict[str, Any]) -> int:
        answer = self.service.post(path, body)
        assert answer.status == 201, answer
        return int(answer.body["id"])


@pytest.fixture(scope="module")
def desk(service: Service, nginx: Nginx) -> Desk:
    return Desk(service, nginx)


def arrivals(rate: float, seconds: float, **more: Any) -> dict[str, Any]:
    """A steady rate of arrivals."""
    stages = [{"duration": 0, "target": rate}, {"duration": seconds, "target": rate}]
    return {"execution_config": {"arrival_rate": stages, "max_vus": 20, **more}}


def seconds_shown(page: Page, least: int) -> None:
    """Wait until so many seconds stand in the table behind the charts."""
    page.locator(".sheet-table tbody tr").nth(least - 1).wait_for(timeout=PATIENCE_MS)


def lane(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def test_from_live_over_pause_load_and_stop_to_the_report_and_a_window(ui: Ui, desk: Desk) -> None:
    plan = desk.plan(
        "evening peak", arrivals(20, 300, thresholds=["p95 < 2000", "error_rate < 60"]), "/json", "/status/503"
    )
    page = ui.open(desk.start(plan), language="en")
    chip = page.locator("h1 .chip")
    expect(chip).to_have_text("Running")
    expect(page.get_by_role("heading", level=1)).to_contain_text("evening peak")
    expect(page.get_by_text("Passing so far")).to_be_visible(timeout=PATIENCE_MS)
    expect(lane(page, "Errors by class")).to_contain_text("HTTP 503", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    ui.check(page)

    page.get_by_role("slider", name="Cursor").focus()  # a button that has the focus would take the Space for itself
    page.keyboard.press(" ")
    expect(chip).to_have_text("Paused")
    page.keyboard.press(" ")
    expect(chip).to_have_text("Running")
    expect(page.get_by_role("button", name=re.compile(r"^Paused"))).to_be_visible(timeout=PATIENCE_MS)

    page.keyboard.press("l")
    dialog = page.get_by_role("dialog", name="Change load")
    expect(dialog).to_be_visible()
    ui.check(page)
    dialog.get_by_label("Arrivals").fill("30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile(r"admin .* → 30.s"))).to_be_visible(timeout=PATIENCE_MS)

    handle = page.get_by_role("slider", name=re.compile("Drag or use"))
    handle.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile(r"admin .* → 29.s"))).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("region", name="Result")).to_contain_text("Stopped", timeout=PATIENCE_MS)
    expect(chip).to_have_text("Stopped")
    expect(page.get_by_role("region", name="Figures in the window")).to_contain_text("requests")
    ui.check(page)
    check_the_window(page)


def check_the_window(page: Page) -> None:
    """A brush over a chart sets the window, which is in the link and survives a reload; ``0`` shows the whole run."""
    plot = lane(page, "Throughput (RPS)").locator(".u-over").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(r"[?&]w=\d+-\d+"))
    page.reload()
    expect(
        page.get_by_role("region", name="Window", exact=True).get_by_role("button", name="Whole run")
    ).to_have_attribute("aria-pressed", "false")
    page.get_by_role("slider", name="Cursor").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("slider", name="Cursor")).to_have_attribute("aria-valuetext", re.compile("Requests"))
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "w=" not in url)


def test_the_chosen_percentile_is_that_of_the_whole_page_and_of_its_link(ui: Ui, desk: Desk) -> None:
    page = ui.open(desk.start(desk.plan("percentile", arrivals(20, 4), "/json")), language="en")
    figures = page.get_by_role("region", name="Figures in the window")
    expect(figures).to_be_visible(timeout=PATIENCE_MS)
    figures.get_by_label("Choose a percentile").select_option("p99")
    page.wait_for_url(re.compile(r"[?&]p=p99"))
    expect(page.get_by_role("heading", name="Where it bends p99 ms")).to_be_visible()
    expect(lane(page, "Response time")).to_contain_text("p99 (TP99)")
    page.evaluate("localStorage.removeItem('perfsvc.run.percentile')")
    page.reload()
    expect(figures.get_by_label("Choose a percentile")).to_have_value("p99", timeout=PATIENCE_MS)


def test_on_paper_the_report_is_light_and_fits(ui: Ui, desk: Desk) -> None:
    page = ui.open(desk.start(desk.plan("paper", arrivals(20, 4), "/json")), language="en", theme="dark")
    expect(page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
    assert len(page.pdf(format="A4")) > 20_000
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("html")).not_to_have_class(re.compile("dark"))
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    canvases = page.evaluate(
        "[...document.querySelectorAll('.lane canvas')].map((each) => each.getBoundingClientRect().right)"
    )
    assert max(canvases) <= 1040
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_class(re.compile("dark"))


def test_a_step_turns_all_charts_to_itself(ui: Ui, desk: Desk) -> None:
    plan = desk.plan("steps", arrivals(20, 4), "/json", "/status/503")
    page = ui.open(desk.start(plan), language="zh")
    expect(page.get_by_role("region", name="结论", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="status/503", exact=True).first.click()
    page.wait_for_url(re.compile(r"[?&]step=1"))
    expect(page.get_by_role("button", name="只看步骤：status/503")).to_be_visible()
    expect(page.get_by_label("样例", exact=True)).to_contain_text("GET /status/503 HTTP/1.1")
    page.go_back()
    expect(page.get_by_role("button", name="只看步骤：status/503")).to_be_hidden()


LOOKS = [("zh", "dark", 390), ("en", "light", 390), ("zh", "light", 1280), ("en", "dark", 1280)]


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_live_and_report_are_for_everyone(ui: Ui, desk: Desk, language: str, theme: str, width: int) -> None:
    plan = desk.plan(
        f"everyone {language} {theme} {width}", arrivals(20, 6, thresholds=["error_rate < 10"]), "/json", "/status/503"
    )
    page = ui.open(desk.start(plan), language=language, theme=theme, width=width)
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)
    ui.check(page)
    expect(page.locator(".result")).to_contain_text("未通过" if language == "zh" else "Failed", timeout=PATIENCE_MS)
    expect(page.locator("#config")).to_be_visible()
    ui.check(page)


def test_a_search_is_told_as_a_story_and_ends_in_one_sentence(ui: Ui, desk: Desk) -> None:
    search = {"level_time": 2, "settle_time": 0.4, "precision": 20, "confirmations": 0}
    load = {"arrival_rate": {"min": 40, "max": 300}, "max_vus": 40, "search": search}
    config = {
        "test_mode": "error_rate",
        "error_threshold": 1,
        "step_users": 40,
        "hold_time": 60,
        "execution_config": load,
    }
    page = ui.open(desk.start(desk.plan("limit", config, "/bucket")), language="en")
    answer = page.get_by_role("region", name="The answer")
    expect(answer).to_contain_text("Searching", timeout=PATIENCE_MS)
    expect(answer.get_by_role("status")).to_have_text(
        re.compile(r"^(holds (at least )?\d+.s|even the lowest)"), timeout=90_000
    )
    story = page.get_by_role("region", name="How it was found")
    expect(story).to_contain_text("Raise")
    expect(story).to_contain_text("threshold 1 %")
    expect(page.locator("section[aria-label=Evidence]")).to_contain_text("1 · Raise")
    ui.check(page)


def test_a_viewer_watches_and_cannot_steer(ui: Ui, desk: Desk) -> None:
    service = desk.service
    user = service.post(
        "/api/users/register/", {"username": "watcher", "email": "watcher@example.com", "password": "correct horse"}
    )
    assert user.status == 201, user
    member = service.post(f"/api/projects/{desk.project}/members/", {"username": "watcher", "role": "viewer"})
    assert member.status in {200, 201}, member
    plan = desk.plan("watched", arrivals(5, 60), "/json")
    page = ui.open(desk.start(plan), language="en", user=("watcher", "correct horse"))
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.keyboard.press(" ")
    expect(page.locator("h1 .chip")).to_have_text("Running")
    assert service.post(f"/api/performance/plans/{plan}/stop/").status == 200


@pytest.fixture
def relayed(browser: Browser, tmp_path: Path, nginx: Nginx) -> Iterator[tuple[Ui, Desk, Relay]]:
    """A service of its own behind a relay, so that it may go away and come back under one address."""
    service = Service(tmp_path / "data")
    with Relay(port_of(service.url)) as relay:
        desk = Desk(service, nginx)
        service.url = f"http://127.0.0.1:{relay.port}"
        ui = Ui(browser, service)
        yield ui, desk, relay
        ui.close()
    service.end()


def port_of(url: str) -> int:
    return int(urllib.parse.urlsplit(url).port or 0)


def test_a_silent_line_is_joined_again_without_a_hole(relayed: tuple[Ui, Desk, Relay]) -> None:
    ui, desk, relay = relayed
    ui.expect_offline()
    page = ui.open(desk.start(desk.plan("line", arrivals(10, 58), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    relay.cut()
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=PATIENCE_MS)
    relay.mend()
    expect(page.get_by_text("Connection lost")).to_be_hidden(timeout=PATIENCE_MS)
    seconds_shown(page, 12)
    times = [int(text[-2:]) for text in page.evaluate(TIMES_SHOWN)]
    assert [(after - before) % 60 for before, after in pairwise(times)] == [1] * (len(times) - 1)


def test_a_service_killed_and_started_again_under_an_open_page(relayed: tuple[Ui, Desk, Relay]) -> None:
    ui, desk, relay = relayed
    ui.expect_offline()
    page = ui.open(desk.start(desk.plan("killed", arrivals(10, 120), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    address = desk.service.url
    desk.service.end(signal.SIGKILL)
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=PATIENCE_MS)
    desk.service.start()
    relay.target = port_of(desk.service.url)
    desk.service.url = address
    expect(page.locator("h1 .chip")).to_have_text("Error", timeout=PATIENCE_MS)
    expect(page.get_by_text("Connection lost")).to_be_hidden()
    seconds_shown(page, 3)
