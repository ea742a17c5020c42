"""Comparing runs and the trend of a plan, in the browser."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import expect

from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.service import Service

LOOKS = [("zh", (("light", 1440), ("dark", 390))), ("en", (("light", 390), ("dark", 1440)))]
"""Languages, and the themes and widths in which pages are checked."""


@pytest.fixture(scope="module")
def project(service: Service) -> int:
    """A project with one plan that has run twice."""
    identifier: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    config = {
        "concurrent_users": 2,
        "hold_time": 3,
        "target_url": f"{service.url}/healthz",
        "execution_config": {"thresholds": ["p95 < 5000"]},
    }
    plan = service.post("/api/performance/plans/", {"project_id": identifier, "name": "Nightly", "config": config})
    for users in (2, 3):
        service.put(f"/api/performance/plans/{plan.body['id']}/", {"config": {"concurrent_users": users}})
        started = service.post(f"/api/performance/plans/{plan.body['id']}/start/").body
        assert list(service.watch(started["websocket_url"]))[-1]["type"] == "end"
    return identifier


def test_a_page_of_runs_that_is_no_more_leads_to_the_last(ui: Ui, project: int) -> None:
    page = ui.open(f"/p/{project}/runs?page=7", language="en")
    expect(page.get_by_role("checkbox").nth(1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/runs$"))


def test_ticked_runs_are_compared(ui: Ui, project: int) -> None:
    page = ui.open(f"/p/{project}/runs", language="en")
    for row in range(2):
        page.get_by_role("checkbox").nth(row).check()
    page.get_by_role("link", name="Compare").click()
    figures = page.get_by_role("region", name="Figures")
    expect(figures.get_by_role("row", name="p95 ms").locator(".difference")).to_have_count(1)
    expect(figures.get_by_text("too short to tell").first).to_be_visible()
    differences = page.get_by_role("region", name="Differences of config")
    expect(differences.get_by_role("row").nth(1)).to_contain_text("stages")
    base = page.locator(".compared .is-base")
    before = base.inner_text()
    page.get_by_role("button", name="Make base").click()
    expect(base).not_to_have_text(before)
    page.get_by_role("group", name="Figure").get_by_role("button", name="Throughput").click()
    expect(page.get_by_role("region", name="Steps").get_by_role("row")).to_have_count(2)


def test_trends_lead_to_each_run(ui: Ui, project: int) -> None:
    page = ui.open(f"/p/{project}/trends", language="en")
    expect(page.get_by_role("link", name=", p95 ")).to_have_count(2)
    page.get_by_role("link", name=", p95 ").last.press("Enter")
    expect(page).to_have_url(re.compile(rf"/p/{project}/runs/\d+-"))


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_pages_are_for_everyone(ui: Ui, project: int, language: str, looks: Sequence[Look]) -> None:
    rows = ui.service.get(f"/api/performance/executions/?project_id={project}").body["results"]
    runs = ",".join(row["execution_id"] for row in rows)
    page = ui.open(f"/p/{project}/compare?runs={runs}", language=language, theme=looks[0][0], width=looks[0][1])
    page.locator(".compare-table").first.wait_for()
    ui.check_in(page, looks)
    page.goto(f"{ui.service.url}/p/{project}/trends")
    page.locator(".trend svg").first.wait_for()
    ui.check_in(page, looks)
    page.goto(f"{ui.service.url}/p/{project}/compare?runs={rows[0]['execution_id']}")
    page.locator("main .empty").wait_for()
    ui.check_in(page, looks)
