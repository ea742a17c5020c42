"""Viewers of a run: history first, bounded queues, one end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from perfsvc.service.runs.live_feed import QUEUE_FRAMES
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Subscription

HISTORY = {"type": "history", "data": []}


async def drained(subscription: Subscription) -> list[dict[str, Any]]:
    return [json.loads(text) async for text in subscription]


@pytest.mark.asyncio
async def test_a_viewer_gets_the_history_the_frames_and_the_end() -> None:
    channel = Channel(lambda: [HISTORY])
    subscription = channel.subscribe()
    channel.publish({"type": "metrics", "n": 1})
    channel.end({"type": "end"})
    assert [frame["type"] for frame in await drained(subscription)] == ["history", "metrics", "end"]
    assert channel.viewers == 0


@pytest.mark.asyncio
async def test_a_slow_viewer_loses_the_oldest_frames_and_keeps_the_end() -> None:
    channel = Channel(lambda: [HISTORY])
    slow = channel.subscribe()
    for number in range(100):
        channel.publish({"type": "metrics", "n": number})
    channel.end({"type": "end"})
    frames = await drained(slow)
    assert len(frames) == QUEUE_FRAMES
    assert slow.lost == 102 - QUEUE_FRAMES
    assert frames[-2:] == [{"type": "metrics", "n": 99}, {"type": "end"}]


@pytest.mark.asyncio
async def test_who_comes_after_the_end_gets_history_and_end() -> None:
    channel = Channel(lambda: [HISTORY])
    channel.end({"type": "end"})
    assert [frame["type"] for frame in await drained(channel.subscribe())] == ["history", "end"]


@pytest.mark.asyncio
async def test_closing_ends_a_waiting_viewer() -> None:
    channel = Channel(list)
    subscription = channel.subscribe()
    waiting = asyncio.create_task(drained(subscription))
    await asyncio.sleep(0)
    subscription.close()
    assert await asyncio.wait_for(waiting, 60) == []
    assert channel.viewers == 0
