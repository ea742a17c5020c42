"""Plans in the browser: the first minute, editing with its problems at their fields, rights, two editors at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.service import Service

LOOKS = [("zh", (("dark", 390), ("light", 1440))), ("en", (("dark", 1440), ("light", 390)))]
"""Languages, and the themes and widths in which pages are checked; those of test_compare load in the other ones."""
LIN = ("lin", "long enough")
RULES = ["p95 < 300 for 10s", "rps >= 5"]


@pytest.fixture(scope="module")
def shop(service: Service) -> int:
    """A project with a viewer called lin."""
    service.post("/api/users/register/", {"username": "lin", "email": "lin@example.org", "password": LIN[1]})
    project: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    service.post(f"/api/projects/{project}/members/", {"username": "lin", "role": "viewer"})
    return project


def stored(service: Service, shop: int, name: str, **config: Any) -> int:
    """The id of a new plan."""
    body = {"concurrent_users": 2, "hold_time": 60, "target_url": f"{service.url}/healthz", **config}
    answer = service.post("/api/performance/plans/", {"project_id": shop, "name": name, "config": body})
    assert answer.status == 201, answer
    return int(answer.body["id"])


def config_of(service: Service, plan: int) -> dict[str, Any]:
    config: dict[str, Any] = service.get(f"/api/performance/plans/{plan}/").body["config"]
    return config


def end_run(ui: Ui, page: Page) -> None:
    """Stop the run whose page is open."""
    execution = page.url.rsplit("/", 1)[1].split("?")[0]
    plan = ui.service.get(f"/api/performance/executions/{execution}/").body["plan_id"]
    ui.service.post(f"/api/performance/plans/{plan}/stop/")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_first_minute(ui: Ui, language: str) -> None:
    page = ui.open("/start", language=language)
    expect(page.locator(".start-input")).to_have_value(re.compile(r"/demo/$"))
    ui.check(page)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/runs/*", timeout=PATIENCE_MS)
    expect(page.locator(".lane").first).to_be_visible(timeout=PATIENCE_MS)
    end_run(ui, page)


def test_an_address_without_a_scheme_is_reported_at_once(ui: Ui) -> None:
    page = ui.open("/start", language="en")
    page.locator(".start-input").fill("example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_text("must begin with http://")).to_be_visible()
    expect(page.locator(".start-input")).to_have_attribute("aria-invalid", "true")


def test_a_plan_is_made_saved_and_run(ui: Ui, shop: int) -> None:
    page = ui.open(f"/p/{shop}/plans/new", language="en")
    page.get_by_role("textbox", name="Name of the plan").fill("Evening peak")
    page.get_by_role("textbox", name="No scene: request one address").fill(f"{ui.service.url}/healthz")
    page.get_by_text("Stages", exact=True).click()
    loads = page.get_by_role("textbox", name=re.compile(r"^Load of stage"))
    expect(loads).to_have_count(3)
    page.get_by_role("textbox", name="Length of stage 2").fill("0:30")
    loads.nth(1).fill("4")
    corner = page.get_by_role("slider", name="Corner 2")
    expect(corner).to_have_attribute("aria-valuenow", "4")
    corner.focus()
    page.keyboard.press("ArrowUp")
    expect(corner).to_have_attribute("aria-valuenow", "5")
    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/plans/\d+$"), timeout=PATIENCE_MS)
    plan = int(page.url.rsplit("/", 1)[1])
    stages = config_of(ui.service, plan)["execution_config"]["stages"]
    assert [stage["target"] for stage in stages] == [10, 5, 0]
    assert stages[1]["duration"] == 30
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url("**/runs/*", timeout=PATIENCE_MS)
    end_run(ui, page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_variables_of_one_run_are_seen_in_its_report(ui: Ui, nginx: Nginx, shop: int, language: str) -> None:
    menu = {"zh": "带变量运行…", "en": "Run with variables…"}[language]
    steps = [{"name": "look", "request": {"url": f"{nginx.url}/", "query": {"who": "{{who}}"}}}]
    scene = ui.service.post("/api/scenes/", {"project_id": shop, "name": f"Who {language}", "steps": steps}).body["id"]
    load = {"concurrent_users": 1, "hold_time": 60, "execution_config": {"max_iterations": 3}}
    body = {"project_id": shop, "name": f"Who {language}", "scenes": [{"scene_id": scene}], "config": load}
    plan = ui.service.post("/api/performance/plans/", body)
    assert plan.status == 201, plan
    page = ui.open(f"/p/{shop}/plans/{plan.body['id']}", language=language)
    page.locator(".page-actions").get_by_role("button", name={"zh": "更多", "en": "More"}[language]).click()
    page.get_by_role("menuitem", name=menu).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input").first.fill("who")
    dialog.locator("input").nth(1).fill("zoe")
    ui.check(page)
    dialog.locator("button[type=submit]").click()
    page.wait_for_url("**/runs/*", timeout=PATIENCE_MS)
    expect(page.locator("#config dl")).to_contain_text("who = zoe", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("language", "save"), [("zh", "保存"), ("en", "Save")])
def test_a_plan_with_a_name_that_nothing_gives_a_value_is_saved(ui: Ui, shop: int, language: str, save: str) -> None:
    steps = [{"name": "look", "request": {"url": f"{ui.service.url}/healthz", "query": {"q": "{{nowhere}}"}}}]
    scene = ui.service.post("/api/scenes/", {"project_id": shop, "name": f"Unknown {language}", "steps": steps}).body
    plan = stored(ui.service, shop, f"Unknown {language}")
    ui.service.put(f"/api/performance/plans/{plan}/", {"scenes": [{"scene_id": scene["id"]}]})
    page = ui.open(f"/p/{shop}/plans/{plan}", language=language)
    actions = page.locator(".plan-head .page-actions")
    page.locator("[data-path='config.concurrent_users'] input").first.fill("3")
    expect(page.locator(".callout.is-warn")).to_contain_text("nowhere")
    expect(actions.locator(".chip.is-warn")).to_be_visible()
    expect(actions.locator(".btn-primary")).to_be_disabled()
    ui.check(page)
    actions.get_by_role("button", name=save, exact=False).first.click()
    expect(page.get_by_text({"zh": "已保存", "en": "Saved"}[language], exact=True)).to_be_visible()
    assert config_of(ui.service, plan)["concurrent_users"] == 3


def test_a_text_that_cannot_be_read_holds_save_back(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Rows", data_source_type="pool", data_config={"rows": [{"user": "ann"}]})
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    save = page.get_by_role("button", name="Save", exact=False).first
    editor = page.locator("[data-path='config.data_config.rows'] .cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(",")
    expect(page.get_by_role("button", name="1 problem")).to_be_visible()
    expect(save).to_be_disabled()
    page.keyboard.press("Backspace")
    expect(page.get_by_role("button", name="1 problem")).to_have_count(0)
    page.get_by_role("textbox", name="Virtual users").fill("3")
    expect(save).to_be_enabled()


def test_undo_gives_up_a_text_that_cannot_be_read_before_anything_else(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Undone", data_source_type="pool", data_config={"rows": [{"user": "ann"}]})
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    users, undo = page.get_by_role("textbox", name="Virtual users"), page.get_by_role("button", name="Undo")
    users.fill("3")
    editor = page.locator("[data-path='config.data_config.rows'] .cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(",")
    expect(page.get_by_role("button", name="1 problem")).to_be_visible()
    undo.press("Enter")
    expect(page.get_by_role("button", name="1 problem")).to_have_count(0)
    expect(users).to_have_value("3")
    undo.press("Enter")
    expect(users).not_to_have_value("3")
    expect(undo).to_be_disabled()
    expect(undo).to_be_focused()
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(",")
    expect(page.get_by_role("button", name="1 problem")).to_be_visible()
    page.get_by_role("button", name="Redo").press("Control+Shift+Z")
    expect(users).to_have_value("3")


def test_what_is_typed_while_a_save_is_under_way_stays(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Quick")
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    name, users = page.get_by_label("Name of the plan"), page.get_by_role("textbox", name="Virtual users")
    users.fill("3")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PUT":
            held.append(route)
        else:
            route.continue_()

    page.route(f"**/api/performance/plans/{plan}/", hold)
    with page.expect_request(lambda request: request.method == "PUT"):
        page.keyboard.press("Control+s")
    name.fill("Quicker")
    held.pop().continue_()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(name).to_have_value("Quicker")
    assert config_of(ui.service, plan)["concurrent_users"] == 3
    page.reload()
    expect(name).to_have_value("Quicker")
    page.unroute(f"**/api/performance/plans/{plan}/")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert ui.service.get(f"/api/performance/plans/{plan}/").body["name"] == "Quicker"


def test_a_refused_value_is_shown_at_its_field(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Refused", execution_config={"thresholds": ["p95 < 300"]})
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    users = page.get_by_role("textbox", name="Virtual users")
    users.fill("0")
    expect(page.locator("[data-path='config.concurrent_users'] .problem")).to_contain_text("from 1 to 1,000,000")
    expect(page.get_by_role("button", name="Save", exact=False).first).to_be_disabled()
    page.get_by_role("button", name="1 problem").click()
    expect(users).to_be_focused()
    users.fill("3")
    expect(page.get_by_role("button", name="1 problem")).to_have_count(0)
    # What only the service can tell: an environment that has no such number is refused on its preview.
    page.get_by_text("Other options").click()
    page.get_by_role("textbox", name="Request time-out").fill("0")
    expect(page.locator("[data-path='config.request_timeout'] .problem")).to_be_visible(timeout=PATIENCE_MS)
    ui.check(page)


def test_what_was_typed_is_kept_until_it_is_discarded(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Kept")
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    page.get_by_role("textbox", name="Virtual users").fill("7")
    page.reload()
    expect(page.get_by_role("textbox", name="Virtual users")).to_have_value("7")
    expect(page.get_by_role("status").get_by_text("were restored")).to_be_visible()
    page.get_by_role("button", name="Discard changes").click()
    expect(page.get_by_role("textbox", name="Virtual users")).to_have_value("2")
    assert config_of(ui.service, plan)["concurrent_users"] == 2


def test_two_editors_never_overwrite_each_other_unseen(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Shared")
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en")
    page.get_by_role("textbox", name="Virtual users").fill("9")
    page.wait_for_timeout(1100)  # times of change are whole seconds
    ui.service.put(f"/api/performance/plans/{plan}/", {"config": {"hold_time": 90}})
    ui.expect_status(409)
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Somebody saved first")
    expect(dialog).to_be_visible()
    ui.check(page)
    assert config_of(ui.service, plan)["concurrent_users"] == 2
    dialog.get_by_role("button", name="Overwrite with mine").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert config_of(ui.service, plan)["concurrent_users"] == 9


def test_a_viewer_sees_everything_and_can_change_nothing(ui: Ui, shop: int) -> None:
    plan = stored(ui.service, shop, "Looked at", execution_config={"thresholds": ["p95 < 300"]})
    page = ui.open(f"/p/{shop}/plans/{plan}", language="en", user=LIN)
    users = page.get_by_role("textbox", name="Virtual users")
    expect(users).not_to_be_editable()
    expect(page.get_by_role("combobox", name="Percentile")).to_be_disabled()
    for name in ("Save", "Run", "Add a threshold"):
        expect(page.locator("main").get_by_role("button", name=re.compile(rf"^{name}"))).to_have_count(0)
    expect(page.get_by_role("slider", name=re.compile("^Corner"))).to_have_count(0)
    page.goto(f"{ui.service.url}/p/{shop}/plans")
    expect(page.get_by_role("link", name="Looked at")).to_be_visible()
    expect(page.get_by_role("link", name="New plan")).to_have_count(0)


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_pages_are_for_everyone(ui: Ui, shop: int, language: str, looks: Sequence[Look]) -> None:
    plan = stored(
        ui.service,
        shop,
        f"For everyone {language}",
        execution_config={"thresholds": ["p95 < 300 for 10s", "rps >= 5"]},
    )
    run = ui.service.post(f"/api/performance/plans/{plan}/start/").body
    ui.service.post(f"/api/performance/plans/{plan}/stop/")
    assert run["execution_id"]
    page = ui.open(f"/p/{shop}/plans", language=language, theme=looks[0][0], width=looks[0][1])
    for path, ready in (
        (f"/p/{shop}/plans", "table"),
        (f"/p/{shop}/plans/{plan}", ".curve"),
        (f"/p/{shop}/runs", "table"),
        (f"/p/{shop}/envs", "table"),
        (f"/p/{shop}/data", ".drop"),
        (f"/p/{shop}/presets", ".empty"),
        (f"/p/{shop}/members", "table"),
        ("/start", ".start-card"),
    ):
        page.goto(ui.service.url + path)
        page.locator(f"main {ready}").first.wait_for()
        ui.check_in(page, looks)
