"""Frames for viewers and pollers while a run goes on."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

import msgspec
import pytest

from perfsvc.analysis import live_frames
from perfsvc.analysis.live_frames import history_frame
from perfsvc.analysis.live_frames import history_of
from perfsvc.analysis.live_frames import metrics_frame
from perfsvc.analysis.nodes import Nodes
from perfsvc.model.window import StepWindow
from tests.analysis.conftest import snapshot

T0 = 1_700_000_000
UNSENT = StepWindow(step=2, requests=0, unsent={"Missing variable: token": 4})
NOW = datetime(2024, 2, 20, 11, 0, tzinfo=UTC)


@pytest.fixture
def seconds(metrics):
    return metrics.close_seconds(T0 + 99)


def test_a_frame_has_the_documented_form(metrics, seconds):
    frame = metrics_frame(seconds[0], metrics, metrics.validity(), Nodes())
    assert (frame["type"], frame["timestamp"]) == ("metrics", T0 + 1)
    data = frame["data"]
    documented = ("active_users", "requests_per_second", "response_time", "error_rate", "system_metrics")
    assert {name: data[name] for name in documented} == {
        "active_users": 7,
        "requests_per_second": 5.0,
        "response_time": 25.0,
        "error_rate": 40.0,
        "system_metrics": {"cpu": 60.0, "memory": 70.0, "network": 10.0},
    }


def test_a_frame_has_more_beside_it(metrics, seconds):
    data = metrics_frame(seconds[0], metrics, metrics.validity(), Nodes())["data"]
    assert (data["planned_users"], data["paused"], data["elapsed"], data["width"]) == (8, False, 1.0, 1)
    assert (data["requests"], data["errors"], data["total_requests"], data["total_errors"]) == (5, 2, 10, 4)
    assert (data["validity"], data["validity_causes"]) == ("INVALID", ["snapshots_missing"])
    assert (data["planned_rate"], data["dropped"], data["late"]) == (12.5, 0, 0)
    assert (data["loop_lag"], data["send_lag"], data["process_cpu"]) == (1.5, 0.0, 40.0)
    assert (data["p50"], data["p95"], data["max"]) == (pytest.approx(20, rel=0.001), 40.0, 40.0)
    assert [(step["name"], step["requests"], step["response_time"]) for step in data["steps"]] == [
        ("buy", 1, 70.0),
        ("login", 3, 20.0),
        ("list", 2, 40.0),
    ]


def test_a_frame_says_what_was_not_sent(metrics):
    metrics.merge(msgspec.structs.replace(snapshot(7, UNSENT, node="n2"), second=T0 + 7))
    data = metrics_frame(metrics.close_seconds(T0 + 99)[-1], metrics, metrics.validity(), Nodes())["data"]
    assert (data["requests"], data["errors"], data["unsent"], data["total_unsent"]) == (0, 0, 4, 4)
    assert data["steps"][0]["unsent"] == 4


def test_a_frame_has_what_protocols_count_and_measure(metrics, seconds):
    frames = [metrics_frame(second, metrics, metrics.validity(), Nodes())["data"]["steps"] for second in seconds]
    _, login, of_list = frames[0]
    assert login["counters"] == {"lost": 1.0, "messages_sent": 3.0}
    assert login["gauges"] == {"ping_ms": {"count": 2, "avg": 2.5, "max": 4.0}}
    assert (of_list["counters"], of_list["gauges"]) == ({}, {})
    assert frames[3][0]["counters"] == login["counters"], "each second has its own"


def test_a_frame_has_the_latency_from_plan_where_there_is_a_plan(metrics, seconds):
    planned = {"avg": 90.0, "p50": 90.0, "p90": 90.0, "p95": 90.0, "p99": 90.0, "max": 90.0}
    data = metrics_frame(seconds[0], metrics, metrics.validity(), Nodes())["data"]
    assert data["latency_from_plan"] == planned
    assert [step.get("latency_from_plan") for step in data["steps"]] == [None, None, planned]
    without = metrics_frame(seconds[1], metrics, metrics.validity(), Nodes())["data"]
    assert "latency_from_plan" not in without


def test_a_second_without_requests_has_no_response_time(metrics, seconds):
    data = metrics_frame(seconds[1], metrics, metrics.validity(), Nodes())["data"]
    assert (data["response_time"], data["p95"], data["error_rate"]) == (None, None, 0.0)


def test_history_is_the_run_so_far(seconds):
    frame = history_frame(seconds)
    assert (frame["type"], frame["timestamp"]) == ("history", T0 + 6)
    assert [point["timestamp"] for point in frame["data"]] == [T0 + 1, T0 + 2, T0 + 3, T0 + 4, T0 + 6]
    assert [point["requests_per_second"] for point in frame["data"]] == [5.0, 0.0, 0.0, 3.0, 2.0]


def test_history_is_bounded(metrics, seconds, monkeypatch):
    assert history_of(metrics) == history_frame(metrics.series.finest())
    monkeypatch.setattr(live_frames, "HISTORY_POINTS", 4)
    assert [point["width"] for point in history_of(metrics)["data"]] == [10]


def test_history_of_nothing():
    assert history_frame([]) == {"type": "history", "timestamp": None, "complete": False, "data": []}


def test_a_second_tells_its_failures_and_statuses(metrics, seconds):
    data = metrics_frame(seconds[0], metrics, metrics.validity(), Nodes())["data"]
    assert data["failures"] == {"HTTP 500": 1, "Connection Error: refused": 1}
    assert data["statuses"] == {"200": 3, "500": 1}
    buy, login, of_list = data["steps"]
    assert ("failures" in buy, "statuses" in buy) == (False, False)
    assert (login["failures"], login["statuses"]) == ({"HTTP 500": 1}, {"200": 2, "500": 1})
    assert (of_list["failures"], of_list["statuses"]) == ({"Connection Error: refused": 1}, {"200": 1})
    history = history_frame(seconds)["data"]
    assert (history[0]["failures"], history[1]["failures"]) == (data["failures"], {})
