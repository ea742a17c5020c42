"""The first minute without a mouse: signed in, started, steered, stopped and read by keys alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.project_client import seconds_shown
from tests.support.service import PASSWORD

MOST_TABS = 120
UNMARKED = """
() => {
  const at = document.activeElement
  if (at === null || at === document.body || at.matches('main')) return ''
  const marked = (one) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one)
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
  }
  const frame = at.closest('label, .start-address')
  return marked(at) || (frame !== null && marked(frame)) ? '' : at.outerHTML.slice(0, 200)
}
"""
"""The element in focus, if nothing on the screen shows that it is."""
OUTSIDE = "() => document.activeElement === document.body || document.activeElement.closest('.skip') !== null"


def tab(page: Page) -> None:
    """Go one on; what is then in focus can be seen."""
    page.keyboard.press("Tab")
    assert page.evaluate(UNMARKED) == ""


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(MOST_TABS):
        if wanted.count() == 1 and wanted.evaluate("(one) => one === document.activeElement"):
            return
        tab(page)
    raise AssertionError(f"{wanted} is not reached")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    tab_to(page, wanted)
    page.keyboard.press(key)


def test_the_first_minute_without_a_mouse(ui: Ui) -> None:
    page = ui.open("/login", language="en", user=None)
    password = page.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/start")
    expect(page.locator(".start-input")).to_be_focused()
    expect(page.locator(".start-input")).to_have_value(re.compile(r"/demo/$"))
    press(page, page.get_by_role("button", name="Start", exact=True))
    page.wait_for_url("**/runs/*", timeout=PATIENCE_MS)
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)

    steer_by_keys(page)
    stop_by_keys(page)
    read_by_keys(page)


def steer_by_keys(page: Page) -> None:
    chip = page.locator("h1 .chip")
    page.keyboard.press(" ")
    expect(chip).to_have_text("Paused")
    page.keyboard.press("Control+k")
    page.keyboard.type("pause")
    page.keyboard.press("Enter")
    expect(chip).to_have_text("Running")
    opener = page.get_by_role("button", name="Change load")
    press(page, opener)
    dialog = page.get_by_role("dialog", name="Change load")
    expect(dialog).to_be_visible()
    for _ in range(8):
        tab(page)
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, dialog.get_by_label("Users"))
    page.keyboard.press("Control+a")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile(r"admin .* → 4"))).to_be_visible(timeout=PATIENCE_MS)
    expect(opener).to_be_focused()


def stop_by_keys(page: Page) -> None:
    press(page, page.get_by_role("button", name="Table", exact=True))
    seconds_shown(page, 5)
    press(page, page.get_by_role("toolbar").get_by_role("button", name="Stop", exact=True))
    press(page, page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True))
    expect(page.get_by_role("region", name="Result")).to_contain_text("Stopped", timeout=PATIENCE_MS)


def read_by_keys(page: Page) -> None:
    start = page.get_by_role("slider", name="Start of the window")
    press(page, start, "ArrowRight")
    page.wait_for_url(re.compile(r"[?&]w=\d+-\d+"))
    expect(start).to_be_focused()
    press(page, page.get_by_role("slider", name="Cursor").first, "ArrowLeft")
    expect(page.get_by_role("slider", name="Cursor").first).to_have_attribute("aria-valuetext", re.compile("Requests"))
    expect(page.locator(".sheet-table tbody tr").first).to_be_visible()
    curve = page.get_by_role("slider", name="How slow is slow")
    press(page, curve, "ArrowRight")
    expect(curve).to_have_attribute("aria-valuetext", re.compile(r"% .* ms"))
    dots = page.get_by_role("slider", name="Slower when busier?")
    press(page, dots, "ArrowRight")
    expect(dots).to_have_attribute("aria-valuetext", re.compile(r"requests/s · p95"))
    for _ in range(MOST_TABS):  # nothing keeps the focus to itself
        tab(page)
        if page.evaluate(OUTSIDE):
            return
    raise AssertionError("the end of the page is not reached")
