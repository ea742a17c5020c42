"""Columns that are made here, many values at a time. Each has random numbers of its own, by the seed and its name."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from itertools import accumulate
from itertools import chain
from random import Random
from typing import Any

from perfsvc.plugin import DataFailure
from perfsvc_datasources.generator import options as spec

LONGEST_TEXT = 10_000
"""Characters that a template may give."""

Values = list[Any]


class Column(ABC):
    """The values of one column, from the first row on."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose

    @abstractmethod
    def take(self, begin: int, count: int) -> Values:
        """The values of the next rows; ``begin`` is the first one's number, counted from 0."""


class Numbered(Column):
    """Numbers in order."""

    def __init__(self, seed: str, written: spec.SequenceColumn) -> None:
        super().__init__(seed)
        self._start, self._step = written.start, written.step
        parts = spec.NUMBERED.fullmatch(written.format) if written.format is not None else None
        self._format = None if parts is None else f"{{}}{{:0{int(parts[2] or 0)}d}}{{}}".format
        self._around = (parts[1], parts[3]) if parts else ("", "")

    def take(self, begin: int, count: int) -> Values:
        first = self._start + begin * self._step
        numbers = [first + self._step * each for each in range(count)]
        if self._format is None:
            return list(numbers)
        write, (before, after) = self._format, self._around
        return [write(before, number, after) for number in numbers]


class Integers(Column):
    """Whole numbers in a range."""

    def __init__(self, seed: str, least: int, most: int) -> None:
        super().__init__(seed)
        self._range = range(least, most + 1)

    def take(self, begin: int, count: int) -> Values:
        return self._random.choices(self._range, k=count)


class Uuids(Column):
    """Random UUIDs."""

    def take(self, begin: int, count: int) -> Values:
        bits, written = self._random.getrandbits, []
        for _ in range(count):
            text = f"{bits(128):032x}"
            variant = "89ab"[int(text[16], 16) & 3]
            written.append(f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}")
        return written


class Choices(Column):
    """One of some values, by weight."""

    def __init__(self, seed: str, values: Sequence[Any], weights: Sequence[float] | None) -> None:
        super().__init__(seed)
        self._values = values
        self._weights = None if weights is None else list(accumulate(weights))

    def take(self, begin: int, count: int) -> Values:
        return self._random.choices(self._values, cum_weights=self._weights, k=count)


class Moments(Column):
    """Seconds between two moments, written out."""

    def __init__(self, seed: str, written: spec.MomentColumn) -> None:
        super().__init__(seed)
        first, last = spec.moment_of(written.first), spec.moment_of(written.last)
        self._seconds = range(int(first.timestamp()), int(last.timestamp()) + 1)
        self._format = written.format

    def take(self, begin: int, count: int) -> Values:
        drawn = self._random.choices(self._seconds, k=count)
        return [datetime.fromtimestamp(each, UTC).strftime(self._format) for each in drawn]


class Pooled(Column):
    """The values of a pool, each for one row as far as they go, and then drawn from all of them."""

    def __init__(self, seed: str, pool: Sequence[Any]) -> None:
        super().__init__(seed)
        self._pool = pool

    def take(self, begin: int, count: int) -> Values:
        new = self._pool[begin : begin + count]
        return [*new, *self._random.choices(self._pool, k=count - len(new))]


class Joined:
    """A template over the values of other columns."""

    def __init__(self, template: str) -> None:
        parts = spec.REFERENCE.split(template)
        self._texts, self._names = parts[0::2], parts[1::2]
        self._written = sum(map(len, self._texts))

    def values(self, others: Mapping[str, Values], count: int) -> Values:
        """The texts of as many rows. Raises DataFailure for one that is too long."""
        if not self._names:
            return self._texts * count
        rows = zip(*(map(str, others[name]) for name in self._names), strict=True)
        return [self._text(row) for row in rows]

    def _text(self, row: tuple[str, ...]) -> str:
        if self._written + sum(map(len, row)) > LONGEST_TEXT:
            zh, en = (
                f"模板生成的文本超过 {LONGEST_TEXT} 个字符",
                f"a template gives more than {LONGEST_TEXT} characters",
            )
            raise DataFailure(zh, en)
        return "".join(chain.from_iterable(zip(self._texts, row, strict=False))) + self._texts[-1]
