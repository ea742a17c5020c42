"""What a page asks for when it is opened by its address: each thing once, most of it before the app is there."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.project_client import ProjectClient
from tests.support.service import Service

ASKED = """
() => performance.getEntriesByType('resource')
  .map(({ name }) => decodeURIComponent(name.slice(location.origin.length)))
  .filter((path) => path.startsWith('/api/'))
  .sort()
"""
RUNS = "/api/performance/executions/"
PLANS = "/api/performance/plans/"


@pytest.fixture(scope="module")
def client(service: Service, nginx: Nginx) -> ProjectClient:
    return ProjectClient(service, nginx.url)


@pytest.fixture(scope="module")
def ended(client: ProjectClient) -> str:
    """The id of a run that has a report."""
    config = {"concurrent_users": 2, "execution_config": {"max_iterations": 20}}
    plan = client.plan("checkout", config, "/json?a", "/json?b")
    run = client.start(plan).rsplit("/", 1)[1]
    deadline = time.monotonic() + 90
    while client.service.get(f"{RUNS}{run}/").body["report_id"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return run


def asks_for(page: Page, *paths: str) -> None:
    """Wait for as many requests as there are paths, and compare."""
    page.wait_for_function(f"count => ({ASKED})().length >= count", arg=len(paths))
    assert page.evaluate(ASKED) == sorted(paths)


def shared(project: int) -> list[str]:
    """What the frame around every page of a project asks for."""
    return [f"{RUNS}?status=active&page_size=50", "/api/projects/?page_size=100", f"/api/projects/{project}/"]


def test_lists_ask_for_each_thing_once(ui: Ui, client: ProjectClient, ended: str) -> None:
    home = f"/p/{client.project}"
    of = f"?project_id={client.project}"
    page = ui.open(f"{home}/runs")
    expect(page.locator(".run-table .run-name")).to_have_count(1)
    runs = [f"{RUNS}{of}&page=1&page_size=20&spark=1", f"{RUNS}{of}&status=active&page_size=10"]
    listed = f"{of}&page=1&page_size=100"
    asks_for(page, *shared(client.project), *runs, f"{PLANS}{listed}")
    page = ui.open(f"{home}/plans")
    expect(page.get_by_role("link", name="checkout")).to_be_visible()
    plan = client.service.get(f"{RUNS}{ended}/").body["plan_id"]
    row = [f"{PLANS}{plan}/", f"{RUNS}?plan_id={plan}&page_size=20"]
    asks_for(page, *shared(client.project), f"{PLANS}{listed}", f"/api/scenes/{listed}", *row)
    page = ui.open(f"{home}/scenes")
    expect(page.get_by_role("link", name="look")).to_be_visible()
    scene = client.service.get(f"{PLANS}{plan}/").body["scenes"][0]["scene_id"]
    look = [f"/api/scenes/{listed}", f"/api/scenes/{scene}/", "/api/plugins/?page_size=100"]
    asks_for(page, *shared(client.project), *look)


def test_a_report_asks_for_each_thing_once(ui: Ui, client: ProjectClient, ended: str) -> None:
    page = ui.open(f"/p/{client.project}/runs/{ended}")
    expect(page.locator("#config")).to_be_visible()
    base = f"{RUNS}{ended}/"
    report = client.service.get(base).body["report_id"]
    whole = [f"{base}series/?from=0&points=3600", f"{base}figures/", f"{base}heatmap/?from=0&columns=300&rows=60"]
    steps = f"{base}series/?from=0&points=600&step=0,1"
    curves = [f"{base}distribution/?latency={latency}" for latency in ("service", "plan")]
    before = f"{RUNS}?plan_id={client.service.get(base).body['plan_id']}&page_size=20"
    pins = f"{base}pins/?page=1&page_size=100"
    run = [base, pins, f"/api/performance/reports/{report}/", *whole, steps, *curves, before]
    asks_for(page, *shared(client.project), *run)


def test_the_first_page_after_sign_in_is_drawn_with_its_project(ui: Ui, client: ProjectClient, ended: str) -> None:
    page = ui.open("/", user=None)
    page.get_by_label("密码", exact=True).fill("correct horse")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("link", name="checkout").first).to_be_visible()
