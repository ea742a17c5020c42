"""The frame of every page: signing in and out, finding the way, language and theme, keys, narrow screens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import expect

from tests.support.browser import Look
from tests.support.browser import Ui
from tests.support.service import PASSWORD

SPOIL_TOKEN = """
() => {
  const session = JSON.parse(localStorage.getItem('perfsvc.session'))
  localStorage.setItem('perfsvc.session', JSON.stringify({ ...session, token: 'spoilt' }))
}
"""
LOOKS = [("zh", (("light", 1440), ("dark", 390))), ("en", (("light", 390), ("dark", 1280)))]
"""Languages, and the themes and widths in which pages are checked."""


@pytest.mark.parametrize(("language", "looks"), LOOKS)
def test_pages_before_sign_in_are_for_everyone(ui: Ui, language: str, looks: Sequence[Look]) -> None:
    page = ui.open("/login", language=language, theme=looks[0][0], width=looks[0][1], user=None)
    expect(page.get_by_role("heading", name="登录" if language == "zh" else "Sign in")).to_be_visible()
    ui.check_in(page, looks)
    page.get_by_role("link", name="注册" if language == "zh" else "Register").click()
    expect(page.get_by_role("heading", name="注册账号" if language == "zh" else "Create an account")).to_be_visible()
    ui.check_in(page, looks)


@pytest.mark.parametrize(("language", "looks"), LOOKS)
@pytest.mark.parametrize("path", ["/me", "/nowhere"])
def test_pages_of_the_shell_are_for_everyone(ui: Ui, path: str, language: str, looks: Sequence[Look]) -> None:
    page = ui.open(path, language=language, theme=looks[0][0], width=looks[0][1])
    expect(page.get_by_role("main")).not_to_be_empty()
    ui.check_in(page, looks)


def test_sign_in_needs_only_the_password_and_leads_where_one_wanted_to_go(ui: Ui) -> None:
    ui.expect_status(401)
    page = ui.open("/nodes", user=None)
    page.get_by_label("密码", exact=True).fill("wrong word")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码错误")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ui.service.url}/nodes")
    expect(page).to_have_title("压测节点 · perfsvc")
    page.get_by_role("button", name="账号 admin").click()
    page.get_by_role("menuitem", name="退出登录").click()
    page.wait_for_url(f"{ui.service.url}/login?next=/nodes")


def test_a_link_to_another_site_is_not_followed_after_sign_in(ui: Ui) -> None:
    page = ui.open("/login?next=//example.invalid/x", user=None)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ui.service.url}/start")


def test_language_and_theme_change_at_once_and_stay(ui: Ui) -> None:
    page = ui.open("/nodes", language="zh", theme="light")
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("link", name="Nodes", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("html")).to_have_class("dark")
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    expect(page).to_have_title("Nodes · perfsvc")


def test_the_command_palette_finds_pages_by_keyboard(ui: Ui) -> None:
    page = ui.open("/nodes", language="en")
    page.get_by_role("link", name="Plugins").wait_for()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or run")
    expect(field).to_be_focused()
    ui.check(page)
    page.keyboard.type("plug")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ui.service.url}/plugins")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_command_palette_searches_all_plans_of_a_project(ui: Ui) -> None:
    project = ui.service.post("/api/projects/", {"name": "many"}).body["id"]
    config = {"target_url": "http://127.0.0.1:9/", "concurrent_users": 1, "hold_time": 1}
    for number in range(101):
        plan = {"name": f"plan {number:03}", "project_id": project, "config": config}
        answer = ui.service.post("/api/performance/plans/", plan)
        assert answer.status == 201, answer
    page = ui.open(f"/p/{project}/runs", language="en")
    page.get_by_role("link", name="Presets").wait_for()
    for name in ("plan 000", "plan 100"):
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Search or run").fill(name)
        page.get_by_role("dialog").get_by_role("option", name=name).click()
        expect(page.locator(".title-input")).to_have_value(name)


def test_keys_are_listed_and_do_nothing_in_fields(ui: Ui) -> None:
    page = ui.open("/me", language="en")
    page.get_by_label("Email", exact=True).focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    ui.check(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_rail_is_a_drawer_on_a_phone(ui: Ui) -> None:
    page = ui.open("/nodes", language="en", width=390, height=844)
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    ui.check(page)
    page.get_by_role("link", name="Plugins").click()
    page.wait_for_url(f"{ui.service.url}/plugins")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()


def test_the_first_stop_of_the_keyboard_skips_to_the_content(ui: Ui) -> None:
    page = ui.open("/nodes", language="en")
    page.get_by_role("link", name="Plugins").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_two_tabs_never_sign_each_other_out(ui: Ui) -> None:
    page = ui.open("/me", language="en")
    other = page.context.new_page()
    other.goto(f"{ui.service.url}/plugins")
    # Both find their access token refused at the same moment; one refresh must serve both.
    ui.expect_status(401)
    page.evaluate(SPOIL_TOKEN)
    page.reload()
    other.reload()
    for tab in (page, other):
        tab.get_by_role("button", name="Account admin").wait_for()
    page.get_by_label("Email", exact=True).fill("boss@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Profile saved")).to_be_visible()
    other.goto(f"{ui.service.url}/me")
    expect(other.get_by_label("Email", exact=True)).to_have_value("boss@example.org")


def test_a_token_is_made_shown_once_and_deleted(ui: Ui) -> None:
    page = ui.open("/me", language="en")
    card = page.get_by_role("region", name="API tokens")
    expect(card.get_by_text("No tokens yet.")).to_be_visible()
    card.get_by_label("Name", exact=True).fill("nightly")
    card.get_by_label("Scope", exact=True).select_option(label="Read, and run tests")
    card.get_by_role("button", name="Create token").click()
    text = card.locator("code.made").inner_text()
    assert text.startswith("perfsvc_")
    expect(card.get_by_role("listitem")).to_contain_text("nightly")
    ui.check(page)
    page.reload()
    expect(card.get_by_text("Never used")).to_be_visible()
    expect(page.get_by_text(text)).to_have_count(0)
    card.get_by_role("button", name="Delete nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card.get_by_text("No tokens yet.")).to_be_visible()
    assert ui.service.get("/api/users/me/tokens/").body["total"] == 0
