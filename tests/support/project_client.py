"""A project whose plans load a target, and locators of the run page, for UI tests."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator
from playwright.sync_api import Page

from tests.support.browser import PATIENCE_MS
from tests.support.service import Service

TIMES_SHOWN = "() => [...document.querySelectorAll('.sheet-table tbody th')].map((cell) => cell.textContent)"


class ProjectClient:
    """Client for a new project with an environment for a target: creates plans and starts them."""

    def __init__(self, service: Service, target: str) -> None:
        self.service = service
        self.project = self.made("/api/projects/", {"name": "shop"})
        self.env = self.made("/api/envs/", {"name": "staging", "project_id": self.project, "host": target})

    def scene(self, *urls: str) -> int:
        steps = [{"name": url.strip("/"), "request": {"url": url}} for url in urls]
        return self.made("/api/scenes/", {"name": "look", "project_id": self.project, "steps": steps})

    def plan(self, name: str, config: dict[str, Any], *urls: str) -> int:
        body = {"name": name, "project_id": self.project, "scenes": [{"scene_id": self.scene(*urls)}]}
        return self.made("/api/performance/plans/", {**body, "config": {"env_id": self.env, **config}})

    def start(self, plan: int) -> str:
        """Start a run. Return the path of its page."""
        answer = self.service.post(f"/api/performance/plans/{plan}/start/")
        assert answer.status == 200, answer
        return f"/p/{self.project}/runs/{answer.body['execution_id']}"

    def made(self, path: str, body: dict[str, Any]) -> int:
        answer = self.service.post(path, body)
        assert answer.status == 201, answer
        return int(answer.body["id"])


def arrivals(rate: float, seconds: float, **more: Any) -> dict[str, Any]:
    """A steady rate of arrivals."""
    stages = [{"duration": 0, "target": rate}, {"duration": seconds, "target": rate}]
    return {"execution_config": {"arrival_rate": stages, "max_vus": 20, **more}}


def seconds_shown(page: Page, least: int) -> None:
    """Wait until the table behind the charts has ``least`` seconds."""
    page.locator(".sheet-table tbody tr").nth(least - 1).wait_for(timeout=PATIENCE_MS)


def lane(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)
