"""The web UI against its bars: downloads, first paint, frames of a run of an hour, memory, typing, the engine's peace.

An hour is sent to a page as frames of the live feed, twenty steps in each; they are made from one that the service
sent, and come from a WebSocket that is made in the page (``web_ui_feed.js``).
"""

from __future__ import annotations

import asyncio
import copy
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from playwright.sync_api import CDPSession
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import Route

from benchmarks.long_run import RUN
from benchmarks.recovery import KEY
from benchmarks.recovery import fill
from tests.support.browser import BUILT
from tests.support.browser import ROOT
from tests.support.browser import SIGN_IN
from tests.support.browser import chromium
from tests.support.nginx import Nginx
from tests.support.project_client import ProjectClient
from tests.support.service import Service

HOUR_S = 3600
STEPS = 20
SCENE_STEPS = 200
FIELDS = 100
KEYS = 90
REPEAT_S = 1 / 30
"""Between two keys: as fast as a keyboard repeats one that is held."""
UPDATES = 60
SETTLED_MS = 200
"""Once a second has been received, all that it changes has been drawn."""
MOVES = 240
SLOWED = 4
"""How many times slower the processor is made for first paint."""
SAMPLES = json.loads((ROOT / "static" / "src" / "run" / "samples" / "frames.json").read_text("utf-8"))
FEED = Path(__file__).with_name("web_ui_feed.js").read_text("utf-8")
ASSETS = BUILT.parent / "assets"


def line(what: str, value: str, bar: str) -> None:
    """Print one figure beside its bar."""
    print(f"  {what:<58} {value:>12}   bar {bar}")


def kb(paths: list[Path], ending: str) -> float:
    """The size of files in a compressed form, kB."""
    return sum(path.with_name(path.name + ending).stat().st_size for path in paths) / 1000


def bundles() -> None:
    """All that could be downloaded."""
    scripts = sorted(ASSETS.glob("*.js"))
    line("all scripts, gzip", f"{kb(scripts, '.gz'):.0f} kB", "<= 600 kB")
    line("the largest script, gzip", f"{max(kb([path], '.gz') for path in scripts):.0f} kB", "<= 200 kB")
    line("all styles, gzip", f"{kb(sorted(ASSETS.glob('*.css')), '.gz'):.0f} kB", "<= 30 kB")


LOADED = """
() => performance.getEntriesByType('resource')
  .filter(({ name }) => /\\.(js|css)$/.test(new URL(name).pathname))
  .reduce(([files, bytes], { encodedBodySize }) => [files + 1, bytes + encodedBodySize], [0, 0])
"""


USABLE = """
(ready => {
  const look = () => {
    if (!document.querySelector(ready)) return
    seen.disconnect()
    requestAnimationFrame(() => {
      document.body.getBoundingClientRect()
      console.debug('usable', performance.now())
    })
  }
  const seen = new MutationObserver(look)
  seen.observe(document, { childList: true, subtree: true })
})(%s)
"""
"""Report when an element is there and laid out. Playwright's own script for locators takes a tenth of a second of the
slowed processor."""
NEW_WINDOW_S = 1
"""The browser loads parts of its own in a new window, which are not the page's."""


def first_paint(browser: Browser, client: ProjectClient) -> None:
    """From the address to what the page is for, with a cold cache and a slow processor."""
    service = client.service
    load = {"execution_config": {"arrival_rate": 20, "max_vus": 20}}
    live = client.start(client.plan("live", {"hold_time": 90, **load}, "/json"))
    stored = f"/p/1/runs/{RUN}"
    pages = (
        ("sign-in", "/login", "form button", 1.0),
        ("runs", f"/p/{client.project}/runs", "table tbody tr", 1.0),
        ("live run", live, ".uplot", 1.5),
        ("report of an hour", stored, ".result", 1.0),
        ("report of an hour, all charts drawn", stored, "#latency canvas", 2.0),
    )
    for name, path, ready, bar in pages:
        took = []
        for _ in range(3):
            context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
            session = None if name == "sign-in" else session_of(service)
            context.add_init_script(SIGN_IN % json.dumps([session, "en", "light"]))
            context.add_init_script(USABLE % json.dumps(ready))
            page = context.new_page()
            time.sleep(NEW_WINDOW_S)
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
            with page.expect_console_message(lambda message: message.text.startswith("usable")) as said:
                page.goto(service.url + path, wait_until="commit")
            took.append(float(said.value.text.split()[1]) / 1000)
            page.wait_for_load_state("load")
            files, size = page.evaluate(LOADED)
            context.close()
        line(f"{name}: usable, processor {SLOWED}x slower", f"{statistics.median(took):.2f} s", f"<= {bar} s")
        line(f"{name}: loaded ({files} files), brotli", f"{size / 1000:.0f} kB", "sign-in <= 105 + 8 kB")


class LongRun:
    """A page that receives a run of ``seconds`` seconds of ``planned``, and as many more as wanted."""

    def __init__(self, browser: Browser, service: Service, seconds: int, planned: int = 4 * HOUR_S) -> None:
        start = int(time.time()) - seconds
        hour = {
            "info": run_frame(start, planned),
            "second": one_second(),
            "start": start,
            "seconds": seconds,
        }
        context = browser.new_context(viewport={"width": 1440, "height": 2600}, locale="en-US")
        context.add_init_script(SIGN_IN % json.dumps([session_of(service), "en", "light"]))
        context.add_init_script(FEED.replace("HOUR", json.dumps(hour), 1))
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: print(f"  the page failed: {error}"))
        self.page.route("**/api/performance/executions/*/", lambda route: route.fulfill(json=execution(start)))
        self.tools: CDPSession = context.new_cdp_session(self.page)
        self.tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(f"{service.url}/p/1/runs/long")
        self.page.locator(".uplot").first.wait_for()
        self.page.evaluate("frame()")

    def receive(self, seconds: int, draw_every: int = 1) -> None:
        """Send more seconds to the page; draw after every ``draw_every`` of them."""
        self.page.evaluate(f"receive({seconds}, {draw_every})")

    def work(self) -> float:
        """Seconds of processor time that the page's main thread has used so far: others on the machine do not count."""
        return main_thread(self.tools)

    def heap(self) -> float:
        """Memory of scripts in use, MB."""
        self.tools.send("HeapProfiler.collectGarbage")
        return metric(self.tools, "JSHeapUsedSize") / 1e6


def main_thread(tools: CDPSession) -> float:
    """Seconds of processor time that the main thread of a page has used so far."""
    return metric(tools, "TaskDuration")


def metric(tools: CDPSession, name: str) -> float:
    """One figure of the browser about a page."""
    found = tools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in found if each["name"] == name))


def session_of(service: Service) -> str:
    """What a signed-in page keeps."""
    user = service.get("/api/users/me/").body
    return json.dumps({"token": service.token, "refreshToken": "none", "user": user})


def run_frame(start: int, planned: int) -> dict[str, Any]:
    """The first frame of a run of ``planned`` seconds in twenty steps."""
    info: dict[str, Any] = copy.deepcopy(next(frame for frame in SAMPLES if frame["type"] == "run"))
    data = info["data"]
    step = {"type": "request", "protocol": "http", "part": "steps", "parent": None, "depth": 0}
    steps = [{**step, "index": at, "name": f"step {at}"} for at in range(STEPS)]
    ends = [{"t": 0, "level": 200}, {"t": planned, "level": 200}]
    data["scenes"] = [{"name": "long", "weight": 1, "steps": steps}]
    data["start_time"] = moment(start)
    data["planned"] |= {"duration": planned, "end": start + planned, "points": ends}
    data["events"] = []
    data["steps"] = {"width": 1, "timestamps": [], "steps": []}
    return info


def one_second() -> dict[str, Any]:
    """Frame of the live feed for one second: twenty steps, errors of four classes."""
    metrics = next(frame for frame in SAMPLES if frame["type"] == "metrics" and frame["data"]["steps"])
    step = metrics["data"]["steps"][0]
    steps = [{**step, "index": at, "name": f"step {at}"} for at in range(STEPS)]
    return {**metrics["data"], "steps": steps, "failures": {"HTTP 503": 2, "timeout": 1, "refused": 1, "check": 1}}


def execution(start: int) -> dict[str, Any]:
    """What the service says of that run."""
    return {
        "execution_id": "long", "plan_id": 1, "starter_id": 1, "status": "running", "plan_name": "long",
        "start_time": moment(start), "end_time": None, "reason": None, "project_id": 1, "mode": "concurrent",
        "variable": "arrival_rate", "report_id": None, "verdict": None, "validity": None, "summary": None,
        "performance_score": None, "starter": "admin", "config": None,
    }  # fmt: skip


def moment(seconds: int) -> str:
    """A Unix time as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


FRAMES = """
() => {
  const times = []
  let last = performance.now()
  let asked = 0
  const next = (now) => { times.push(now - last); last = now; asked = requestAnimationFrame(next) }
  asked = requestAnimationFrame(next)
  window.stopFrames = () => (cancelAnimationFrame(asked), times)
}
"""


def frames(browser: Browser, service: Service) -> None:
    """An hour in six lanes of up to five lines: the work of a second's update, and how smooth the cursor is.

    All of its points are in view, then its last ten minutes.
    """
    run = LongRun(browser, service, HOUR_S, HOUR_S * 5 // 4)
    for view, words in (("Whole run", "3,600 points"), ("10 min", "the last 600 of them")):
        run.page.get_by_role("region", name="Timeline").get_by_role("button", name=view, exact=True).click()
        updates(run, words)
        cursor(run, words)
    run.page.context.close()


def updates(run: LongRun, words: str) -> None:
    """Print the work of each second's update: of the head with the charts, and of what lies below them.

    The latter follows in a frame of its own.
    """
    run.receive(10)
    run.page.evaluate("longTasks.length = 0")
    charts, below = [], []
    for _ in range(UPDATES):
        run.page.evaluate("prepare()")
        before = run.work()
        run.receive(1)
        drawn = run.work()
        run.page.wait_for_timeout(SETTLED_MS)
        charts.append((drawn - before) * 1000)
        below.append((run.work() - drawn) * 1000)
    for what, work in (("update of six lanes", charts), ("... and of the steps below", below)):
        figures = f"{statistics.median(work):.1f}, {statistics.quantiles(work, n=20)[-1]:.1f} ms"
        line(f"{what}, {words}: median, p95", figures, "<= 16 ms")
    longest = max(run.page.evaluate("longTasks"), default=0)
    line("the longest task of these updates", f"{longest:.0f} ms" if longest else "< 50 ms", "<= 50 ms")


def cursor(run: LongRun, words: str) -> None:
    """Print the work of a move of the cursor, and how many frames there are of it."""
    box = run.page.locator(".lane .u-over").nth(1).bounding_box()
    assert box is not None
    run.page.evaluate(FRAMES)
    before = run.work()
    for at in range(MOVES):
        run.page.mouse.move(box["x"] + box["width"] * (0.05 + 0.9 * at / MOVES), box["y"] + 20)
    each = (run.work() - before) * 1000 / MOVES
    times = sorted(run.page.evaluate("stopFrames()"))[:-1]
    run.page.mouse.move(0, 0)
    line(f"work of one move of the cursor, {words}", f"{each:.1f} ms", "<= 18 ms")
    line("frames while the cursor moves, p50", f"{1000 / statistics.median(times):.0f} fps", ">= 55 fps")


def memory(browser: Browser, service: Service) -> None:
    """An hour of frames, then another."""
    run = LongRun(browser, service, 5)
    start = run.heap()
    sizes = []
    for _ in range(2):
        run.receive(HOUR_S, 100)
        sizes.append(run.heap())
    line("memory after 3,600 frames of 20 steps, more than at first", f"{sizes[0] - start:+.1f} MB", "<= +15 MB")
    line("memory after another 3,600 frames", f"{sizes[1] - sizes[0]:+.1f} MB", "<= +2 MB")
    run.page.context.close()


TYPED = """
() => {
  window.delays_ = []
  addEventListener('keydown', () => {
    const began = performance.now()
    requestAnimationFrame(() => {
      const channel = new MessageChannel()
      channel.port1.onmessage = () => window.delays_.push(performance.now() - began)
      channel.port2.postMessage(null)
    })
  }, { capture: true })
}
"""
"""Keeps the time from each key to the end of the frame that it was drawn in."""


def wide_plugin(route: Route) -> None:
    """Add a protocol of many fields, of every kind that forms have, to what the service has loaded."""
    listed = route.fetch().json()
    kinds: tuple[dict[str, Any], ...] = (
        {"type": "string", "x-template": True},
        {"type": "integer", "minimum": 0},
        {"type": "boolean", "default": False},
        {"enum": ["one", "two", "three"], "type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}},
    )
    fields = {f"field_{at}": {"title": f"Field {at}", **kinds[at % len(kinds)]} for at in range(FIELDS)}
    schema = {"type": "object", "properties": fields}
    wide = {"kind": "protocol", "name": "wide", "status": "loaded", "request_schema": schema, "options_schema": {}}
    route.fulfill(json={**listed, "results": [*listed["results"], wide]})


def typing(browser: Browser, client: ProjectClient) -> None:
    """Typing in a scene of many steps: the name of a step, an address, a field of a plugin that has many."""
    steps = [
        {
            "name": f"step {at}",
            "request": {"method": "POST", "url": f"/items/{at}?u={{{{user}}}}", "json": {"id": at, "t": "{{token}}"}},
            "extract": [{"name": f"v{at}", "from": "json", "path": "$.id"}],
            "checks": [{"type": "status", "equals": 200}],
        }
        for at in range(SCENE_STEPS)
    ]
    scene = client.made("/api/scenes/", {"name": "long", "project_id": client.project, "steps": steps})
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.add_init_script(SIGN_IN % json.dumps([session_of(client.service), "en", "light"]))
    page = context.new_page()
    page.route("**/api/plugins/**", wide_plugin)
    page.goto(f"{client.service.url}/p/{client.project}/scenes/{scene}")
    page.get_by_role("treeitem").nth(SCENE_STEPS - 1).wait_for()
    page.evaluate(TYPED)
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    places = [
        ("name of a step", page.get_by_label("Name of the step", exact=True)),
        ("address", page.get_by_label("URL", exact=True)),
    ]
    for what, field in places:
        typed(page, tools, field, f"{SCENE_STEPS} steps, {what}")
    page.get_by_label("Protocol", exact=True).select_option("wide")
    typed(page, tools, page.get_by_label("Field 0", exact=True), f"... field of a plugin with {FIELDS}")
    context.close()


def typed(page: Page, tools: CDPSession, field: Locator, what: str) -> None:
    """Print how long a key takes to its picture, and its processor time: others on the machine count less there.

    Keys come as fast as a held one repeats. Of keys without a pause the browser handles all before it draws, so that a
    faster page would show a longer delay.
    """
    field.fill("")
    field.click()
    page.evaluate("window.delays_.length = 0")
    before = main_thread(tools)
    for at in range(KEYS):
        began = time.perf_counter()
        page.keyboard.press("abcdefghij {"[at % 12])
        page.wait_for_timeout(max(0.0, REPEAT_S - (time.perf_counter() - began)) * 1000)
    page.wait_for_function("wanted => window.delays_.length >= wanted", arg=KEYS)
    work = (main_thread(tools) - before) * 1000 / KEYS
    late = statistics.quantiles(page.evaluate("window.delays_"), n=20)[-1]
    line(f"{what}: from key to picture, p95", f"{late:.0f} ms", "<= 50 ms")
    line(f"{what}: processor time of a key", f"{work:.1f} ms", "<= 10 ms")


def peace(client: ProjectClient) -> None:
    """Lag of the event loop of a saturated engine, without viewers of the UI and with its files served all the time."""
    service = client.service
    plan = client.plan("saturated", {"concurrent_users": 20, "hold_time": 18}, "/json")
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    lags: tuple[list[float], list[float]] = ([], [])
    over = threading.Event()
    serving = threading.Event()
    visitor = threading.Thread(target=visit, args=(service.url, serving, over))
    visitor.start()
    seconds = 0
    for frame in service.watch(started["websocket_url"]):
        if frame["type"] != "metrics":
            continue
        seconds += 1
        if seconds == 9:
            serving.set()
        if frame["data"]["loop_lag"] is not None and seconds not in {1, 9, 10}:
            lags[serving.is_set()].append(frame["data"]["loop_lag"])
    over.set()
    serving.set()
    visitor.join()
    quiet, busy = (statistics.median(each) for each in lags)
    line("lag of a saturated engine: alone, and while the UI is served", f"{quiet:.1f}, {busy:.1f} ms", "<= +1 ms")


def visit(url: str, begin: threading.Event, over: threading.Event) -> None:
    """Load the files of the UI, ten pages a second, until it is over."""
    names = ["/", *(f"/assets/{path.name}" for path in sorted(ASSETS.glob("*.js"))[:30])]
    begin.wait()
    while not over.is_set():
        for name in names:
            request = urllib.request.Request(url + name, headers={"Accept-Encoding": "br"})
            with urllib.request.urlopen(request) as reply:
                reply.read()
        over.wait(0.1)


def main() -> None:
    """Print all bars."""
    print("\nweb UI")
    bundles()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        asyncio.run(fill(folder / "data", HOUR_S // 3600))
        service = Service(folder / "data", secret_key=KEY)
        try:
            service.recovered()
            (folder / "nginx").mkdir(mode=0o755)
            with Nginx(folder / "nginx") as nginx, chromium() as browser:
                client = ProjectClient(service, nginx.url)
                first_paint(browser, client)
                frames(browser, service)
                memory(browser, service)
                typing(browser, client)
                peace(client)
        finally:
            service.end()


if __name__ == "__main__":
    main()
