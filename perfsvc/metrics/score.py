"""The performance score: one number from 0 to 100, made of parts that are shown with it.

docs/performance-score.md has the same formulas for users::

    score = errors / 100 * sum(weight * value) / sum(weight)    over the other parts that apply

    errors           100 * (1 - error_rate / 5)                  error_rate in percent; 0 from 5 % on
    latency      45  100 * (1 - log(tail / 2) / log(5))          tail = (p99 + 10 ms) / (p50 + 10 ms); 100 up to 2
    throughput   20  100 * (1 - cv / 0.5)                        cv = deviation / mean of goodput
    thresholds   35  100 * passed / all                          only with thresholds

Every value is held between 0 and 100. Errors are a factor, since a fast and even failure is worth nothing. The tail is
that of each step, weighted by requests: slow steps beside fast ones are no tail. The 10 ms keep what is not noticed, a
p99 of 2 ms beside a p50 of 0.2 ms, from counting. Goodput is requests per second that did not fail. Its coefficient of
variation is taken over the full running seconds in which at least 90 % of the peak load (users, or arrivals per second)
was planned, and applies from five of them on.

A run that was not VALID has no score, and neither has one that searched or moved the load: there the errors and the
uneven load are the purpose.
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
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import Verdict
from perfsvc.metrics.totals import Totals
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
IMPERCEPTIBLE_NS = 10_000_000
"""Added to both percentiles of a tail."""
NOT_VALID = Text("测试结果不是“有效”，因此没有评分", "the run is not “Valid”, so it has no score")
MOVED = Text("该压测模式会改变负载，评分没有意义", "this test mode moves the load, so a score would mean nothing")
NOTHING_SENT = Text("没有请求，因此没有评分", "nothing was requested, so there is no score")


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
    """The score and its parts; without one, the ``reason`` why."""

    value: float | None
    parts: tuple[Part, ...]
    reason: Text | None = None

    def as_dict(self) -> dict[str, Any]:
        """The score as the API gives it."""
        reason = None if self.reason is None else self.reason._asdict()
        return {"score": self.value, "reason": reason, "parts": [part.as_dict() for part in self.parts]}


def score_of(
    metrics: RunMetrics, verdict: Verdict, validity: Validity, points: Sequence[Second], *, moved: bool = False
) -> Score:
    """The score of a run; ``points`` is its series, ``moved`` whether its test mode moved the load."""
    errors, *others = parts = (
        errors_part(metrics),
        latency_part(metrics),
        throughput_part(points),
        thresholds_part(verdict),
    )
    reason = reason_against(metrics, validity, moved)
    if reason is not None or errors.value is None:
        return Score(None, parts, reason or NOTHING_SENT)
    applying = [(part.weight, part.value) for part in others if part.value is not None]
    weights = sum(weight for weight, _ in applying)
    mean = sum(weight * value for weight, value in applying) / weights if weights else 100.0
    return Score(round(errors.value / 100 * mean, 1), parts)


def reason_against(metrics: RunMetrics, validity: Validity, moved: bool) -> Text | None:
    """Why a run has no score, or None where it has one."""
    if not metrics.total.requests:
        return NOTHING_SENT
    if moved:
        return MOVED
    return None if validity.grade is Grade.VALID else NOT_VALID


def errors_part(metrics: RunMetrics) -> Part:
    """Score of the share of failed requests."""
    total = metrics.total
    rate = percent(total.errors, total.requests) if total.requests else None
    return Part(
        "errors",
        Text("错误率", "Errors"),
        Text("100 × (1 − 错误率% ÷ 5)", "100 × (1 − error rate % ÷ 5)"),
        0,
        rate,
        None if rate is None else bounded(1 - rate / WORST_ERROR_RATE),
    )


def latency_part(metrics: RunMetrics) -> Part:
    """How close the tails of the steps' latencies are to their middles."""
    tails = [(step.latency.total, tail) for step in load_steps(metrics) if (tail := tail_of(step.latency)) is not None]
    count = sum(number for number, _ in tails)
    ratio = sum(number * tail for number, tail in tails) / count if count else None
    return Part(
        "latency",
        Text("响应时间稳定性", "Latency stability"),
        Text("100 × (1 − ln(长尾 ÷ 2) ÷ ln 5)", "100 × (1 − ln(tail ÷ 2) ÷ ln 5)"),
        45,
        ratio,
        None if ratio is None else bounded(1 - math.log(ratio / CALM_TAIL) / math.log(WORST_TAIL / CALM_TAIL)),
    )


def load_steps(metrics: RunMetrics) -> list[Totals]:
    """The sums of the steps that are load."""
    return [totals for index, totals in enumerate(metrics.steps) if index not in metrics.apart]


def tail_of(latency: Histogram) -> float | None:
    """How many times its middle a step's tail is, beyond what is not noticed."""
    middle, tail = latency.percentile_ns(50), latency.percentile_ns(99)
    if middle is None or tail is None:
        return None
    return (tail + IMPERCEPTIBLE_NS) / (middle + IMPERCEPTIBLE_NS)


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
        35,
        share,
        share,
    )


def steady(points: Sequence[Second]) -> list[Second]:
    """The full running points in which the load that nodes were given was near its peak."""
    arriving = any(point.planned_rate for point in points)
    planned = [(point.planned_rate if arriving else point.planned_vus) * point.plan_share for point in points]
    enough = STEADY_SHARE * max(planned, default=0)
    return [
        point
        for point, load in zip(points, planned, strict=True)
        if load >= enough and point.span_ns >= FULL_SPAN * point.width * NS_PER_S
    ]


def bounded(share: float) -> float:
    """A share as a value from 0 to 100."""
    return 100.0 * min(max(share, 0.0), 1.0)
