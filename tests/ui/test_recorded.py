"""Runs as they were recorded: what their pages say while they go on and afterwards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import SIGN_IN
from tests.support.recording import Playback
from tests.support.recording import Recording
from tests.support.service import Service

pytestmark = pytest.mark.timeout(180)

RECORDING = Path(__file__).parents[2] / ".ci" / "recording.json.gz"


def shown(browser: Browser, service: Service, name: str, language: str) -> Page:
    """A page of the recording."""
    recording = Recording.load(RECORDING)
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    context.add_init_script(SIGN_IN % json.dumps([recording.session(), language, "light"]))
    page = context.new_page()
    Playback(page, recording, {}).show(name, service.url)
    return page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("zh", re.compile(r"^正在调整负载，使 p95 保持在 120 ms，当前负载 \d+$")),
        ("en", re.compile(r"^Moving the load to hold p95 at 120 ms, now at \d+$")),
    ],
)
def test_an_adaptive_run_says_what_it_does_while_it_goes_on(
    browser: Browser, service: Service, language: str, sentence: re.Pattern[str]
) -> None:
    page = shown(browser, service, "adaptive-live", language)
    answer = page.locator(".answer")
    expect(answer.locator(".answer-sentence")).to_have_text(sentence)
    expect(answer.locator(".answer-sure")).to_have_count(0)
    expect(page.locator(".limit-name")).to_have_text(re.compile(r"120 ms ±10"))
    page.context.close()


def test_an_adaptive_report_says_how_well_the_target_was_held(browser: Browser, service: Service) -> None:
    page = shown(browser, service, "adaptive-report", "en")
    expect(page.locator(".answer-sentence")).to_have_text(
        re.compile(r"^A load of \d+ holds p95 at [\d.]+ ms \(target 120 ms\)$")
    )
    expect(page.locator(".answer-sure")).to_have_text(re.compile(r"^\d+ % of the time within ±[\d.]+ % of the target$"))
    page.context.close()


def test_a_timeline_without_events_says_so(browser: Browser, service: Service) -> None:
    page = shown(browser, service, "search-report", "en")
    expect(page.get_by_role("group", name="Events")).to_have_text("Eventsnone")
    page.context.close()


def test_a_level_that_is_a_bound_is_named_once(browser: Browser, service: Service) -> None:
    page = shown(browser, service, "search-live", "en")
    names = page.locator("#search svg.story").first.locator("text.name")
    expect(names).to_have_text(["100", "200", "300", "400", "500", "600", "breaks at 700/s", "holds 600/s"])
    page.context.close()
