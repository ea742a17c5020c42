"""What the example that follows a run says to each kind of frame, as the pages show them."""

from __future__ import annotations

import json
import runpy
from typing import Any

from tests.docs.pages import ROOT
from tests.docs.pages import blocks_of

WATCH = ROOT / "examples" / "watch.py"
FRAMES = ("history", "metrics", "status", "event", "end")


def line_of(frame: dict[str, Any]) -> str | None:
    said: str | None = runpy.run_path(str(WATCH))["line_of"](frame)
    return said


def test_the_frames_of_the_page_have_their_lines() -> None:
    shown = [json.loads(block.text) for block in blocks_of("docs/api.md") if block.language == "json"]
    lines = [line_of(frame) for frame in shown if frame.get("type") in FRAMES]
    seen = "20 users 500.0 req/s 15.2 ms at p95 0.0 % errors"
    ended = "completed NO_THRESHOLDS VALID: 0 of 3000 requests failed"
    assert lines == [None, seen, None, "load set to 250.0 by admin", ended]


def test_a_node_that_is_lost_has_its_line() -> None:
    lost = {"event": "node", "kind": "lost", "node": "central-1", "shares": {"central-2": 100.0}}
    assert line_of({"type": "event", "data": lost}) == "node central-1 lost"


def test_a_second_without_requests_has_its_line() -> None:
    silent = {"active_users": 5, "requests_per_second": 0.0, "p95": None, "error_rate": 0.0}
    assert line_of({"type": "metrics", "data": silent}) == "5 users 0.0 req/s - ms at p95 0.0 % errors"
