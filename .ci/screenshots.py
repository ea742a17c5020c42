"""Pictures of every page of the web UI, in both languages, both themes and two widths: ``make screenshots``.

A real service is filled with a small shop and driven against itself; pictures go to ``build/screenshots``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.browser import Ui  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.service import Service  # noqa: E402

TARGET = ROOT / "build" / "screenshots"
LOOKS = [(language, theme, width) for language in ("zh", "en") for theme in ("light", "dark") for width in (1440, 390)]
READY = {"run-live": ".lane", "run-report": ".result"}
"""What a page has once it shows what it is for."""
SCENE = {"name": "浏览下单", "steps": [{"name": "首页", "request": {"url": "/healthz"}}]}
PLANS: dict[str, dict[str, Any]] = {
    "晚八点抢购": {"concurrent_users": 8, "ramp_up_time": 4, "hold_time": 10, "thresholds": ["p95 < 300"]},
    "每晚回归": {"concurrent_users": 3, "hold_time": 4, "thresholds": ["p95 < 1"]},
}
LIVE = {"concurrent_users": 5, "ramp_up_time": 30, "hold_time": 600}


def created(answer: Any) -> Any:
    """The body of an answer that must be 201 or 200."""
    if answer.status not in {200, 201}:
        raise RuntimeError(answer)
    return answer.body


class Shop:
    """A project with scenes, plans, ended runs, and a run that goes on."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.project: int = created(service.post("/api/projects/", {"name": "商城"}))["id"]
        created(service.post("/api/projects/", {"name": "支付网关"}))
        self.scene = created(service.post("/api/scenes/", {"project_id": self.project, **SCENE}))["id"]
        self.plans = [self.plan(name, config) for name, config in PLANS.items()]
        for _ in range(2):
            self.ended = [self.run(plan) for plan in self.plans]
        live = self.plan("发布冒烟", LIVE)
        self.live: str = created(service.post(f"/api/performance/plans/{live}/start/"))["execution_id"]

    def plan(self, name: str, config: dict[str, Any]) -> int:
        thresholds = config.get("thresholds", [])
        load = {key: value for key, value in config.items() if key != "thresholds"}
        body = {
            "project_id": self.project,
            "name": name,
            "config": {
                **load,
                "target_url": f"{self.service.url}/healthz",
                "execution_config": {"thresholds": thresholds},
            },
        }
        identifier: int = created(self.service.post("/api/performance/plans/", body))["id"]
        return identifier

    def run(self, plan: int) -> str:
        """Run a plan to its end."""
        started = created(self.service.post(f"/api/performance/plans/{plan}/start/"))
        for _ in self.service.watch(started["websocket_url"]):
            pass
        execution: str = started["execution_id"]
        return execution

    def pages(self) -> Iterator[tuple[str, str]]:
        """Names and addresses of the pages."""
        inside = {
            "overview": "",
            "scenes": "/scenes",
            "scene": f"/scenes/{self.scene}",
            "plans": "/plans",
            "plan": f"/plans/{self.plans[0]}",
            "plan-new": "/plans/new",
            "runs": "/runs",
            "run-live": f"/runs/{self.live}",
            "run-report": f"/runs/{self.ended[0]}",
        }
        yield from ((name, f"/p/{self.project}{path}") for name, path in inside.items())
        yield "overview-empty", f"/p/{self.project + 1}"
        yield from ((name, f"/{name}") for name in ("start", "projects", "nodes", "plugins", "users", "me"))


def picture(page: Page, name: str, ready: str = "main") -> None:
    """Take a page as a whole, once ``ready`` is there and nothing is being loaded."""
    page.locator(ready).first.wait_for()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=30_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.screenshot(path=TARGET / f"{name}.png", full_page=True, animations="disabled")


def main() -> None:
    """Take all pictures; the arguments name the pages, all without any."""
    wanted = set(sys.argv[1:])
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        service = Service(Path(folder) / "data")
        try:
            shop = Shop(service)
            for language, theme, width in LOOKS:
                ui = Ui(browser, service)
                ui.expect_status(404, 422)
                look = f"{width}-{language}-{theme}"
                guest = ui.open("/login", language=language, theme=theme, width=width, user=None)
                picture(guest, f"login-{look}")
                page = ui.open("/me", language=language, theme=theme, width=width)
                for name, path in shop.pages():
                    if not wanted or name in wanted:
                        page.goto(service.url + path)
                        picture(page, f"{name}-{look}", READY.get(name, "main"))
                ui.close()
        finally:
            service.end()
    print(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET}")


if __name__ == "__main__":
    main()
