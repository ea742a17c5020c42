"""Thresholds judged: which are broken while the run goes on, and the verdict at its end.

A rule over the whole run is judged on the run's figures so far; it may be broken and mend again. A rule with a window
looks at single seconds and stays breached once it was broken in each of that many running seconds in a row: a paused
second does not count, and one without the figure (no request, no check) neither breaks nor clears. Seconds of the
warm-up are not judged at all. A rule whose figure was never measured fails at the end, because it was not shown to
hold; so do counts such as ``errors < 1`` when there was no request at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any
from typing import Literal

from perfsvc.metrics.figures import WHOLE
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.totals import Totals
from perfsvc.model.execution import VerdictState
from perfsvc.model.run import EndReason
from perfsvc.model.threshold import WHOLE_RUN
from perfsvc.model.threshold import Threshold
from perfsvc.model.threshold import percentile_of

RATES = frozenset({"error_rate", "success_rate"})
OF_SECONDS = {
    "p99.9": "p999",
    **{name: name for name in ("p50", "p75", "p90", "p95", "p99", "plan_p50", "plan_p90", "plan_p95", "plan_p99")},
}
"""Percentiles that every second has, and their fields."""
RISING = WHOLE_RUN | {"requests", "errors", "bytes", "bytes_sent", "bytes_received", "max", "plan_max"}
"""Figures of a run that only ever grow."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A threshold that is broken now. ``at`` is the second (Unix time) since when; ``new`` only in that second."""

    expression: str
    metric: str
    value: float
    limit: float
    at: int
    new: bool


@dataclass(frozen=True, slots=True)
class RuleState:
    """State of a threshold while the run goes on.

    It is ``breached`` where it is broken now (over the whole run) or was throughout a window, ``breaking`` where it may
    still mend: for ``broken_s`` of ``of_s`` seconds of its window (0: it has none).
    """

    expression: str
    metric: str
    step: str | None
    state: Literal["holding", "breaking", "breached"]
    value: float | None
    limit: float
    broken_s: int
    of_s: int
    breached_at: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Final state of a threshold. ``value`` is None when the figure was never measured."""

    expression: str
    metric: str
    value: float | None
    limit: float
    passed: bool
    breached_at: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Verdict of a run by its thresholds.

    It FAILED when one was breached or when the run itself failed, was STOPPED when it ended before its time without a
    breach, and PASSED when every threshold held. Where there are none, nothing was asked: NO_THRESHOLDS.
    """

    state: VerdictState
    thresholds: tuple[Outcome, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The verdict as the API gives it."""
        return {"state": self.state, "thresholds": [asdict(outcome) for outcome in self.thresholds]}


class ThresholdJudge:
    """Follows a run's thresholds second by second."""

    def __init__(self, thresholds: Iterable[Threshold]) -> None:
        self._rules = [WindowedRule(rule) if rule.window_s else RunRule(rule) for rule in thresholds]

    def observe(self, second: Second, metrics: RunMetrics) -> list[Breach]:
        """Take in a closed second, in order. Return every threshold that is broken now, new or not."""
        if second.warm_up:
            return []
        breaches = (rule.observe(second, metrics) for rule in self._rules)
        return [breach for breach in breaches if breach is not None]

    def states(self) -> list[RuleState]:
        """State of every threshold after the seconds observed so far."""
        return [rule.state() for rule in self._rules]

    def verdict(self, metrics: RunMetrics, reason: EndReason | None = None) -> Verdict:
        """The verdict on what was measured; final when the run is over and all seconds were observed.

        ``reason`` is why the run ended. One that was stopped is judged by what was broken for good until then.
        """
        outcomes = tuple(rule.outcome(metrics) for rule in self._rules)
        return Verdict(self._state(outcomes, reason), outcomes)

    def _state(self, outcomes: Sequence[Outcome], reason: EndReason | None) -> VerdictState:
        if reason is not None and reason.stops:
            breached = any(rule.broken_for_good(outcome) for rule, outcome in zip(self._rules, outcomes, strict=True))
            return "FAILED" if breached else "STOPPED"
        if not all(outcome.passed for outcome in outcomes) or (reason is not None and reason.fails):
            return "FAILED"
        return "PASSED" if outcomes else "NO_THRESHOLDS"


class Rule:
    """A threshold and since when it is broken. ``value`` is its figure after the latest second that had one."""

    def __init__(self, threshold: Threshold) -> None:
        self.threshold = threshold
        self.broken_at: int | None = None
        self.value: float | None = None
        self.broken_s = 0

    def look(self, value: float | None) -> float | None:
        """Note the figure of a second, and for how many seconds in a row it has broken the rule."""
        if value is not None:
            self.value = value
            self.broken_s = 0 if self.threshold.holds(value) else self.broken_s + 1
        return value

    def state(self) -> RuleState:
        """State of the rule."""
        rule, broken = self.threshold, self.broken_at is not None
        return RuleState(
            expression=str(rule),
            metric=rule.metric,
            step=rule.step,
            state="breached" if broken else "breaking" if self.broken_s else "holding",
            value=None if self.value is None else rounded(self.value),
            limit=rule.limit,
            broken_s=min(self.broken_s, rule.window_s or self.broken_s),
            of_s=rule.window_s or 0,
            breached_at=self.broken_at,
        )

    def breach(self, value: float, second: int) -> Breach:
        """The breach in a second."""
        new = self.broken_at is None
        self.broken_at = second if self.broken_at is None else self.broken_at
        rule = self.threshold
        return Breach(str(rule), rule.metric, rounded(value), rule.limit, self.broken_at, new)

    def broken_for_good(self, outcome: Outcome) -> bool:
        """Whether the rule was broken, and could not have mended had the run gone on as planned."""
        return not outcome.passed and outcome.value is not None and not may_yet_hold(self.threshold, outcome.value)

    def ended(self, value: float | None, metrics: RunMetrics, *, passed: bool | None = None) -> Outcome:
        """The outcome with a deciding value; a rule that holds because nothing was measured has none."""
        rule = self.threshold
        if passed is None:
            passed = value is not None and rule.holds(value)
        if passed and not was_measured(rule, metrics):
            value, passed = None, False
        broken_at = None if passed else self.broken_at
        return Outcome(str(rule), rule.metric, None if value is None else rounded(value), rule.limit, passed, broken_at)


class RunRule(Rule):
    """A rule over the whole run."""

    def observe(self, second: Second, metrics: RunMetrics) -> Breach | None:
        """The breach, if the figures so far break the rule for what is to come as well."""
        value = self.look(self._value(metrics))
        if value is None or self.threshold.holds(value) or may_yet_hold(self.threshold, value):
            self.broken_at = None
            return None
        return self.breach(value, second.second)

    def outcome(self, metrics: RunMetrics) -> Outcome:
        """Judged on the figures of the whole run."""
        return self.ended(self._value(metrics), metrics)

    def _value(self, metrics: RunMetrics) -> float | None:
        metric, step = self.threshold.metric, self.threshold.step
        if metric in WHOLE_RUN:
            return float(getattr(metrics, metric))
        percentile = percentile_of(metric)
        if percentile is not None:
            return percentile_in(metrics.totals_of(step), percentile)
        return value_of(metrics.figures(step), metric)


class WindowedRule(Rule):
    """A rule over a number of consecutive running seconds.

    The deciding value is the mildest of a window (the smallest, where the rule sets an upper limit): the rule is broken
    in every second of the window exactly when it is broken by that value. The worst of these is reported at the end. Of
    several steps of one name the worst counts.
    """

    def __init__(self, threshold: Threshold) -> None:
        super().__init__(threshold)
        self._window: deque[float] = deque(maxlen=threshold.window_s)
        self._worst: float | None = None
        self._upper = threshold.operator in ("<", "<=")
        self._breach: Breach | None = None

    def observe(self, second: Second, metrics: RunMetrics) -> Breach | None:
        """The breach, from the second that completes it on."""
        value = None if second.paused else self.look(self._value(second))
        if self._breach is not None:
            return self.breach(self._breach.value, self._breach.at)
        if value is None:
            return None
        self._window.append(value)
        if len(self._window) == self._window.maxlen:
            self._judge(second.second)
        return self._breach

    def outcome(self, metrics: RunMetrics) -> Outcome:
        """Passed when no window broke it, though it was measured."""
        measured = self._window[-1] if self._window else None
        value = self._breach.value if self._breach else measured if self._worst is None else self._worst
        return self.ended(value, metrics, passed=self._breach is None and measured is not None)

    def broken_for_good(self, outcome: Outcome) -> bool:
        return self._breach is not None

    def _judge(self, second: int) -> None:
        mildest = min(self._window) if self._upper else max(self._window)
        self._worst = mildest if self._worst is None else max(mildest, self._worst, key=self._badness)
        if not any(self.threshold.holds(value) for value in self._window):
            self._breach = self.breach(mildest, second)

    def _badness(self, value: float) -> float:
        return value if self._upper else -value

    def _value(self, second: Second) -> float | None:
        name, metric = self.threshold.step, self.threshold.metric
        percentile = percentile_of(metric)
        if percentile is not None and metric not in OF_SECONDS:
            values = [percentile_in(totals, percentile) for totals in totals_in(second, name)]
        elif name is None:
            return value_of(second, metric)
        else:
            values = [value_of(step, metric) for step in second.steps if step.name == name]
        return max((value for value in values if value is not None), key=self._badness, default=None)


def was_measured(rule: Threshold, metrics: RunMetrics) -> bool:
    """Whether there were requests that the figure of a rule is of; how many of a step there were is known anyway."""
    if rule.step is not None and rule.metric != "requests":
        return metrics.totals_of(rule.step).requests > 0
    return metrics.total.requests > 0


def totals_in(second: Second, name: str | None) -> list[Totals]:
    """The sums of a second, or of its steps of one name."""
    if second.totals is None:
        return []
    if name is None:
        return [second.totals[WHOLE]]
    return [second.totals[step.step] for step in second.steps if step.name == name]


def percentile_in(totals: Totals, percentile: tuple[bool, float]) -> float | None:
    """A percentile in ms; None where there is no sample."""
    planned, share = percentile
    value_ns = (totals.from_plan if planned else totals.latency).percentile_ns(share)
    return None if value_ns is None else to_ms(value_ns)


def value_of(figures: Figures, metric: str) -> float | None:
    """A threshold's metric in these figures; None when there is none (no sample, no request, no check)."""
    if metric in RATES and not figures.requests:
        return None
    if metric == "bytes":
        return float(figures.bytes_sent + figures.bytes_received)
    value = getattr(figures, OF_SECONDS.get(metric, metric))
    return None if value is None else float(value)


def may_yet_hold(threshold: Threshold, value: float) -> bool:
    """Whether a rule that a running run breaks may still come true just by going on, as ``requests > 1000`` may."""
    grows, shrinks = threshold.metric in RISING, threshold.metric == "min"
    beyond = (grows and value < threshold.limit) or (shrinks and value > threshold.limit)
    wanted = {">": grows, ">=": grows, "<": shrinks, "<=": shrinks, "!=": grows or shrinks, "==": beyond}
    return wanted[threshold.operator]


def rounded(value: float) -> float:
    """Round for display: six decimals at most."""
    return round(value, 6)


def final_states(rules: tuple[Threshold, ...], outcomes: list[dict[str, Any]]) -> list[RuleState]:
    """Return the final state of each threshold, as the verdict of a report has them."""
    return [
        RuleState(
            expression=str(rule),
            metric=rule.metric,
            step=rule.step,
            state="holding" if outcome["passed"] else "breached",
            value=outcome["value"],
            limit=rule.limit,
            broken_s=0,
            of_s=rule.window_s or 0,
            breached_at=outcome["breached_at"],
        )
        for rule, outcome in zip(rules, outcomes, strict=False)
    ]
