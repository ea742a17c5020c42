"""Record what the pictures of the web UI are made from: ``.ci/record.py`` drives a small shop through an evening.

It takes five minutes on an idle machine, and is needed only when replies of the service have changed. The result is
``.ci/recording.json.gz``, from which ``make screenshots`` takes its pictures. ``.ci/record.py adaptive`` records the
pages of the adaptive run alone, in two minutes, and leaves the others as they are.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.browser import Ui  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.recording import Recording  # noqa: E402
from tests.support.recording import Scene  # noqa: E402
from tests.support.service import Service  # noqa: E402
from tests.support.shop_process import ShopProcess  # noqa: E402

RECORDING = ROOT / ".ci" / "recording.json.gz"


def step(name: str, path: str, **more: Any) -> dict[str, Any]:
    """A step whose reply must say that it is fine."""
    checks = [{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}]
    return {"name": name, "request": {"url": f"/{path}", **more}, "checks": checks}


SIGN_IN = step("登录", "login", method="POST", json={"user": "{{$randomInt(1, 500)}}", "password": "secret"})
SCENES = {
    "浏览": (60, [step("列表", "list"), step("详情", "detail")]),
    "下单": (30, [SIGN_IN, step("列表", "list"), step("详情", "detail"), step("下单", "order", method="POST")]),
    "会员回访": (10, [SIGN_IN, step("下单", "order", method="POST")]),
}
EVENING = [(20, 30), (25, 30), (15, 70), (80, 70), (12, 0)]
"""Seconds, and arrivals a second at their end."""
THRESHOLDS = ["p95{下单} < 220 for 10s", "error_rate < 0.6"]
SEARCH = {"level_time": 4, "settle_time": 0.8, "precision": 8, "confirmations": 1}
TARGET = {"adaptive_target": {"metric": "p95", "target": 120}}


class Evening:
    """The project, and what is done in it."""

    def __init__(self, service: Service, shop: ShopProcess, ui: Ui) -> None:
        self.service, self.shop, self.ui = service, shop, ui
        self.scenes: dict[str, Scene] = {}
        self.project = self._made("/api/projects/", {"name": "商城"})
        self._made("/api/projects/", {"name": "支付网关"})
        self.env = self._made("/api/envs/", {"name": "staging", "project_id": self.project, "host": shop.url})
        self.parts = [self.scene(name, weight, steps) for name, (weight, steps) in SCENES.items()]

    def look(self, name: str, path: str, ready: str = "main", *, keep: bool = False) -> None:
        """Open a page and record the replies and frames that it receives."""
        scene = self.scenes[name] = Scene(path)
        page = self.ui.open("/me")
        page.goto("about:blank")
        scene.listen(page)
        page.goto(self.service.url + path)
        page.locator(ready).first.wait_for()
        page.wait_for_load_state("networkidle")
        scene.now = round(time.time(), 1)
        if keep:
            self._open = page
        else:
            page.close()

    def rest(self, seconds: float) -> None:
        """Let time pass while the open page listens."""
        self._open.wait_for_timeout(seconds * 1000)

    def leave(self, name: str) -> None:
        """Stop listening to the page that was kept open."""
        self._open.close()
        self.scenes[name].now = round(time.time(), 1)

    def plan(self, name: str, config: dict[str, Any], scenes: list[dict[str, int]] | None = None) -> int:
        body = {"name": name, "project_id": self.project, "scenes": scenes or self.parts}
        return self._made("/api/performance/plans/", {**body, "config": {"env_id": self.env, **config}})

    def start(self, plan: int) -> str:
        execution: str = self.service.post(f"/api/performance/plans/{plan}/start/").body["execution_id"]
        return execution

    def ended(self, execution: str, nap: Callable[[float], None] = time.sleep) -> None:
        """Wait for a report."""
        while self.service.get(f"/api/performance/executions/{execution}/").body["report_id"] is None:
            nap(0.5)

    def path(self, rest: str = "") -> str:
        return f"/p/{self.project}{rest}"

    def scene(self, name: str, weight: int, steps: list[dict[str, Any]]) -> dict[str, int]:
        body = {"name": name, "project_id": self.project, "steps": steps}
        return {"scene_id": self._made("/api/scenes/", body), "weight": weight}

    def _made(self, path: str, body: dict[str, Any]) -> int:
        return int(self.service.post(path, body).body["id"])


def profile(stages: list[tuple[float, float]], **more: Any) -> dict[str, Any]:
    """A load of arrivals."""
    return {"arrival_rate": [{"duration": seconds, "target": level} for seconds, level in stages], **more}


def history(evening: Evening) -> None:
    """Runs of the days before."""
    smoke = evening.plan(
        "发布冒烟", {"concurrent_users": 4, "hold_time": 5, "execution_config": {"thresholds": ["error_rate < 5"]}}
    )
    night = evening.plan(
        "每晚回归", {"concurrent_users": 6, "hold_time": 5, "execution_config": {"thresholds": ["p95 < 150"]}}
    )
    for plan in (smoke, night, night, smoke, night):
        evening.ended(evening.start(plan))


def search(evening: Evening) -> str:
    """A search for the limit."""
    config = {
        "test_mode": "error_rate", "test_type": "stress", "error_threshold": 2, "step_users": 100, "hold_time": 120,
        "execution_config": {"arrival_rate": {"min": 100, "max": 900}, "max_vus": 300, "search": SEARCH},
    }  # fmt: skip
    execution = evening.start(evening.plan("寻找极限", config))
    evening.look("search-live", evening.path(f"/runs/{execution}"), ".story", keep=True)
    evening.rest(30)
    evening.leave("search-live")
    evening.ended(execution)
    return execution


def adaptive(evening: Evening) -> str:
    """A load that is moved to hold a response time. It has a scene of its own, whose replies slow down with load."""
    scene = evening.scene("结算", 1, [step("付款", "pay", method="POST")])
    config = {"test_mode": "adaptive", "concurrent_users": 60, "ramp_up_time": 25, "hold_time": 65, **TARGET}
    execution = evening.start(evening.plan("结算稳态", config, [scene]))
    evening.look("adaptive-live", evening.path(f"/runs/{execution}"), "#search", keep=True)
    evening.rest(55)
    evening.leave("adaptive-live")
    evening.ended(execution)
    return execution


def peak(evening: Evening) -> str:
    """The evening itself: a pause, a freeze, a change by hand, a burst of errors, an unfit second, a lost node."""
    config = {
        "control_mode": "central",
        "node_count": 2,
        "execution_config": profile(EVENING, max_vus=150, thresholds=THRESHOLDS, on_node_loss="replace"),
    }
    plan = evening.plan("晚八点抢购", config)
    evening.scenes["plan"] = Scene("")
    evening.look("plan", evening.path(f"/plans/{plan}"), ".curve, form")
    execution = evening.start(plan)
    evening.look("run-live", evening.path(f"/runs/{execution}"), ".lane", keep=True)
    begun = time.monotonic()
    until = lambda moment: evening.rest(max(0.0, begun + moment - time.monotonic()))  # noqa: E731
    post = evening.service.post
    until(38)
    post(f"/api/performance/plans/{plan}/pause/")
    until(46)
    post(f"/api/performance/plans/{plan}/resume/")
    until(66)
    evening.shop.freeze(2.2, evening.rest)
    post(f"/api/performance/executions/{execution}/pins/", {"from": math.floor(time.time()) - 2, "text": "缓存重建"})
    until(78)
    post(f"/api/performance/executions/{execution}/load/", {"arrival_rate": 90})
    until(88)
    evening.shop.fail(0.3)
    until(96)
    evening.shop.fail(0)
    until(104)
    agents = [
        node
        for node in evening.service.get("/api/nodes/").body["results"]
        if node["running"] and node["name"] != "local"
    ]
    os.kill(agents[0]["pid"], signal.SIGSTOP)
    evening.rest(0.25)
    os.kill(agents[0]["pid"], signal.SIGCONT)
    until(112)
    evening.leave("run-live")
    os.kill(agents[1]["pid"], signal.SIGKILL)
    evening.ended(execution)
    return execution


def whole(evening: Evening) -> None:
    """All pages."""
    look, path = evening.look, evening.path
    look("start", "/start")
    history(evening)
    found = search(evening)
    held = adaptive(evening)
    execution = peak(evening)
    look("run-report", path(f"/runs/{execution}"), "#config")
    look("run-window", path(f"/runs/{execution}?w=60-100&step=3"), "#config")
    look("search-report", path(f"/runs/{found}"), "#config")
    look("adaptive-report", path(f"/runs/{held}"), "#config")
    for name in ("overview", "scenes", "plans", "runs", "envs", "data", "presets", "members"):
        look(name, path("" if name == "overview" else f"/{name}"))
    look("plan-new", path("/plans/new"))
    for name in ("projects", "nodes", "plugins", "users", "me"):
        look(name, f"/{name}")


def adaptive_alone(evening: Evening) -> None:
    """The pages of the adaptive run."""
    held = adaptive(evening)
    evening.look("adaptive-report", evening.path(f"/runs/{held}"), "#config")


PARTS: dict[str, Callable[[Evening], None]] = {"whole": whole, "adaptive": adaptive_alone}
"""What can be recorded; the other pages of the recording stay as they are."""


def main() -> None:
    """Record all pages, or a part of them."""
    parser = argparse.ArgumentParser(description="Record what the pages of runs are told.")
    parser.add_argument("part", nargs="?", choices=PARTS, default="whole")
    part = parser.parse_args().part
    with tempfile.TemporaryDirectory() as folder, ShopProcess() as shop, chromium() as browser:
        service = Service(Path(folder) / "data")
        ui = Ui(browser, service)
        try:
            evening = Evening(service, shop, ui)
            PARTS[part](evening)
            earlier = {} if part == "whole" else Recording.load(RECORDING).scenes
            Recording(service.get("/api/users/me/").body, earlier | evening.scenes).save(RECORDING)
        finally:
            ui.close()
            service.end()
    print(f"{RECORDING}: {RECORDING.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
