"""Real frames of real runs against the models of frames that the API's description has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perfsvc.analysis.run_frame import RunNames
from perfsvc.service.runs.live_output import LiveOutput
from perfsvc.web.api.live_models import LiveFrame
from perfsvc.web.api.report_parts import ReportParts
from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from tests.service.test_live_output import frames_of
from tests.service.test_run import make
from tests.service.test_run import run_to_end
from tests.service.test_run import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

SEARCH = {
    "stages": [{"duration": 0, "target": 1}, {"duration": 20, "target": 1}],
    "control": {"kind": "error_rate", "low": 1, "high": 4, "threshold": 5, "level_time": 2, "settle_time": 0.4},
}
RATE = {
    "variable": "arrival_rate",
    "max_vus": 5,
    "stages": [{"duration": 0, "target": 9}, {"duration": 4, "target": 9}],
}


def frames(script: Any, **spec: Any) -> list[dict[str, Any]]:
    """All frames of a run: of who was there from the beginning, who came late, and who came back."""

    async def main() -> list[dict[str, Any]]:
        output = LiveOutput(RunNames(1, "peak", 2, "li"), lambda: 7)
        run = make(spec_of(4, **spec), script, output)
        await run.start()
        early = asyncio.create_task(frames_of(await output.subscribe(None)))
        await asyncio.sleep(2.5)
        run.pause("li")
        await asyncio.sleep(1)
        run.resume("li")
        since = int(virtual_time.current_clock().wall()) - 3
        others = [asyncio.create_task(frames_of(await output.subscribe(each))) for each in (None, since)]
        await run.wait()
        return [*await early, *await others[0], *await others[1]]

    return virtual_time.run(main())


@pytest.mark.parametrize(
    ("script", "spec", "kinds"),
    [
        (Answer(), {"thresholds": ["p95 < 1 for 2s", "rps > 1"]}, {"event"}),
        (Answer(status=500), {"load": RATE}, {"event"}),
        (Answer(), {"load": SEARCH}, {"search", "event"}),
    ],
)
def test_frames_are_as_described(script: Any, spec: dict[str, Any], kinds: set[str]) -> None:
    seen = frames(script, **spec)
    for frame in seen:
        LiveFrame.model_validate(frame)
    assert {frame["type"] for frame in seen} >= {"run", "history", "metrics", "status", "end"} | kinds
    assert {frame["complete"] for frame in seen if frame["type"] == "history"} == {True, False}


def test_reports_are_as_described() -> None:
    load = {"stages": [{"duration": 0, "target": 2}, {"duration": 12, "target": 2}], "control": SEARCH["control"]}
    for script, spec in (
        (Answer(), {"thresholds": ["p95 < 1"]}),
        (Answer(status=500), {"load": RATE}),
        (Answer(), {"load": load}),
    ):
        _, report = run_to_end(spec_of(3, **spec), script)
        described = ReportParts.model_validate(report)
        assert described.model_dump(exclude_unset=True, by_alias=True) == report


def test_the_description_has_every_frame() -> None:
    document = describe(ROUTES)
    feed = document["paths"]["/ws/performance/{execution_id}/"]["get"]
    assert feed["x-frames"] == {"$ref": "#/components/schemas/LiveFrame"}
    frame = document["components"]["schemas"]["LiveFrame"]
    assert set(frame["discriminator"]["mapping"]) == {
        "run", "history", "metrics", "status", "event", "search", "token", "end",
    }  # fmt: skip
    assert len(frame["oneOf"]) == 8
