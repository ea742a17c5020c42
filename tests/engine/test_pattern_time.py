"""Patterns of users hold the loop for a bounded time between two of its ticks, and not at all in trials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import regex

from perfsvc.engine import pattern_time
from perfsvc.engine.pattern_time import find_all
from perfsvc.engine.pattern_time import refill
from perfsvc.engine.pattern_time import search
from tests.engine.test_scene_trial import get
from tests.engine.test_scene_trial import tried
from tests.support.fake_protocol import Answer

ENDLESS = "(a|aa)+$"
TEXT = "a" * 60 + "b"


@pytest.fixture(autouse=True)
def full() -> Iterator[None]:
    """Nothing is used up and no pattern is known."""
    refill()
    pattern_time._suspects.clear()
    yield
    refill()


def took(times: int, pattern: str = ENDLESS) -> float:
    """Processor time of searches that all give up, s."""
    compiled, began = regex.compile(pattern), time.process_time()
    for _ in range(times):
        with pytest.raises(TimeoutError):
            search(compiled, TEXT)
    return time.process_time() - began


def test_patterns_that_backtrack_share_what_is_left_until_the_next_tick() -> None:
    assert took(1) < 2 * pattern_time.LIMIT_S
    assert took(1_000) < pattern_time.LIMIT_S
    refill()
    assert took(1) > pattern_time.LIMIT_S / 2


def test_patterns_that_are_not_known_to_be_slow_have_their_time_all_the_same() -> None:
    assert took(2) < 2 * pattern_time.LIMIT_S
    innocent = regex.compile("(?:a|b)+b")
    assert search(innocent, TEXT) is not None
    assert took(1, "(a|aa)+!") < 4 * pattern_time.LEAST_S
    assert search(innocent, TEXT) is not None


def test_quick_searches_use_nothing_up() -> None:
    compiled = regex.compile("b")
    for _ in range(2_000):
        assert search(compiled, TEXT) is not None
    assert took(1) > pattern_time.LIMIT_S / 2


def test_all_matches_are_found_within_the_same_time() -> None:
    assert [match[0] for match in find_all(regex.compile("."), TEXT, 3)] == ["a", "a", "a"]
    with pytest.raises(TimeoutError):
        find_all(regex.compile(ENDLESS), TEXT, 3)


@pytest.mark.asyncio
async def test_a_trial_leaves_the_loop_free() -> None:
    extract = [{"name": f"v{number}", "from": "regex", "pattern": ENDLESS} for number in range(5)]
    checks = [{"type": "regex", "pattern": ENDLESS}]
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    ticking = asyncio.create_task(tick())
    (seen,) = await tried({"steps": [get("x", extract=extract, checks=checks)]}, Answer(after=0.0, body=TEXT.encode()))
    ticking.cancel()
    assert seen["error"]["class"] == "Unreadable Reply: TimeoutError"
    assert [value["found"] for value in seen["extracted"]] == [False] * 5
    assert ticks > 20


@pytest.mark.asyncio
async def test_a_trial_that_is_given_up_waits_for_its_thread() -> None:
    step: dict[str, Any] = get("x", extract=[{"name": "v", "from": "regex", "pattern": ENDLESS}] * 50)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await tried({"steps": [step]}, Answer(after=0.0, body=TEXT.encode()))
