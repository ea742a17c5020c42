"""Random windows of a real run, held against the service times that the target itself wrote down."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.support.service import Service
from tests.support.stamping_target import LogLine
from tests.support.stamping_target import StampingTarget
from tests.support.stamping_target import install_plugin
from tests.support.stamping_target import stamping_target

STEPS = [{"name": word, "protocol": "stamping", "request": {"word": word}} for word in ("read", "write")]
QUANTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
WINDOWS = 25
RELATIVE, ABSOLUTE_MS = 0.001, 0.001
"""A histogram's error: 0.1 % or 1 µs."""
CLOCKS_S = 0.01
"""How far the clocks of target and run may be apart within the run."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    install_plugin(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with Service(tmp_path / "data") as started:
        yield started


@pytest.fixture
def target() -> Iterator[StampingTarget]:
    with stamping_target() as running:
        yield running


def nearest_rank(lines: list[LogLine], quantile: float) -> float:
    """A percentile in ms, from every single value."""
    values = sorted(line.ns for line in lines)
    rank = max(math.ceil(round(quantile * len(values) / 100, 6)), 1)
    return values[rank - 1] / 1e6


def holds(seen: float, expected: float) -> bool:
    return abs(seen - expected) <= max(expected * RELATIVE, ABSOLUTE_MS)


def assert_exact(percentiles: dict[str, float], lines: list[LogLine]) -> None:
    for name, quantile in QUANTILES.items():
        expected = nearest_rank(lines, quantile)
        assert holds(percentiles[name], expected), (name, percentiles[name], expected, len(lines))


def assert_curve(points: list[list[float]], lines: list[LogLine]) -> None:
    for quantile, ms, _ in points[1:]:
        assert holds(ms, nearest_rank(lines, quantile)), (quantile, ms)


def test_every_window_equals_the_log_of_the_target(service: Service, target: StampingTarget) -> None:
    # One user: what the target writes down is in the order in which the run counts it.
    plan = plan_of(service, target.url, STEPS, concurrent_users=1, hold_time=8)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    run = f"/api/performance/executions/{started['execution_id']}"
    Viewer(service, started["websocket_url"]).of_type("end")
    series = service.get(f"{run}/series/").body
    assert series["width"] == 1
    counts: list[int] = series["series"][0]["requests"]
    before = [0, *accumulate(counts)]
    first, end = series["from"], series["to"]
    log = target.log
    assert (before[-1], len(log) > 1000) == (len(log), True)
    numbers = random.Random(7)
    for _ in range(WINDOWS):
        since = numbers.randrange(first, end - 1)
        until = numbers.randrange(since + 1, end)
        begin, stop = before[since - first], before[until - first]
        lines = log[begin:stop]
        query = f"?from={since}&to={until}"
        figures: dict[str, Any] = service.get(f"{run}/figures/{query}").body
        assert (figures["exact"], figures["summary"]["requests"]) == (True, len(lines))
        assert_exact(figures["summary"]["percentiles"], lines)
        # The one user has each reply before the target writes down the next: of two in a row, one is past the edge.
        took = figures["summary"]["running_time"]
        assert lines[-1].moment - lines[1].moment <= took + CLOCKS_S
        if begin > 0 and stop + 1 < len(log):
            assert took <= log[stop + 1].moment - log[begin - 1].moment + CLOCKS_S
        for row in figures["steps"]:
            assert_exact(row["percentiles"], [line for line in lines if line.word == row["name"]])
        curve = service.get(f"{run}/distribution/{query}").body
        assert (curve["count"], curve["max"]) == (len(lines), round(max(line.ns for line in lines) / 1e6, 3))
        assert_curve(curve["points"], lines)
    write = service.get(f"{run}/distribution/?step=1").body
    assert_curve(write["points"], [line for line in log if line.word == "write"])
