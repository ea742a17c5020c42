"""A run in the browser: live, steered, as its report, on paper, and as a search."""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.project_client import ProjectClient
from tests.support.project_client import arrivals
from tests.support.project_client import lane
from tests.support.project_client import seconds_shown
from tests.support.service import Service


@pytest.fixture(scope="module")
def client(service: Service, nginx: Nginx) -> ProjectClient:
    return ProjectClient(service, nginx.url)


WORDS = {
    "zh": {
        "running": "进行中",
        "paused": "已暂停",
        "passing": "目前通过",
        "errors": "错误类别",
        "table": "数据表",
        "cursor": "游标",
        "load": "调整负载",
        "rate": "到达率",
        "stop": "停止",
        "stopped": "已停止",
        "result": "结论",
        "drag": "拖动",
        "pause": "暂停",
        "figures": "窗口内的数字",
        "requests": "个请求",
        "rps": "吞吐量 (RPS)",
        "window": "窗口",
        "whole": "全程",
        "told": "请求",
    },
    "en": {
        "running": "Running",
        "paused": "Paused",
        "passing": "Passing so far",
        "errors": "Errors by class",
        "table": "Table",
        "cursor": "Cursor",
        "load": "Change load",
        "rate": "Arrivals",
        "stop": "Stop",
        "stopped": "Stopped",
        "result": "Result",
        "drag": "Drag or use",
        "pause": "Paused",
        "figures": "Figures in the window",
        "requests": "requests",
        "rps": "Throughput (RPS)",
        "window": "Window",
        "whole": "Whole run",
        "told": "Requests",
    },
}


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_from_live_over_pause_load_and_stop_to_the_report_and_a_window(
    ui: Ui, client: ProjectClient, language: str, theme: str
) -> None:
    words = WORDS[language]
    thresholds = ["p95 < 2000", "error_rate < 60"]
    plan = client.plan(f"evening peak {language}", arrivals(20, 300, thresholds=thresholds), "/json", "/status/503")
    page = ui.open(client.start(plan), language=language, theme=theme)
    chip = page.locator("h1 .chip")
    expect(chip).to_have_text(words["running"])
    expect(page.get_by_role("heading", level=1)).to_contain_text("evening peak")
    expect(page.get_by_text(words["passing"])).to_be_visible(timeout=PATIENCE_MS)
    expect(lane(page, words["errors"])).to_contain_text("HTTP 503", timeout=PATIENCE_MS)
    page.get_by_role("button", name=words["table"]).click()
    seconds_shown(page, 3)
    ui.check(page)

    page.get_by_role("slider", name=words["cursor"]).focus()  # a focused button would take the Space for itself
    page.keyboard.press(" ")
    expect(chip).to_have_text(words["paused"])
    page.keyboard.press(" ")
    expect(chip).to_have_text(words["running"])
    expect(page.locator(".pin", has_text=words["pause"])).to_be_visible(timeout=PATIENCE_MS)

    page.keyboard.press("l")
    dialog = page.get_by_role("dialog", name=words["load"])
    expect(dialog).to_be_visible()
    ui.check(page)
    dialog.get_by_label(words["rate"]).fill("30")
    page.keyboard.press("Enter")
    expect(by_admin(page, 30)).to_be_visible(timeout=PATIENCE_MS)
    handle = page.get_by_role("slider", name=re.compile(words["drag"]))
    handle.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(by_admin(page, 29)).to_be_visible(timeout=PATIENCE_MS)
    drag_the_load(page, handle)

    page.get_by_role("button", name=words["stop"], exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=words["stop"], exact=True).click()
    expect(page.get_by_role("region", name=words["result"])).to_contain_text(words["stopped"], timeout=PATIENCE_MS)
    expect(chip).to_have_text(words["stopped"])
    expect(page.get_by_role("region", name=words["figures"])).to_contain_text(words["requests"])
    ui.check(page)
    check_the_window(page, words)
    assert len(page.pdf(format="A4")) > 20_000


def by_admin(page: Page, level: int) -> Locator:
    """The mark of a load that was changed by hand."""
    return page.get_by_role("button", name=re.compile(rf"admin .* → {level}.s"))


def drag_the_load(page: Page, handle: Locator) -> None:
    """The handle at now is dragged to the top; the level that it says is the one that is marked."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 20, steps=4)
    expect(handle).not_to_have_attribute("aria-valuetext", "29/s")
    level = int(str(handle.get_attribute("aria-valuetext")).removesuffix("/s"))
    page.mouse.up()
    assert level > 29
    expect(by_admin(page, level)).to_be_visible(timeout=PATIENCE_MS)


def check_the_window(page: Page, words: dict[str, str]) -> None:
    """A brush over a chart sets the window, which is in the link and survives a reload; ``0`` shows the whole run."""
    plot = lane(page, words["rps"]).locator(".u-over").first
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
    whole = page.get_by_role("region", name=words["window"], exact=True).get_by_role("button", name=words["whole"])
    expect(whole).to_have_attribute("aria-pressed", "false")
    cursor = page.get_by_role("slider", name=words["cursor"])
    cursor.focus()
    page.keyboard.press("ArrowLeft")
    expect(cursor).to_have_attribute("aria-valuetext", re.compile(words["told"]))
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "w=" not in url)


def test_the_chosen_percentile_is_that_of_the_whole_page_and_of_its_link(ui: Ui, client: ProjectClient) -> None:
    page = ui.open(client.start(client.plan("percentile", arrivals(20, 4), "/json")), language="en")
    figures = page.get_by_role("region", name="Figures in the window")
    expect(figures).to_be_visible(timeout=PATIENCE_MS)
    figures.get_by_label("Choose a percentile").select_option("p99")
    page.wait_for_url(re.compile(r"[?&]p=p99"))
    expect(page.get_by_role("heading", name="Slower when busier? p99 ms")).to_be_visible()
    expect(lane(page, "Response time")).to_contain_text("p99 (TP99)")
    page.evaluate("localStorage.removeItem('perfsvc.run.percentile')")
    page.reload()
    expect(figures.get_by_label("Choose a percentile")).to_have_value("p99", timeout=PATIENCE_MS)


def test_on_paper_the_report_is_light_and_fits(ui: Ui, client: ProjectClient) -> None:
    page = ui.open(client.start(client.plan("paper", arrivals(20, 4), "/json")), language="en", theme="dark")
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
    expect(
        page.get_by_text(
            re.compile(r"Project shop · http.*/runs/.* · printed by admin at [A-Z][a-z]{2} \d+ \d\d:\d\d$")
        )
    ).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('#steps thead button')).display") == "contents"
    for part, rule, value in (
        ("#sheet", "breakInside", "avoid"),
        ("#sheet .lane:last-of-type", "breakInside", "avoid"),
        ("#sheet .lane.is-thin", "breakAfter", "avoid"),
        ("#sheet .card-head", "breakAfter", "avoid"),
    ):
        assert page.evaluate(f"getComputedStyle(document.querySelector('{part}')).{rule}") == value
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_class(re.compile("dark"))


def test_a_step_turns_all_charts_to_itself(ui: Ui, client: ProjectClient) -> None:
    plan = client.plan("steps", arrivals(20, 4), "/json", "/status/503")
    page = ui.open(client.start(plan), language="zh")
    expect(page.get_by_role("region", name="结论", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="status/503", exact=True).first.click()
    page.wait_for_url(re.compile(r"[?&]step=1"))
    expect(page.get_by_role("button", name="只看步骤：status/503")).to_be_visible()
    expect(page.get_by_label("样例", exact=True)).to_contain_text("GET /status/503 HTTP/1.1")
    page.go_back()
    expect(page.get_by_role("button", name="只看步骤：status/503")).to_be_hidden()


LOOKS = [("zh", (("dark", 390), ("light", 1280))), ("en", (("dark", 1280), ("light", 390)))]


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_live_and_report_are_for_everyone(ui: Ui, client: ProjectClient, language: str, looks: Sequence[Look]) -> None:
    plan = client.plan(f"everyone {language}", arrivals(20, 60, thresholds=["error_rate < 10"]), "/json", "/status/503")
    page = ui.open(client.start(plan), language=language, theme=looks[0][0], width=looks[0][1])
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)
    ui.check_in(page, looks)
    expect(page.locator(".result")).to_have_count(0)  # the run was live in each look
    assert client.service.post(f"/api/performance/plans/{plan}/stop/").status == 200
    expect(page.locator(".result")).to_contain_text("未通过" if language == "zh" else "Failed", timeout=PATIENCE_MS)
    expect(page.locator("#config")).to_be_visible()
    ui.check_in(page, looks)


FOUND = {
    "en": (
        "The answer",
        "Searching",
        r"^Holds (at least )?\d+.s|^Even the lowest",
        "How it was found",
        "Raise",
        "Evidence",
    ),
    "zh": ("结果", "正在搜索", r"^(至少)?可承受 ?\d+.s|^最低", "如何找到", "加压", "依据"),
}


def test_a_search_is_shown_as_a_story_and_ends_in_one_sentence(ui: Ui, client: ProjectClient) -> None:
    search = {"level_time": 2, "settle_time": 0.4, "precision": 20, "confirmations": 0}
    # Of so low a rate, no more than the bucket holds comes at once where the generator was held up.
    load = {"arrival_rate": {"min": 20, "max": 300}, "max_vus": 40, "search": search}
    config = {
        "test_mode": "error_rate",
        "error_threshold": 1,
        "step_users": 40,
        "hold_time": 60,
        "execution_config": load,
    }
    run = client.start(client.plan("limit", config, "/bucket"))
    pages = {"en": ui.open(run, language="en", theme="dark"), "zh": ui.open(run, language="zh", theme="light")}
    for language, page in pages.items():
        title, looking, *_ = FOUND[language]
        expect(page.get_by_role("region", name=title)).to_contain_text(looking, timeout=PATIENCE_MS)
    for language, page in pages.items():
        title, _, sentence, how, raising, evidence = FOUND[language]
        status = page.get_by_role("region", name=title).get_by_role("status")
        expect(status).to_have_text(re.compile(sentence, re.IGNORECASE), timeout=2 * PATIENCE_MS)
        story = page.get_by_role("region", name=how)
        expect(story).to_contain_text(raising)
        expect(page.locator(f"section[aria-label={evidence}]")).to_contain_text(f"1 · {raising}")
        ui.check(page)


def test_a_staircase_and_an_adaptive_load_show_what_they_do_as_they_go(ui: Ui, client: ProjectClient) -> None:
    stairs = {"test_mode": "step", "concurrent_users": 6, "step_users": 2, "step_time": 2}
    limits = {"execution_config": {"thresholds": ["error_rate < 1", "p99 < 60000"]}}
    steps = ui.open(client.start(client.plan("stairs", {**stairs, **limits}, "/status/503")), language="en")
    rates = {"arrival_rate": {"min": 10, "max": 60}, "max_vus": 10}
    held = {"test_mode": "adaptive", "adaptive_target": {"metric": "rps", "target": 30}, "hold_time": 3}
    adaptive = client.plan("held", {**held, "ramp_up_time": 5, "execution_config": rates}, "/json")
    load = ui.open(client.start(adaptive), language="zh", theme="dark")

    evidence = steps.locator("section[aria-label=Evidence]")
    missed = evidence.get_by_role("row").filter(has_text="100.00").get_by_role("img", name="Misses its limit")
    expect(missed.first).to_be_visible(timeout=PATIENCE_MS)  # of the first level, while the second is held
    story = load.get_by_role("region", name="调节过程", exact=True)
    expect(story).to_contain_text(re.compile(r"目标 30.s ±\d+ %"), timeout=PATIENCE_MS)
    expect(story.locator(".trace-dot, .trace-miss").nth(3)).to_be_visible(timeout=PATIENCE_MS)
    for page, done in ((steps, "Result"), (load, "结论")):
        expect(page.get_by_role("region", name=done, exact=True)).to_be_visible(timeout=PATIENCE_MS)
        ui.check(page)
    expect(missed).to_have_count(3)
    cursor = story.get_by_role("slider")
    cursor.focus()
    load.keyboard.press("Home")
    expect(cursor).to_have_attribute("aria-valuetext", re.compile(r"^00:\d\d · 负载 \d+.s · 测得 .* · 平滑"))
    expect(story.get_by_role("img", name="吞吐量", exact=True)).to_be_visible()
    story.get_by_text("数据表", exact=True).click()
    expect(story.get_by_role("row").nth(4)).to_be_visible()
    ui.check(load)
    runs = ui.open(f"/p/{client.project}/runs?q=stairs", language="en", width=390)
    row = runs.get_by_role("row").filter(has_text="stairs")
    expect(row.get_by_role("img", name="Misses its limit")).to_have_count(1)
    ui.check(runs)


def test_pins_are_made_read_changed_and_deleted(ui: Ui, client: ProjectClient) -> None:
    path = client.start(client.plan("pinned", arrivals(20, 6), "/json"))
    page = ui.open(path, language="en")
    expect(page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
    cursor = page.get_by_role("slider", name="Cursor")
    cursor.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog", name="New pin")
    dialog.get_by_label("Note").fill("cache switched off <b>")
    ui.check(page)
    dialog.get_by_role("button", name="Save").click()
    pin = page.get_by_role("button", name=re.compile("^cache switched off"))
    expect(pin).to_be_visible()
    expect(page.get_by_role("list", name="Pins")).to_contain_text("cache switched off <b>")

    page.goto(f"{client.service.url}{path}?w=1-4")
    page.get_by_role("button", name="Pin", exact=True).click()
    dialog.get_by_label("Note").fill("slow while it warms up")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("list", name="Pins").get_by_role("listitem")).to_have_count(2)
    expect(page.locator(".stem-span")).to_be_visible()
    ui.check(page)

    pin.click()
    one = page.get_by_role("dialog", name="Pin", exact=True)
    expect(one).to_contain_text("by admin")
    one.get_by_label("Note").fill("cache on again")
    one.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="cache on again").click()
    one.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="cache on again")).to_have_count(0)
    expect(page.get_by_role("list", name="Pins").get_by_role("listitem")).to_have_count(1)


def test_a_viewer_watches_and_cannot_steer(ui: Ui, client: ProjectClient) -> None:
    service = client.service
    user = service.post(
        "/api/users/register/", {"username": "watcher", "email": "watcher@example.com", "password": "correct horse"}
    )
    assert user.status == 201, user
    member = service.post(f"/api/projects/{client.project}/members/", {"username": "watcher", "role": "viewer"})
    assert member.status in {200, 201}, member
    plan = client.plan("watched", arrivals(5, 60), "/json")
    path = client.start(plan)
    page = ui.open(path, language="en", user=("watcher", "correct horse"))
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)
    client.made(
        f"/api/performance/executions/{path.rpartition('/')[2]}/pins/", {"from": math.ceil(time.time()), "text": "look"}
    )
    page.reload()
    page.get_by_role("list", name="Pins").get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Pin", exact=True).get_by_role("button")).to_have_text(["", "Look closer"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Pin", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.keyboard.press(" ")
    expect(page.locator("h1 .chip")).to_have_text("Running")
    page.keyboard.press("Escape")  # the pin had the focus, and its Space
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Zoom")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).not_to_contain_text("Pause")
    assert service.post(f"/api/performance/plans/{plan}/stop/").status == 200


def shown_as(text: str) -> tuple[float | None, float]:
    """The number in a cell of the table, and half of its last digit."""
    digits = text.removeprefix("≥").replace(",", "").strip()
    if digits == "–":
        return None, 0.0
    return float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])


def test_the_table_behind_the_charts_has_what_the_api_has_stored(ui: Ui, client: ProjectClient) -> None:
    path = client.start(client.plan("exact", arrivals(20, 5), "/json", "/status/503"))
    page = ui.open(path, language="en")
    expect(page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Table", exact=True).click()
    seconds_shown(page, 5)
    table = page.locator(".sheet-table")
    titles = [text.split()[0] for text in table.locator("thead th").all_inner_texts()]
    rows = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    series = client.service.get(f"/api/performance/executions/{path.rpartition('/')[2]}/series/").body["series"][0]
    stored = {"Throughput": series["rps"], "p50": series["p50"], "p95": series["p95"], "p99": series["p99"]}
    for second in random.Random(5).sample(range(5), 4):
        for title, values in stored.items():
            number, half = shown_as(rows[second][titles.index(title) - 1])
            assert (number is None) == (values[second] is None), (title, second)
            assert number is None or abs(number - values[second]) <= half * 1.001, (title, second, values[second])


def test_a_drag_of_the_load_is_undone_by_escape(ui: Ui, client: ProjectClient) -> None:
    page = ui.open(client.start(client.plan("escape", arrivals(20, 60), "/json")), language="en")
    handle = page.get_by_role("slider", name=re.compile("Drag or use"))
    handle.scroll_into_view_if_needed(timeout=PATIENCE_MS)
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    expect(page.locator(".steer-say")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".steer-say")).to_be_hidden()
    page.mouse.move(x, y + 30, steps=2)
    expect(page.locator(".steer-say")).to_be_hidden()
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", "20/s")
    expect(page.get_by_role("button", name=re.compile(r"admin .* → "))).to_have_count(0)
