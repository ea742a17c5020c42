"""What viewers see of a whole run, early and late, in virtual time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from perfsvc.analysis.run_frame import RunNames
from perfsvc.analysis.unfit import UnfitSeconds
from perfsvc.service.runs.frame_log import FrameLog
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_output import LiveOutput
from perfsvc.service.runs.live_output import history_text
from tests.service.test_run import make
from tests.service.test_run import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

NAMES = RunNames(1, "peak", 2, "li")


async def frames_of(subscription: Subscription) -> list[dict[str, Any]]:
    return [json.loads(text) async for text in subscription]


def test_a_late_viewer_sees_what_an_early_one_saw() -> None:
    async def main() -> list[list[dict[str, Any]]]:
        broadcast = LiveOutput(NAMES, lambda: 7)
        run = make(spec_of(8, thresholds=["error_rate < 1 for 2s"]), Answer(status=500), broadcast)
        await run.start()
        early = asyncio.create_task(frames_of(await broadcast.subscribe(None)))
        await asyncio.sleep(3.5)
        run.pause("li")
        await asyncio.sleep(1)
        run.resume("li")
        since = int(virtual_time.current_clock().wall()) - 3
        again = asyncio.create_task(frames_of(await broadcast.subscribe(since)))
        late = asyncio.create_task(frames_of(await broadcast.subscribe(None)))
        await run.wait()
        after_end = await frames_of(await broadcast.subscribe(since + 1))
        return [await early, await again, await late, after_end]

    early, again, late, after_end = virtual_time.run(main())
    assert [frame["type"] for frame in early[:3]] == ["run", "history", "status"]
    points = {frame["timestamp"]: frame["data"] for frame in early if frame["type"] == "metrics"}
    history = again[1]
    assert (history["type"], history["complete"]) == ("history", True)
    seen = {point.pop("timestamp"): point for point in history["data"]}
    assert seen
    seen |= {frame["timestamp"]: frame["data"] for frame in again if frame["type"] == "metrics"}
    assert seen == {second: points[second] for second in points if second >= min(seen)}
    first = max(seen)
    assert points[first]["failures"]
    events = late[0]["data"]["events"]
    assert [event["event"] for event in events][-2:] == ["pause", "resume"]
    assert (events[-1]["by"], events[-1]["seconds"]) == ("li", 1.0)
    assert late[0]["data"]["errors"]["total"] > 0
    judged = UnfitSeconds()
    for frame in early:
        if frame["type"] == "metrics" and frame["timestamp"] <= (late[1]["timestamp"] or 0):
            judged.add(frame["timestamp"], frame["data"])
    assert late[0]["data"]["unfit"] == judged.blocks()
    assert (late[1]["type"], late[1]["complete"]) == ("history", False)
    assert [frame["type"] for frame in (early[-1], again[-1], late[-1])] == ["end"] * 3
    assert early[-1]["data"].items() >= {"report_id": 7, **asdict(NAMES)}.items()
    assert [frame["type"] for frame in after_end] == ["run", "history", "end"]
    (final,), (decided,) = after_end[0]["data"]["thresholds"], early[-1]["data"]["verdict"]["thresholds"]
    assert (final["state"], final["broken_s"]) == ("breached", 0)
    assert (final["value"], final["breached_at"]) == (decided["value"], decided["breached_at"])
    assert (after_end[0]["data"]["status"], after_end[1]["complete"]) == ("completed", True)
    points_after = {point.pop("timestamp"): point for point in after_end[1]["data"]}
    assert points_after == {second: data for second, data in seen.items() if second > min(seen)}


def test_a_breach_is_an_event_and_a_state_of_each_second() -> None:
    async def main() -> list[dict[str, Any]]:
        broadcast = LiveOutput(NAMES, lambda: None)
        run = make(spec_of(5, thresholds=["error_rate < 1 for 2s"]), Answer(status=500), broadcast)
        await run.start()
        watching = asyncio.create_task(frames_of(await broadcast.subscribe(None)))
        await run.wait()
        return await watching

    frames = virtual_time.run(main())
    states = [frame["data"]["thresholds"][0] for frame in frames if frame["type"] == "metrics"]
    assert [(state["state"], state["broken_s"], state["of_s"]) for state in states[:3]] == [
        ("breaking", 1, 2),
        ("breached", 2, 2),
        ("breached", 2, 2),
    ]
    events = [frame["data"] for frame in frames if frame["type"] == "event"]
    told = [(event["event"], event["state"], event["limit"]) for event in events if event["event"] == "threshold"]
    assert told == [("threshold", "breached", 1.0)]


def test_the_log_forgets_the_oldest_and_says_so() -> None:
    log = FrameLog(max_seconds=3)
    for second in range(1, 6):
        log.add(second, json.dumps({"timestamp": second}).encode())
    kept = json.loads(history_text(log.after(2)))
    assert (kept["complete"], kept["timestamp"]) == (True, 5)
    assert [point["timestamp"] for point in kept["data"]] == [3, 4, 5]
    assert log.after(1).complete is False
    assert json.loads(history_text(log.after(9)))["data"] == []
    small = FrameLog(max_bytes=60)
    for second in range(1, 9):
        small.add(second, b"x" * 100)
    assert 0 < len(list(small.after(7))) < 2
    assert not small.after(1).complete


def test_a_viewer_that_leaves_while_its_history_is_made_is_forgotten() -> None:
    async def main() -> None:
        broadcast = LiveOutput(NAMES, lambda: 7)
        run = make(spec_of(8), Answer(), broadcast)
        await run.start()
        await asyncio.sleep(3.5)
        since = int(virtual_time.current_clock().wall()) - 3
        subscribing = asyncio.create_task(broadcast.subscribe(since))
        await asyncio.sleep(0)
        assert broadcast.channel.viewers == 1
        subscribing.cancel()
        await asyncio.wait([subscribing])
        assert subscribing.cancelled()
        assert broadcast.channel.viewers == 0
        await run.wait()

    virtual_time.run(main())
