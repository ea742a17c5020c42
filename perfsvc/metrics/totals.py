"""Totals of windows. Everything here adds up: over steps, seconds and nodes alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.recorder import joined_gauge
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import StepWindow

MAX_STATUSES = 100


class UnpackedWindow(NamedTuple):
    """A window with its histograms unpacked."""

    window: StepWindow
    latency: Histogram
    from_plan: Histogram

    @classmethod
    def of(cls, window: StepWindow) -> UnpackedWindow:
        """Raises ValueError when a histogram cannot be unpacked."""
        return cls(window, Histogram.unpack(window.latency), Histogram.unpack(window.from_plan))


class Totals:
    """Requests, errors (failures of all classes), checks and bytes, with the histograms of both latencies.

    ``latency`` is the service time; ``from_plan``, counted from the planned start, is empty where there is no plan.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "checks_failed",
        "checks_passed",
        "errors",
        "from_plan",
        "latency",
        "requests",
        "unsent",
    )

    def __init__(self) -> None:
        self.requests = self.errors = self.unsent = self.checks_passed = self.checks_failed = 0
        self.bytes_sent = self.bytes_received = 0
        self.latency = Histogram()
        self.from_plan = Histogram()

    def add_window(self, unpacked: UnpackedWindow) -> None:
        """Count a window."""
        self.count(unpacked.window)
        self.latency.merge(unpacked.latency)
        self.from_plan.merge(unpacked.from_plan)

    def add_windows(self, windows: Sequence[UnpackedWindow]) -> None:
        """Count many windows, for less than one after the other costs."""
        for unpacked in windows:
            self.count(unpacked.window)
        self.latency.merge_all([unpacked.latency for unpacked in windows])
        self.from_plan.merge_all([unpacked.from_plan for unpacked in windows])

    def count(self, window: StepWindow) -> None:
        """Count a window without its histograms."""
        self.requests += window.requests
        self.errors += sum(window.failures.values())
        self.unsent += sum(window.unsent.values())
        self.checks_passed += window.checks_passed
        self.checks_failed += window.checks_failed
        self.bytes_sent += window.bytes_sent
        self.bytes_received += window.bytes_received

    def add(self, other: Totals, *, latency: bool = True) -> None:
        """Count what another totals counted; without ``latency`` the histograms stay as they are."""
        self.requests += other.requests
        self.errors += other.errors
        self.unsent += other.unsent
        self.checks_passed += other.checks_passed
        self.checks_failed += other.checks_failed
        self.bytes_sent += other.bytes_sent
        self.bytes_received += other.bytes_received
        if latency:
            self.latency.merge(other.latency)
            self.from_plan.merge(other.from_plan)


class StepTotals(Totals):
    """Also what a protocol counted and measured by itself."""

    __slots__ = ("counters", "gauges")

    def __init__(self) -> None:
        super().__init__()
        self.counters: dict[str, float] = defaultdict(float)
        self.gauges: dict[str, GaugeSum] = {}

    def count(self, window: StepWindow) -> None:
        super().count(window)
        self.add_own(window.counters, window.gauges)

    @property
    def gauge_means(self) -> dict[str, float]:
        """The mean of each gauge."""
        return means_of(self.gauges)

    def add_own(self, counters: Mapping[str, float], gauges: Mapping[str, GaugeSum]) -> None:
        """Count what a protocol counted and measured."""
        for name, value in counters.items():
            self.counters[name] += value
        for name, gauge in gauges.items():
            self.gauges[name] = joined_gauge(self.gauges.get(name), gauge)


class SecondTotals(StepTotals):
    """Also failures by class and statuses, of a time so short that the nodes' own bounds hold."""

    __slots__ = ("failures", "statuses")

    def __init__(self) -> None:
        super().__init__()
        self.failures: dict[str, int] = defaultdict(int)
        self.statuses: dict[str, int] = defaultdict(int)

    def count(self, window: StepWindow) -> None:
        super().count(window)
        for into, counts in ((self.failures, window.failures), (self.statuses, window.statuses)):
            for name, count in counts.items():
                into[name] += count


class RunTotals(StepTotals):
    """A whole run's totals of one step, or of all: also failures by class, statuses and phases.

    ``failed`` are the latencies of failed requests, where the totals are made of stored windows.
    """

    __slots__ = ("_error_classes", "_statuses", "failed", "failures", "phases", "statuses", "unsent_by")

    def __init__(self) -> None:
        super().__init__()
        self._error_classes = ErrorClasses()
        self._statuses = ErrorClasses(MAX_STATUSES)
        self.failures: dict[str, int] = defaultdict(int)
        self.statuses: dict[str, int] = defaultdict(int)
        self.unsent_by: dict[str, int] = defaultdict(int)
        self.phases: dict[str, PhaseSum] = {}
        self.failed = Histogram()

    def count(self, window: StepWindow) -> None:
        super().count(window)
        self._add_kinds(window.failures, window.statuses, window.phases)
        add_counts(self.unsent_by, window.unsent, self._error_classes)

    def add_run_totals(self, other: RunTotals) -> None:
        """Count what other totals counted."""
        self.add(other)
        self.add_own(other.counters, other.gauges)
        self._add_kinds(other.failures, other.statuses, other.phases)
        add_counts(self.unsent_by, other.unsent_by, self._error_classes)

    def _add_kinds(
        self, failures: Mapping[str, int], statuses: Mapping[str, int], phases: Mapping[str, PhaseSum]
    ) -> None:
        add_counts(self.failures, failures, self._error_classes)
        add_counts(self.statuses, statuses, self._statuses)
        for name, phase in phases.items():
            self.phases[name] = joined(self.phases.get(name), phase)


def add_counts(into: dict[str, int], counts: Mapping[str, int], names: ErrorClasses) -> None:
    """Add counts by name, of a bounded number of names."""
    for name, count in counts.items():
        into[names.name(name)] += count


def means_of(gauges: Mapping[str, GaugeSum]) -> dict[str, float]:
    """The mean of each gauge."""
    return {name: round(gauge.total / gauge.count, 3) for name, gauge in gauges.items()}


def joined(one: PhaseSum | None, other: PhaseSum) -> PhaseSum:
    """Two sums of a phase as one."""
    if one is None:
        return other
    return PhaseSum(one.count + other.count, one.total_ns + other.total_ns, max(one.max_ns, other.max_ns))
