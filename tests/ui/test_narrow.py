"""The narrowest windows: nothing is wider than they are, on any page of a project and its runs."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Error
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import SIGN_IN
from tests.support.recording import Playback
from tests.support.recording import Recording
from tests.support.service import Service

RECORDING = Path(__file__).parents[2] / ".ci" / "recording.json.gz"
WIDTHS = (390, 320)
FITS = "() => document.documentElement.scrollWidth <= innerWidth"
WIDER = "() => document.documentElement.scrollWidth - innerWidth"
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def settled(page: Page) -> None:
    expect(page.locator("main").first).to_be_visible()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    page.evaluate(DRAWN)


def test_no_page_is_wider_than_a_phone(browser: Browser, service: Service) -> None:
    recording = Recording.load(RECORDING)
    context = browser.new_context(locale="en-US", reduced_motion="reduce")
    context.add_init_script(SIGN_IN % json.dumps([recording.session(), "en", "light"]))
    page = context.new_page()
    playback = Playback(page, recording, {})
    wide = {}
    for name in recording.scenes:
        page.set_viewport_size({"width": max(WIDTHS), "height": 800})
        playback.show(name, service.url)
        settled(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            try:
                page.wait_for_function(FITS, timeout=PATIENCE_MS)
            except Error:
                wide[f"{name} at {width}"] = page.evaluate(WIDER)
    context.close()
    assert wide == {}
