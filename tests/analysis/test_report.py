"""A report in the form of the API document, and everything beside it."""

from __future__ import annotations

import json
from datetime import UTC
from datetime import datetime

import pytest

from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.analysis.report import with_unstored
from perfsvc.metrics.histogram import HIGHEST_US
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.run import EndReason
from perfsvc.model.threshold import Threshold
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

T0 = 1_700_000_000
REASON = EndReason(code="finished", zh="负载已按计划完成", en="the load profile is over")
PERCENTILES = ["p50", "p75", "p90", "p95", "p99", "p99.9", "max"]


def facts(**changes) -> RunFacts:
    start, end = datetime(2024, 2, 20, 10, 30, tzinfo=UTC), datetime(2024, 2, 20, 10, 30, 6, tzinfo=UTC)
    usual = {"execution_id": "e1", "name": "evening peak", "status": "completed", "start_time": start, "end_time": end}
    return RunFacts(**{**usual, "reason": REASON, "seed": 7, "plan_id": 3, **changes})


def report_of(metrics: RunMetrics, *thresholds: str, **changes) -> dict:
    judge = ThresholdJudge([Threshold.model_validate(line) for line in thresholds])
    for second in metrics.close_seconds(T0 + 99):
        judge.observe(second, metrics)
    return build_report(facts(**changes), metrics, judge.verdict(metrics), metrics.validity())


def test_has_the_documented_fields(metrics):
    report = report_of(metrics)
    assert {name: report[name] for name in ("plan_id", "execution_id", "start_time", "end_time", "status")} == {
        "plan_id": 3,
        "execution_id": "e1",
        "start_time": "2024-02-20T10:30:00Z",
        "end_time": "2024-02-20T10:30:06Z",
        "status": "completed",
    }
    summary = report["summary"]
    assert summary["total_requests"] == 10
    assert summary["error_count"] == 4
    assert summary["success_rate"] == 60.0
    assert summary["avg_response_time"] == 25.0
    assert list(report["metrics"]) == ["response_times", "errors", "system_metrics"]


def test_response_times_over_time(metrics):
    times = report_of(metrics)["metrics"]["response_times"]
    assert times["timestamps"] == [T0 + 1, T0 + 2, T0 + 3, T0 + 4, T0 + 6]
    assert times["values"] == [25.0, None, None, 20.0, 40.0]
    assert list(times["percentiles"]) == PERCENTILES
    assert times["percentiles"]["p50"] == pytest.approx(20, rel=0.001)
    assert times["percentiles"]["max"] == 40.0


def test_errors_by_class_the_most_frequent_first(metrics):
    assert report_of(metrics)["metrics"]["errors"] == {
        "labels": ["Connection Error: refused", "HTTP 500"],
        "values": [2, 2],
    }


def test_system_metrics_are_as_long_as_the_timestamps(metrics):
    assert report_of(metrics)["metrics"]["system_metrics"] == {
        "cpu": [60.0] * 5,
        "memory": [70.0] * 5,
        "network": [10.0] * 5,
    }


def test_throughput_is_over_running_time(metrics):
    summary = report_of(metrics)["summary"]
    assert (summary["running_time"], summary["duration"], summary["throughput"]) == (4.0, 6.0, 2.5)
    assert (summary["max_users"], summary["iterations"], summary["cut_off"]) == (7, 1, 2)
    assert (summary["checks_passed"], summary["checks_failed"]) == (4, 2)
    assert (summary["bytes_sent"], summary["bytes_received"]) == (600, 1800)
    assert list(summary["percentiles"]) == PERCENTILES


def test_series_are_parallel_lists(metrics):
    series = report_of(metrics)["series"]
    planned = series.pop("latency_from_plan")
    lists = {name: values for name, values in series.items() if name != "width"}
    assert {len(values) for values in [*lists.values(), *planned.values()]} == {5}
    assert series["width"] == 1
    assert series["throughput"] == [5.0, 0.0, 0.0, 3.0, 2.0]
    assert series["active_users"] == [7, 5, 0, 5, 6]
    assert series["error_rate"] == [40.0, 0.0, 0.0, 33.333333, 50.0]
    assert series["paused"] == [False, False, True, False, False]
    assert series["p95"] == [40.0, None, None, 30.0, 40.0]
    assert list(planned) == ["p50", "p90", "p95", "p99"]
    assert planned["p95"] == [90.0, None, None, None, 90.0]
    assert series["planned_rate"] == [12.5, 0.0, 0.0, 0.0, 0.0]
    assert (series["dropped"], series["late"]) == ([0] * 5, [0, 0, 0, 4, 0])


def test_arrivals_that_were_dropped_or_late_are_reported():
    metrics = RunMetrics(["a"])
    for seq, dropped, late in ((1, 0, 2), (2, 5, 1)):
        fields = {"elapsed": seq, "span_ns": 10**9, "vus": 1, "planned_vus": 1}
        metrics.merge(Snapshot(node="n", seq=seq, second=T0 + seq, dropped=dropped, late=late, **fields))
    report = report_of(metrics)
    assert (report["series"]["dropped"], report["series"]["late"]) == ([0, 5], [2, 1])
    assert (report["summary"]["dropped"], report["summary"]["late"]) == (5, 3)
    assert (report["nodes"][0]["dropped"], report["nodes"][0]["late"]) == (5, 3)


def test_without_a_plan_there_is_no_latency_from_it():
    metrics = RunMetrics(["a"])
    window = StepWindow(step=0, requests=1, latency=Histogram.of_ns([10**6]).pack())
    metrics.merge(
        Snapshot(node="n", seq=1, second=T0, elapsed=1, span_ns=10**9, vus=1, planned_vus=1, windows=[window])
    )
    report = report_of(metrics)
    assert "latency_from_plan" not in json.dumps(report)


def test_the_two_latencies_are_reported_apart_in_one_sentence(metrics):
    planned = report_of(metrics)["latency_from_plan"]
    assert list(planned) == ["avg", "min", "max", "percentiles", "note"]
    assert (planned["avg"], planned["percentiles"]["p99"]) == (90.0, 90.0)
    assert planned["note"] == {
        "zh": "响应时间从请求发出算起；latency_from_plan 从计划的开始时刻算起，"
        "还包含被测服务或压测机繁忙时请求等待发出的时间",
        "en": "response times count from when a request was sent; latency_from_plan counts from when it was planned to "
        "start, so it also holds how long the request had to wait because the target or the generator was busy",
    }


def test_steps_have_series_of_their_own(metrics):
    series = report_of(metrics)["step_series"]
    assert (series["width"], series["timestamps"]) == (1, [T0 + 1, T0 + 2, T0 + 3, T0 + 4, T0 + 6])
    assert [(step["index"], step["name"]) for step in series["steps"]] == [
        (0, "buy"),
        (1, "login"),
        (2, "list"),
        (3, "never"),
    ]
    assert series["steps"][1]["throughput"] == [3.0, 0.0, 0.0, 3.0, 0.0]
    assert series["steps"][1]["p95"] == [30.0, None, None, 30.0, None]
    assert series["steps"][1]["counters"] == {"lost": [1.0, 0.0, 0.0, 1.0, 0.0], "messages_sent": [3.0, 0, 0, 3.0, 0]}
    assert series["steps"][1]["gauges"] == {"ping_ms": [2.5, None, None, 2.5, None]}
    assert (series["steps"][3]["throughput"], series["steps"][3]["p95"]) == ([0.0] * 5, [None] * 5)
    assert (series["steps"][3]["counters"], series["steps"][3]["gauges"]) == ({}, {})


def test_pauses_and_gaps_are_intervals(metrics):
    report = report_of(metrics)
    assert report["pauses"] == [{"start": T0 + 3, "end": T0 + 4, "seconds": 1}]
    assert report["gaps"] == [{"start": T0 + 5, "end": T0 + 6, "seconds": 1}]


def test_one_row_per_step(metrics):
    rows = report_of(metrics)["steps"]
    assert [(row["index"], row["name"], row["type"], row["requests"]) for row in rows] == [
        (0, "buy", "group", 1),
        (1, "login", "request", 6),
        (2, "list", "request", 4),
        (3, "never", "request", 0),
    ]
    login = rows[1]
    assert (login["errors"], login["error_rate"], login["rps"]) == (2, 33.333333, 1.5)
    assert (login["avg"], login["min"], login["max"]) == (20.0, 10.0, 30.0)
    assert login["statuses"] == {"200": 4, "500": 2}
    assert login["failures"] == {"HTTP 500": 2}
    assert login["checks"] == {"passed": 4, "failed": 2, "rate": 66.666667}
    assert login["phases"] == {
        "connect": {"count": 2, "avg": 2.0, "max": 2.0},
        "waiting": {"count": 6, "avg": 10.0, "max": 20.0},
    }
    assert (login["bytes_sent"], login["bytes_received"]) == (600, 1800)
    assert "latency_from_plan" not in login
    assert list(login["counters"].items()) == [("lost", 2.0), ("messages_sent", 6.0)]
    assert login["gauges"] == {"ping_ms": {"count": 4, "avg": 2.5, "max": 4.0}}


def test_a_step_that_never_ran_has_no_latencies(metrics):
    never = report_of(metrics)["steps"][3]
    assert [never[name] for name in ("avg", "min", "max")] == [None] * 3
    assert never["percentiles"] == dict.fromkeys(PERCENTILES)
    assert never["checks"] == {"passed": 0, "failed": 0, "rate": None}


def test_latency_from_plan_stands_beside_service_time_where_there_is_a_plan(metrics):
    report = report_of(metrics)
    assert report["latency_from_plan"]["avg"] == 90.0
    assert list(report["latency_from_plan"]["percentiles"]) == PERCENTILES
    assert report["steps"][2]["latency_from_plan"]["max"] == 90.0
    assert "latency_from_plan" not in report_of(RunMetrics(["a"]))


def test_nodes_tell_what_never_arrived(metrics):
    first, second = report_of(metrics)["nodes"]
    assert (first["node"], first["requests"], first["missing"], first["missing_count"]) == ("n1", 8, [[5, 5]], 1)
    assert (first["first_second"], first["last_second"], first["snapshots"]) == (T0 + 1, T0 + 6, 5)
    assert (second["node"], second["requests"], second["missing"]) == ("n2", 2, [])
    assert second["rps"] == 1.0


def test_errors_come_with_samples(metrics):
    refused, http = report_of(metrics)["errors"]
    assert refused == {"error_class": "Connection Error: refused", "count": 2, "share": 20.0, "samples": []}
    assert http["samples"] == [
        {
            "scene": "shop",
            "step": "login",
            "index": 1,
            "timestamp": T0 + 1.235,
            "message": "status 500",
            "message_zh": "status 500",
            "request": "POST /login",
            "response_head": "HTTP/1.1 500",
            "body": "oops",
        }
    ]


def test_verdict_validity_and_score(metrics):
    report = report_of(metrics, "p95 < 300", "error_rate < 1 for 1s")
    assert report["verdict"]["state"] == "FAILED"
    assert [(each["passed"], each["breached_at"]) for each in report["verdict"]["thresholds"]] == [
        (True, None),
        (False, T0 + 1),
    ]
    assert report["validity"]["state"] == "INVALID"
    assert [cause["code"] for cause in report["validity"]["causes"]] == ["snapshots_missing"]
    score = report["performance_score"]
    assert (score["score"], score["reason"]["en"]) == (None, "the run is not “Valid”, so it has no score")
    assert [part["name"] for part in score["parts"]] == ["errors", "latency", "throughput", "thresholds"]


def test_reason_and_seed(metrics):
    report = report_of(metrics)
    assert report["reason"] == {"code": "finished", "zh": "负载已按计划完成", "en": "the load profile is over"}
    assert (report["seed"], report["name"]) == (7, "evening peak")
    assert report_of(metrics, reason=None)["reason"] is None


def test_a_search_result_is_passed_on(metrics):
    search = {"variable": "vus", "value": 500}
    assert report_of(metrics, search=search)["search"] == search
    assert "search" not in report_of(metrics)


def test_a_report_is_json(metrics):
    report = report_of(metrics, "p95 < 300")
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_nothing_measured_is_null_not_zero():
    report = report_of(RunMetrics(["a"]))
    summary = report["summary"]
    assert (summary["total_requests"], summary["success_rate"], summary["avg_response_time"]) == (0, None, None)
    assert report["performance_score"]["score"] is None
    assert report["series"]["timestamps"] == []
    assert report["validity"]["state"] == "INVALID"


def warnings(metrics: RunMetrics) -> list[str]:
    return [warning["en"] for warning in report_of(metrics)["warnings"]]


def test_warnings_say_what_weighs_on_the_figures(metrics):
    late = Snapshot(node="n3", seq=1, second=T0 + 1, elapsed=1, span_ns=0, vus=0, planned_vus=0)
    metrics.close_seconds(T0 + 99)
    metrics.merge(late)
    assert warnings(metrics) == [
        "some measurements are missing: throughput is at least 2.5 requests per second",
        "requests in all: 10; high percentiles are unreliable",
        "only 4.0 s of load: start-up distorts the figures",
        "unfinished requests cut off at the stop: 2; they are not errors",
        "snapshots that came late: 1; totals and series have them, windowed thresholds do not",
    ]


def test_warnings_of_a_plan_with_too_few_users():
    metrics = RunMetrics(["a"])
    quick = Histogram.of_ns([10**6] * 1000).pack()
    for seq in range(1, 21):
        window = StepWindow(step=0, requests=1000, latency=quick)
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        dropped = {"iterations": 1000, "dropped": 500}
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], **second, **dropped))
    assert warnings(metrics) == ["less load was offered than planned: throughput is at least 1000 requests per second"]


def test_warnings_of_a_generator_at_its_limit():
    metrics = RunMetrics(["a"])
    slow = Histogram.of_ns([HIGHEST_US * 1000 + 1] + [10**6] * 999).pack()
    for seq in range(1, 21):
        window = StepWindow(step=0, requests=1000, latency=slow)
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        health = NodeHealth(process_cpu=99)
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], health=health, **second))
    assert warnings(metrics) == [
        "the generator was at its own limit: throughput is at least 1000 requests per second",
        "requests longer than 1 h: 20; percentiles count them as 1 h",
    ]


def test_a_target_that_was_down_for_a_while_is_reported():
    metrics = RunMetrics(["a"])
    quick = Histogram.of_ns([5 * 10**6] * 100).pack()
    for seq in range(1, 13):
        window = StepWindow(step=0, requests=100, failures={"Timeout": 100} if seq > 9 else {}, latency=quick)
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], **second))
    assert warnings(metrics) == ["no successful reply in 3 of 12 seconds"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (
            {"302": 70, "200": 30},
            [
                "840 of 1200 replies were redirects (302) that were not followed: the figures are those of the "
                "redirect, not of its target; request the final URL, or set follow_redirects"
            ],
        ),
        ({"302": 50, "200": 50}, []),
        ({"200": 100}, []),
    ],
)
def test_a_run_of_redirects(statuses: dict[str, int], expected: list[str]) -> None:
    metrics = RunMetrics(["a"])
    quick = Histogram.of_ns([5 * 10**6] * 100).pack()
    for seq in range(1, 13):
        window = StepWindow(step=0, requests=100, statuses=statuses, latency=quick)
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], **second))
    assert warnings(metrics) == expected


def test_seconds_that_were_not_stored_are_gaps_with_a_warning() -> None:
    report = {"gaps": [{"start": 3, "end": 5, "seconds": 2}], "warnings": []}
    assert with_unstored(report, []) is report
    told = with_unstored(report, [(10, 14), (20, 20)])
    assert told["gaps"] == [
        {"start": 3, "end": 5, "seconds": 2},
        {"start": 10, "end": 15, "seconds": 5, "stored": False},
        {"start": 20, "end": 21, "seconds": 1, "stored": False},
    ]
    assert told["warnings"][0]["en"].startswith("6 s of data could not be stored")
