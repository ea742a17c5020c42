"""Projects, overview, nodes, plugins and users: what they show, to whom, and that they are for everyone."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from playwright.sync_api import expect

from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.service import Service

LOOKS = [("zh", (("light", 1440), ("dark", 390))), ("en", (("light", 390), ("dark", 1280)))]
"""Languages, and the themes and widths in which pages are checked."""
LIN = ("lin", "long enough")


@pytest.fixture(scope="module")
def shop(service: Service) -> int:
    """A project with one run, a viewer called lin, and another project without anything."""
    service.post("/api/users/register/", {"username": "lin", "email": "lin@example.org", "password": LIN[1]})
    project: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    service.post(f"/api/projects/{project}/members/", {"username": "lin", "role": "viewer"})
    service.post("/api/projects/", {"name": "Empty"})
    config = {"concurrent_users": 2, "hold_time": 2, "target_url": f"{service.url}/healthz"}
    plan = service.post("/api/performance/plans/", {"project_id": project, "name": "Smoke", "config": config})
    assert plan.status == 201, plan
    run = service.post(f"/api/performance/plans/{plan.body['id']}/start/").body
    for _ in service.watch(run["websocket_url"]):
        pass
    return project


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_pages_are_for_everyone(ui: Ui, shop: int, language: str, looks: Sequence[Look]) -> None:
    page = ui.open("/projects", language=language, theme=looks[0][0], width=looks[0][1])
    expect(page.get_by_role("link", name="Shop")).to_be_visible()
    expect(page.locator("main .beat:not(.is-none)")).to_have_count(1)
    ui.check_in(page, looks)
    for path, ready in (
        (f"/p/{shop}", "table"),
        (f"/p/{shop + 1}", ".steps"),
        ("/nodes", "table"),
        ("/plugins", "table"),
        ("/users", "table"),
    ):
        page.goto(ui.service.url + path)
        page.locator(f"main {ready}").first.wait_for()
        ui.check_in(page, looks)


def test_a_project_is_made_renamed_and_deleted_by_keyboard(ui: Ui, shop: int) -> None:
    page = ui.open("/projects", language="en")
    page.get_by_role("link", name="Shop").wait_for()
    page.keyboard.press("n")
    name = page.get_by_role("dialog", name="New project").get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    ui.check(page)
    page.keyboard.type("Checkout")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="“Checkout” has no test yet")).to_be_visible()
    page.get_by_role("button", name="Switch project").or_(page.locator(".rail-project")).first.press("Enter")
    page.get_by_role("menuitem", name="All projects").press("Enter")
    more = page.get_by_role("button", name="More actions for Checkout")
    more.press("Enter")
    page.get_by_role("menuitem", name="Edit project").press("Enter")
    page.get_by_role("dialog", name="Edit project").get_by_label("Name", exact=True).fill("Pay")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More actions for Pay").press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Delete the project “Pay”?")).to_be_visible()
    ui.check(page)
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    expect(page.get_by_role("link", name="Pay")).to_have_count(0)


def test_the_overview_leads_to_the_run(ui: Ui, shop: int) -> None:
    page = ui.open("/", language="en")
    page.get_by_role("link", name="Shop").click()
    expect(page).to_have_title("Overview · Shop · perfsvc")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Smoke"))
    expect(row.get_by_role("cell").nth(4)).not_to_have_text("–")
    row.get_by_role("link", name="Smoke").click()
    page.wait_for_url(f"**/p/{shop}/runs/*")


def test_a_viewer_sees_nothing_that_viewers_may_not_do(ui: Ui, shop: int) -> None:
    ui.expect_status(404)
    page = ui.open("/projects", language="en", user=LIN)
    expect(page.get_by_text("Viewer")).to_be_visible()
    expect(page.get_by_role("button", name="More actions for Shop")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Users")).to_have_count(0)
    page.get_by_role("link", name="Shop").click()
    expect(page.get_by_role("heading", name="Latest runs")).to_be_visible()
    expect(page.get_by_role("link", name="New plan", exact=True)).to_have_count(0)
    page.goto(f"{ui.service.url}/nodes")
    page.get_by_text("Service process").wait_for()
    expect(page.get_by_role("button", name="Drain")).to_have_count(0)
    page.goto(f"{ui.service.url}/users")
    expect(page.get_by_text("This page is for administrators only.")).to_be_visible()
    page.goto(f"{ui.service.url}/p/{shop + 1}")
    expect(page.get_by_text("There is nothing here any more")).to_be_visible()


def test_an_administrator_disables_an_account_and_its_sessions_end(ui: Ui, service: Service, shop: int) -> None:
    ui.expect_status(401)
    service.post("/api/users/register/", {"username": "zhou", "email": "zhou@example.org", "password": "long enough"})
    theirs = ui.open("/me", language="en", user=("zhou", "long enough"))
    page = ui.open("/users", language="en")
    page.get_by_role("button", name="More actions for zhou").click()
    page.get_by_role("menuitem", name="Disable account").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable account").click()
    expect(page.get_by_role("row", name="zhou").get_by_text("Disabled")).to_be_visible()
    theirs.reload()
    theirs.wait_for_url(f"{service.url}/login?next=/me")


def test_the_own_node_of_the_service_cannot_be_drained(ui: Ui, shop: int) -> None:
    page = ui.open("/nodes", language="en")
    page.get_by_text("Service process").wait_for()
    expect(page.get_by_role("button", name="Drain")).to_have_count(0)


def test_the_service_gone_is_reported_and_mended(ui: Ui, service: Service, shop: int) -> None:
    page = ui.open("/nodes", language="en")
    page.get_by_text("Service process").wait_for()
    ui.expect_offline()
    for path in ("plugins", "about"):  # the second shows the page by itself when the service is back
        page.route(f"**/api/{path}/**", lambda route: route.abort())
    page.get_by_role("link", name="Plugins").click()
    missing = page.get_by_role("alert").filter(has_text="The service cannot be reached.")
    expect(missing).to_be_visible()
    ui.check(page)
    page.unroute("**/api/plugins/**")
    missing.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("cell", name="HTTP", exact=False).first).to_be_visible()


DONE = {
    "en": (
        "added the member zhang (Viewer)",
        "saved the preset small",
        "changed the environment",
        "added the plan Calm",
    ),
    "zh": ("添加了成员 zhang（查看者）", "保存了预设 small", "修改了测试环境", "新增了测试计划 Calm"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_did_what_is_there_before_the_first_run(ui: Ui, service: Service, language: str) -> None:
    form = {"username": "zhang", "email": "zhang@example.org", "password": "long enough"}
    assert service.post("/api/users/register/", form).status in {201, 409}
    project = service.post("/api/projects/", {"name": f"Fresh {language}"}).body["id"]
    config = {"concurrent_users": 1, "target_url": f"{service.url}/healthz"}
    service.post("/api/performance/plans/", {"project_id": project, "name": "Calm", "config": config})
    env = service.get(f"/api/envs/?project_id={project}").body["results"][0]["id"]
    time.sleep(1.1)  # what is changed within a second counts as made at once
    assert service.put(f"/api/envs/{env}/", {"host": service.url}).status == 200
    preset = {"name": "small", "project_id": project, "config_type": "concurrent", "config_data": {"vus": 1}}
    assert service.post("/api/performance/presets/", preset).status == 201
    member = {"username": "zhang", "role": "viewer"}
    assert service.post(f"/api/projects/{project}/members/", member).status == 201
    page = ui.open(f"/p/{project}", language=language)
    feed = page.get_by_role("region", name="Latest activity" if language == "en" else "最近动态")
    for text in DONE[language]:
        expect(feed.get_by_role("listitem").filter(has_text=text)).to_contain_text("admin")
    ui.check(page)


def test_an_administrator_makes_an_account_and_an_owner_adds_it(ui: Ui, service: Service, shop: int) -> None:
    ui.expect_status(409, 422)
    page = ui.open("/users", language="en")
    page.get_by_role("row", name="lin").wait_for()
    page.keyboard.press("n")
    form = page.get_by_role("dialog", name="New user")
    expect(form.get_by_label("Username", exact=True)).to_be_focused()
    expect(form.get_by_role("button", name="Create")).to_be_disabled()
    for label, text in (("Username", "lin"), ("Email", "qian@example.org"), ("Password", "long enough")):
        form.get_by_label(label, exact=True).fill(text)
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("taken")
    ui.check(page)
    form.get_by_label("Username", exact=True).fill("qian")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="qian")).to_be_visible()
    page.goto(f"{service.url}/p/{shop}/members")
    page.get_by_label("Username", exact=True).fill("qiann")
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is no user named qiann")).to_be_visible()
    ui.check(page)
    page.get_by_label("Username", exact=True).fill("qian")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="qian")).to_be_visible()
    theirs = ui.open(f"/p/{shop}", language="en", user=("qian", "long enough"))
    expect(theirs.get_by_role("heading", name="Latest runs")).to_be_visible()
