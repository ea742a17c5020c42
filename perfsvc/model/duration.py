"""One grammar for durations: ``2``, ``2s``, ``500ms``, ``1m30s``, ``1h``; a bare number has the unit of its field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import PlainSerializer
from pydantic import WithJsonSchema

from perfsvc.model.problems import Fault

NUMBER = r"\d+(?:\.\d+)?"
PATTERN = rf"^(?=.)(?:{NUMBER}|(?:{NUMBER}h)?(?:{NUMBER}m(?!s))?(?:{NUMBER}s)?(?:{NUMBER}ms)?)$"
MS_PER_UNIT = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
LONGEST = 40
"""Characters of a duration."""

_FORM = re.compile(PATTERN)
_PART = re.compile(rf"({NUMBER})(ms|h|m|s)")


def seconds_of(text: str) -> float:
    """Parse a duration, s; a bare number counts seconds. Raises Fault."""
    return _parsed(text, 1000) / 1000


def milliseconds_of(text: str) -> float:
    """Parse a duration, ms; a bare number counts milliseconds. Raises Fault."""
    return _parsed(text, 1)


def _parsed(text: str, ms_per_number: int) -> float:
    plain = text.strip()
    if len(plain) > LONGEST or not _FORM.match(plain):
        raise Fault(
            f"不是时长：{text[:LONGEST]}，例如 2、2s、500ms、1m30s、1h",
            f"not a duration: {text[:LONGEST]}; write 2, 2s, 500ms, 1m30s or 1h",
        )
    parts = _PART.findall(plain)
    if not parts:
        return float(plain) * ms_per_number
    return sum(float(number) * MS_PER_UNIT[unit] for number, unit in parts)


def _seconds(value: Any) -> Any:
    return integer_if_whole(seconds_of(value)) if isinstance(value, str) else value


def _milliseconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    milliseconds = integer_if_whole(milliseconds_of(value))
    if isinstance(milliseconds, float):
        raise Fault("应为整毫秒", "must be whole milliseconds")
    return milliseconds


def integer_if_whole(number: float) -> int | float:
    """Return a whole number as an integer, as API documents have it."""
    return int(number) if number == int(number) else number


@dataclass(frozen=True)
class Seconds(GroupedMetadata):
    """Marks a float field: a number of seconds, or a text such as ``1m30s``. It is stored as a number."""

    least: float
    most: float

    def __iter__(self) -> Iterator[Any]:
        yield BeforeValidator(_seconds)
        yield Field(ge=self.least, le=self.most)
        yield PlainSerializer(integer_if_whole, when_used="json")
        yield _schema("number", self.least, self.most)


@dataclass(frozen=True)
class Milliseconds(GroupedMetadata):
    """Marks an int field: a number of milliseconds, or a text such as ``2s``. It is stored as an integer."""

    least: int
    most: int

    def __iter__(self) -> Iterator[Any]:
        yield BeforeValidator(_milliseconds)
        yield Field(ge=self.least, le=self.most)
        yield _schema("integer", self.least, self.most)


def _schema(number: str, least: float, most: float) -> WithJsonSchema:
    both = {"type": [number, "string"], "minimum": least, "maximum": most, "pattern": PATTERN, "maxLength": LONGEST}
    return WithJsonSchema(both, mode="validation")
