"""A step, or all requests, over time, as lists that grow point by point.

A point is let go as soon as its numbers are in the lists: many thousands of points freed in one go would hold the
interpreter, and with it the event loop, for more than 10 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

from perfsvc.analysis.step_points import SERIES
from perfsvc.analysis.step_points import Figures
from perfsvc.analysis.step_points import StepPoint


class StepColumns:
    """One list for each figure, and one for each error class, status, counter and gauge that occurs."""

    def __init__(self) -> None:
        self._figures: list[Figures] = []
        self._failures, self._statuses, self._counters = NamedColumns(0), NamedColumns(0), NamedColumns(0)
        self._gauges = NamedColumns(None)

    def add(self, point: StepPoint) -> None:
        """Append the next point."""
        self._figures.append(point.figures)
        self._failures.add(point.failures)
        self._statuses.add(point.statuses)
        self._counters.add(point.counters)
        self._gauges.add(point.gauges)

    @property
    def figures(self) -> dict[str, list[float | None]]:
        """The list of each figure."""
        columns = zip(*self._figures, strict=True) if self._figures else repeat(())
        return {name: list(column) for name, column in zip(SERIES, columns, strict=False)}

    def block(self) -> dict[str, Any]:
        """Return all lists as the API has them."""
        return {
            **self.figures,
            "failures": self._failures.block(),
            "statuses": self._statuses.block(),
            "counters": self._counters.block(),
            "gauges": self._gauges.block(),
        }


class NamedColumns:
    """Numbers by name; ``missing`` where a point has none."""

    def __init__(self, missing: int | None) -> None:
        self._missing = missing
        self._length = 0
        self._by_name: dict[str, list[float | None]] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Append the next point."""
        for name, number in numbers.items():
            self._filled(self._by_name.setdefault(name, [])).append(number)
        self._length += 1

    def block(self) -> dict[str, list[float | None]]:
        """Return the lists by name in order."""
        return {name: self._filled(column) for name, column in sorted(self._by_name.items())}

    def _filled(self, column: list[float | None]) -> list[float | None]:
        """Make up for the points before that did not have the number."""
        if len(column) < self._length:
            column += [self._missing] * (self._length - len(column))
        return column
