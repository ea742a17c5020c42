"""What viewers and pollers are told while a run goes on."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

import pytest

from perfsvc.analysis import live
from perfsvc.analysis.live import history_frame
from perfsvc.analysis.live import history_of
from perfsvc.analysis.live import metrics_answer
from perfsvc.analysis.live import metrics_frame
from perfsvc.errors import InvalidInput
from perfsvc.metrics.run_metrics import RunMetrics

T0 = 1_700_000_000
NOW = datetime(2024, 2, 20, 11, 0, tzinfo=UTC)


@pytest.fixture
def seconds(metrics):
    return metrics.close_seconds(T0 + 99)


def test_a_frame_has_the_documented_form(metrics, seconds):
    frame = metrics_frame(seconds[0], metrics, metrics.validity(), {})
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
    data = metrics_frame(seconds[0], metrics, metrics.validity(), {})["data"]
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


def test_a_frame_has_what_protocols_count_and_measure(metrics, seconds):
    frames = [metrics_frame(second, metrics, metrics.validity(), {})["data"]["steps"] for second in seconds]
    _, login, of_list = frames[0]
    assert login["counters"] == {"lost": 1.0, "messages_sent": 3.0}
    assert login["gauges"] == {"ping_ms": {"count": 2, "avg": 2.5, "max": 4.0}}
    assert (of_list["counters"], of_list["gauges"]) == ({}, {})
    assert frames[3][0]["counters"] == login["counters"], "each second has its own"


def test_a_frame_has_the_latency_from_plan_where_there_is_a_plan(metrics, seconds):
    planned = {"avg": 90.0, "p50": 90.0, "p90": 90.0, "p95": 90.0, "p99": 90.0, "max": 90.0}
    data = metrics_frame(seconds[0], metrics, metrics.validity(), {})["data"]
    assert data["latency_from_plan"] == planned
    assert [step.get("latency_from_plan") for step in data["steps"]] == [None, None, planned]
    without = metrics_frame(seconds[1], metrics, metrics.validity(), {})["data"]
    assert "latency_from_plan" not in without


def test_a_second_without_requests_has_no_response_time(metrics, seconds):
    data = metrics_frame(seconds[1], metrics, metrics.validity(), {})["data"]
    assert (data["response_time"], data["p95"], data["error_rate"]) == (None, None, 0.0)


def test_history_is_the_run_so_far(seconds):
    frame = history_frame(seconds)
    assert (frame["type"], frame["timestamp"]) == ("history", T0 + 6)
    assert [point["timestamp"] for point in frame["data"]] == [T0 + 1, T0 + 2, T0 + 3, T0 + 4, T0 + 6]
    assert [point["requests_per_second"] for point in frame["data"]] == [5.0, 0.0, 0.0, 3.0, 2.0]


def test_history_is_bounded(metrics, seconds, monkeypatch):
    assert history_of(metrics) == history_frame(metrics.series.finest())
    monkeypatch.setattr(live, "HISTORY_POINTS", 4)
    assert [point["width"] for point in history_of(metrics)["data"]] == [10]


def test_history_of_nothing():
    assert history_frame([]) == {"type": "history", "timestamp": None, "data": []}


def test_the_answer_has_the_documented_form(metrics, seconds):
    answer = metrics_answer("e1", metrics, now=NOW)
    assert (answer["execution_id"], answer["timestamp"]) == ("e1", "2024-02-20T11:00:00Z")
    blocks = answer["metrics"]
    assert list(blocks) == ["response_time", "throughput", "error_rate", "system"]
    times = blocks["response_time"]
    assert {name: times[name] for name in ("current", "avg", "min", "max", "p95")} == {
        "current": 40.0,
        "avg": 25.0,
        "min": 10.0,
        "max": 40.0,
        "p95": 40.0,
    }
    assert (times["latency_from_plan"]["p95"], times["latency_from_plan"]["max"]) == (90.0, 90.0)
    assert blocks["throughput"] == {"current_rps": 2.0, "avg_rps": 2.5, "total_requests": 10}
    assert blocks["error_rate"] == {"current": 50.0, "avg": 40.0, "total_errors": 4}
    assert blocks["system"] == {"cpu_usage": 60.0, "memory_usage": 70.0, "network_io": 10.0}


@pytest.mark.parametrize("metric_type", ["response_time", "throughput", "error_rate", "system"])
def test_a_metric_type_leaves_that_block(metrics, seconds, metric_type):
    whole = metrics_answer("e1", metrics, now=NOW)["metrics"]
    assert metrics_answer("e1", metrics, now=NOW, metric_type=metric_type)["metrics"] == {
        metric_type: whole[metric_type]
    }


@pytest.mark.parametrize(
    ("time_range", "requests", "avg"), [(1, 2, 40.0), (3, 5, 25.0), (6, 10, 25.0), (9999, 10, 25.0)]
)
def test_a_time_range_looks_at_the_last_seconds(metrics, seconds, time_range, requests, avg):
    blocks = metrics_answer("e1", metrics, now=NOW, time_range=time_range)["metrics"]
    assert (blocks["throughput"]["total_requests"], blocks["response_time"]["avg"]) == (requests, avg)


@pytest.mark.parametrize(
    ("query", "path", "en"),
    [
        ({"metric_type": "cpu"}, "metric_type", "must be one of response_time, throughput, error_rate, system"),
        ({"time_range": 0}, "time_range", "must be a positive number of seconds"),
    ],
)
def test_bad_parameters_are_refused_by_name(metrics, query, path, en):
    with pytest.raises(InvalidInput) as caught:
        metrics_answer("e1", metrics, now=NOW, **query)
    assert [(problem.path, problem.text.en) for problem in caught.value.problems] == [(path, en)]


def test_before_the_first_second_there_is_nothing_to_tell():
    blocks = metrics_answer("e1", RunMetrics(["a"]), now=NOW, time_range=10)["metrics"]
    assert blocks["response_time"]["current"] is None
    assert "latency_from_plan" not in blocks["response_time"]
    assert blocks["throughput"] == {"current_rps": 0.0, "avg_rps": 0.0, "total_requests": 0}
    assert blocks["system"] == {"cpu_usage": None, "memory_usage": None, "network_io": None}
