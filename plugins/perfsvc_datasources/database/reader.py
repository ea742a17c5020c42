"""Interface of database drivers, and their values as JSON."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

Address = tuple[Any, ...]
"""As ``getaddrinfo`` gives it."""


@dataclass(frozen=True)
class Job:
    """A checked query, and where it is to be run. ``addresses`` are those the installation's policy lets pass."""

    connection: Mapping[str, Any] = field(repr=False)
    addresses: Sequence[Address]
    query: str
    timeout_s: float


class Refused(Exception):
    """The database's error, without secrets."""


class Reader(ABC):
    """One run of one query. All methods but ``interrupt`` belong to one thread; each raises Refused."""

    columns: Sequence[str]
    chunk = 1
    """Rows that are best fetched at a time: one, where that costs no round trip, and no memory to speak of."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @abstractmethod
    def begin(self) -> None:
        """Connect, make the session read-only, run the query, set ``columns``."""

    @abstractmethod
    def fetch(self, limit: int) -> Sequence[Sequence[Any]]:
        """Return the next rows; none at the end."""

    @abstractmethod
    def interrupt(self) -> None:
        """End every wait for the database, also before ``begin`` is done.

        From any thread but the loop's, since it may have to wait for the database itself.
        """

    @abstractmethod
    def close(self) -> None:
        """Release everything, also after a failure half-way. Raises nothing."""


def plain(value: Any) -> Any:
    """Return a value as JSON has it. Decimals and times become text, times in ISO 8601, bytes hexadecimal text."""
    if value is None or isinstance(value, str | int):
        return value
    convert = CONVERSIONS.get(type(value))
    return convert(value) if convert else _of_other(value)


def _of_other(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return str(value)


def _of_duration(value: timedelta) -> str:
    """Return ``-12:30:00.5`` for what MySQL calls TIME."""
    sign, left = ("-", -value) if value < timedelta() else ("", value)
    seconds, hours = left.seconds % 3600, left.days * 24 + left.seconds // 3600
    fraction = f".{left.microseconds:06}" if left.microseconds else ""
    return f"{sign}{hours:02}:{seconds // 60:02}:{seconds % 60:02}{fraction}"


CONVERSIONS: dict[type[Any], Any] = {
    float: lambda value: value if isfinite(value) else str(value),
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _of_duration,
    bytes: bytes.hex,
    memoryview: memoryview.hex,
}
