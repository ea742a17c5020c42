"""The performance score: one number from 0 to 100, made of parts that are shown with it.

docs/performance-score.md has the same formulas for users::

    score = min(cap, sum(weight * value) / sum(weight))    over the parts that apply

    errors       30   100 * (1 - error_rate / 5)                  error_rate in percent; 0 from 5 % on
    latency      25   100 * (1 - log(p99 / p50 / 2) / log(5))     100 up to p99 = 2 * p50, 0 from 10 * p50 on
    throughput   20   100 * (1 - cv / 0.5)                        cv = deviation / mean of goodput
    thresholds   25   100 * passed / all                          only with thresholds

Every value is held between 0 and 100. Goodput is requests per second that did not fail, so that a dead target, which
fails evenly, earns nothing. Its coefficient of variation is taken over the full running seconds in which at least 90 %
of the peak load (users, or arrivals per second) was planned, and applies from five of them on. The cap is 100 for a
VALID run, 80 for a SUSPECT and 50 for an INVALID one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from perfsvc.clock import NS_PER_S
from perfsvc.errors import Text
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import Verdict
from perfsvc.metrics.validity import Grade
from perfsvc.metrics.validity import Validity

WORST_ERROR_RATE = 5.0
CALM_TAIL = 2.0
WORST_TAIL = 10.0
WORST_VARIATION = 0.5
STEADY_SHARE = 0.9
STEADY_POINTS = 5
FULL_SPAN = 0.9
"""A point takes part when it ran for at least this much of its width."""
CAPS = {Grade.VALID: 100.0, Grade.SUSPECT: 80.0, Grade.INVALID: 50.0}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the score. ``measured`` is what went into the formula, ``value`` (0–100) what came out of it.

    Both are None when the part does not apply; its weight then falls to the others.
    """

    name: str
    title: Text
    formula: Text
    weight: int
    measured: float | None
    value: float | None

    def as_dict(self) -> dict[str, Any]:
        """The part as the API gives it."""
        return {
            "name": self.name,
            "title": self.title._asdict(),
            "formula": self.formula._asdict(),
            "weight": self.weight,
            "measured": None if self.measured is None else round(self.measured, 4),
            "value": None if self.value is None else round(self.value, 2),
        }


@dataclass(frozen=True, slots=True)
class Score:
    """The score, what it would be without the cap, and its parts. None when nothing was measured."""

    value: float | None
    uncapped: float | None
    cap: float
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        """The score as the API gives it."""
        parts = [part.as_dict() for part in self.parts]
        return {"score": self.value, "uncapped": self.uncapped, "cap": self.cap, "parts": parts}


def score_of(metrics: RunMetrics, verdict: Verdict, validity: Validity, points: Sequence[Second]) -> Score:
    """The score of a run; ``points`` is its series."""
    parts = (errors_part(metrics), latency_part(metrics), throughput_part(points), thresholds_part(verdict))
    cap = CAPS[validity.grade]
    applying = [(part.weight, part.value) for part in parts if part.value is not None]
    if not metrics.total.requests or not applying:
        return Score(None, None, cap, parts)
    uncapped = sum(weight * value for weight, value in applying) / sum(weight for weight, _ in applying)
    return Score(round(min(cap, uncapped), 1), round(uncapped, 1), cap, parts)


def errors_part(metrics: RunMetrics) -> Part:
    """Score of the share of failed requests."""
    total = metrics.total
    rate = percent(total.errors, total.requests) if total.requests else None
    return Part(
        "errors",
        Text("错误率", "Errors"),
        Text("100 × (1 − 错误率% ÷ 5)", "100 × (1 − error rate % ÷ 5)"),
        30,
        rate,
        None if rate is None else bounded(1 - rate / WORST_ERROR_RATE),
    )


def latency_part(metrics: RunMetrics) -> Part:
    """Score of the ratio between tail and median of the latencies."""
    latency = metrics.total.latency
    middle, tail = latency.percentile_ns(50), latency.percentile_ns(99)
    ratio = tail / middle if tail and middle else None
    return Part(
        "latency",
        Text("响应时间稳定性", "Latency stability"),
        Text("100 × (1 − ln(p99 ÷ p50 ÷ 2) ÷ ln 5)", "100 × (1 − ln(p99 ÷ p50 ÷ 2) ÷ ln 5)"),
        25,
        ratio,
        None if ratio is None else bounded(1 - math.log(ratio / CALM_TAIL) / math.log(WORST_TAIL / CALM_TAIL)),
    )


def throughput_part(points: Sequence[Second]) -> Part:
    """Score of the evenness of the goodput while the load is at its height."""
    rates = [point.rps * point.success_rate / 100 for point in steady(points)]
    mean = statistics.fmean(rates) if len(rates) >= STEADY_POINTS else 0.0
    variation = statistics.pstdev(rates) / mean if mean else None
    return Part(
        "throughput",
        Text("吞吐量稳定性", "Throughput stability"),
        Text("100 × (1 − 变异系数 ÷ 0.5)", "100 × (1 − coefficient of variation ÷ 0.5)"),
        20,
        variation,
        None if variation is None else bounded(1 - variation / WORST_VARIATION),
    )


def thresholds_part(verdict: Verdict) -> Part:
    """Score of the share of thresholds that held."""
    outcomes = verdict.thresholds
    share = percent(sum(outcome.passed for outcome in outcomes), len(outcomes)) if outcomes else None
    return Part(
        "thresholds",
        Text("阈值通过率", "Thresholds"),
        Text("100 × 通过数 ÷ 总数", "100 × passed ÷ all"),
        25,
        share,
        share,
    )


def steady(points: Sequence[Second]) -> list[Second]:
    """The full running points in which the planned load was near its peak."""
    arriving = any(point.planned_rate for point in points)
    planned = [point.planned_rate if arriving else point.planned_vus for point in points]
    enough = STEADY_SHARE * max(planned, default=0)
    return [
        point
        for point, load in zip(points, planned, strict=True)
        if load >= enough and point.span_ns >= FULL_SPAN * point.width * NS_PER_S
    ]


def bounded(share: float) -> float:
    """A share as a value from 0 to 100."""
    return 100.0 * min(max(share, 0.0), 1.0)
