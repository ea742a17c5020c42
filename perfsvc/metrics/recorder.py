"""Recorder of samples, and the fold of a second of them into windows.

The hot path appends to the lists and counts in the dictionaries of a ``StepRecorder`` directly: a method call per
sample would cost more than the appends. Once a second ``fold`` empties them. The lists and dictionaries stay the same
objects for ever, so the engine may keep ``recorder.latency.append`` in a local variable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from perfsvc.metrics.histogram import Counts
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import StepWindow

OTHER = "Other"
"""The class of all errors beyond the bound."""
MAX_ERROR_CLASSES = 64
MAX_OWN_NAMES = 32
"""Counters and gauges of a protocol's own, for each step; names beyond the bound are not kept."""
MAX_NAME_LENGTH = 200
CONNECTING = ("dns", "connect", "tls")


MISSING_VARIABLE = "Missing variable: "
"""How the classes of requests begin that were never tried."""


def is_unsent(error_class: str) -> bool:
    """Whether a class is of requests that were never tried, which is no error of the target."""
    return error_class.startswith(MISSING_VARIABLE)


class ErrorClasses:
    """The error classes a run has seen, bounded: the first ``limit`` keep their names, all others are ``Other``.

    Names are cut off at 200 characters. Also bounds other names that a target chooses, such as statuses.
    """

    def __init__(self, limit: int = MAX_ERROR_CLASSES) -> None:
        self._limit = limit
        self._admitted_names: dict[str, str] = {OTHER: OTHER}

    def name(self, error_class: str) -> str:
        """The class itself, or ``Other``."""
        admitted = self._admitted_names.get(error_class)
        return self._admitted(error_class[:MAX_NAME_LENGTH]) if admitted is None else admitted

    def _admitted(self, name: str) -> str:
        if name not in self._admitted_names:
            if len(self._admitted_names) > self._limit:
                return OTHER
            self._admitted_names[name] = name
        return name

    def bounded(self, failures: Mapping[str, int]) -> dict[str, int]:
        """The counts with every class by its bounded name."""
        counts: dict[str, int] = defaultdict(int)
        for error_class, count in failures.items():
            counts[self.name(error_class)] += count
        return dict(counts)


class StepRecorder:
    """One step's samples of the second that is running, on one node. Times are nanoseconds.

    For every request that was sent: one ``latency`` (service time) and one ``waiting`` (to the first byte, 0 when none
    came); where the load has a plan, one ``from_plan`` (from the planned start). For every one that found no
    connection: ``unconnected`` one more. What was never tried, for want of a variable, is in ``unsent`` by its class,
    and in nothing else. For every failure: its class in ``failures``, and its latency, where it has one, also in
    ``failed``. A group, which sends nothing itself, only appends to ``latency``. ``connected`` takes (DNS, connect,
    TLS) of each connection opened.
    """

    __slots__ = (
        "_again",
        "_classes",
        "_same",
        "bytes_received",
        "bytes_sent",
        "checks_failed",
        "checks_passed",
        "connected",
        "counters",
        "failed",
        "failures",
        "from_plan",
        "gauges",
        "latency",
        "statuses",
        "unconnected",
        "unsent",
        "waiting",
    )

    def __init__(self, classes: ErrorClasses | None = None) -> None:
        self._classes = classes or ErrorClasses()
        self._same: Mapping[str, float] | None = None
        self._again = 0
        self.latency: list[int] = []
        self.failed: list[int] = []
        self.waiting: list[int] = []
        self.from_plan: list[int] = []
        self.connected: list[tuple[int, int, int]] = []
        self.statuses: defaultdict[int, int] = defaultdict(int)
        self.failures: defaultdict[str, int] = defaultdict(int)
        self.unsent: defaultdict[str, int] = defaultdict(int)
        self.counters: dict[str, float] = {}
        self.gauges: dict[str, GaugeSum] = {}
        self.unconnected = self.bytes_sent = self.bytes_received = self.checks_passed = self.checks_failed = 0

    def count(self, counters: Mapping[str, float] | None, gauges: Mapping[str, float] | None) -> None:
        """Counters and gauges of a protocol for one request.

        Immutable counters that come again, are added up when the second is over.
        """
        if counters is not None:
            if counters is self._same:
                self._again += 1
            else:
                self._add(counters)
                self._add_same()
                self._same = counters if type(counters) is MappingProxyType else None
        if gauges is not None:
            self._measure(gauges)

    def _add(self, counters: Mapping[str, float], times: int = 1) -> None:
        sums = self.counters
        for name, value in counters.items():
            if name in sums:
                sums[name] += value * times
            elif len(sums) < MAX_OWN_NAMES:
                sums[name] = value * times

    def _add_same(self) -> None:
        if self._again and self._same is not None:
            self._add(self._same, self._again)
        self._again = 0

    def _measure(self, gauges: Mapping[str, float]) -> None:
        for name, value in gauges.items():
            if name in self.gauges or len(self.gauges) < MAX_OWN_NAMES:
                self.gauges[name] = joined_gauge(self.gauges.get(name), GaugeSum(1, value, value))

    def fold(self, step_index: int) -> StepWindow | None:
        """Everything recorded since the last fold as one window; None when nothing was."""
        self._add_same()
        if not self._holds_anything():
            return None
        latency = np.array(self.latency, np.int64)
        window = StepWindow(
            step=step_index,
            requests=len(latency) + self.unconnected,
            failures=self._classes.bounded(self.failures),
            unsent=self._classes.bounded(self.unsent),
            statuses={str(status): count for status, count in self.statuses.items()},
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
            checks_passed=self.checks_passed,
            checks_failed=self.checks_failed,
            latency=Histogram.of_ns(latency).pack(),
            from_plan=Histogram.of_ns(self.from_plan).pack(),
            failed=Histogram.of_ns(self.failed).pack(),
            counters=dict(self.counters),
            gauges=dict(self.gauges),
            phases={**connecting(self.connected), **replying(latency, np.array(self.waiting, np.int64))},
        )
        self._clear()
        return window

    def _holds_anything(self) -> bool:
        counted = (
            self.unconnected
            or self.unsent
            or self.bytes_sent
            or self.bytes_received
            or self.checks_passed
            or self.checks_failed
        )
        own = self.counters or self.gauges
        return bool(self.latency or counted or own or self.connected or self.failures or self.statuses)

    def _clear(self) -> None:
        for filled in (
            self.latency, self.waiting, self.from_plan, self.failed, self.connected, self.statuses, self.failures,
            self.unsent,
        ):  # fmt: skip
            filled.clear()
        self.counters.clear()
        self.gauges.clear()
        self.unconnected = self.bytes_sent = self.bytes_received = self.checks_passed = self.checks_failed = 0


def joined_gauge(one: GaugeSum | None, other: GaugeSum) -> GaugeSum:
    """Two sums of a gauge as one."""
    if one is None:
        return other
    return GaugeSum(one.count + other.count, one.total + other.total, max(one.max, other.max))


def connecting(connected: list[tuple[int, int, int]]) -> dict[str, PhaseSum]:
    """DNS, connect and TLS over the connections opened; one that took no time did not happen."""
    if not connected:
        return {}
    columns = np.array(connected, np.int64).T
    sums = {name: phase_sum(column[column > 0]) for name, column in zip(CONNECTING, columns, strict=True)}
    return {name: each for name, each in sums.items() if each.count}


def replying(latency: Counts, waiting: Counts) -> dict[str, PhaseSum]:
    """Waiting for the first byte, and receiving (latency less waiting), over the requests that got a first byte."""
    if not waiting.any():
        return {}
    answered = waiting > 0
    received = latency[answered] - waiting[answered]
    return {"waiting": phase_sum(waiting[answered]), "receiving": phase_sum(received)}


def phase_sum(ns: Counts) -> PhaseSum:
    """Count, total and maximum."""
    return PhaseSum(len(ns), int(ns.sum()), int(ns.max())) if len(ns) else PhaseSum(0, 0, 0)
