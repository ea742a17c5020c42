"""Dates and timestamps."""

from __future__ import annotations

import re
import time
from datetime import datetime
from functools import lru_cache
from typing import Any
from typing import ClassVar
from zoneinfo import ZoneInfo

from perfsvc.errors import Text
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

OFFSET = re.compile(r"([+-])((?:\d{1,9}[smhdw])+)")
PART = re.compile(r"(\d+)([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DIVISORS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}
LONGEST_FORMAT = 200


@lru_cache(maxsize=1024)
def offset_of(text: str) -> int:
    """Seconds of ``+1d``, ``-2h30m`` or nothing. Raise ValueError."""
    if not text.strip():
        return 0
    match = OFFSET.fullmatch(text.replace(" ", ""))
    if match is None:
        raise Fault(
            f"{text!r} 不是偏移，应如 +1d、-2h30m、+1w（单位 s、m、h、d、w）",
            f"{text!r} is no offset; write +1d, -2h30m or +1w, with s, m, h, d and w as units",
        )
    seconds = sum(int(number) * SECONDS[unit] for number, unit in PART.findall(match[2]))
    return seconds if match[1] == "+" else -seconds


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name. Raise ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        zh, en = f"{name!r} 不是时区", f"{name!r} is no time zone"
        raise Fault(f"{zh}，应如 Asia/Shanghai、UTC", f"{en}; write a name such as Asia/Shanghai or UTC") from None


class Date(Function):
    """Now, moved by an offset, in a format of ``strftime`` and a time zone."""

    name = "date"
    title = Text("日期：偏移、格式、时区", "Date: offset, format, time zone")
    examples: ClassVar[tuple[str, ...]] = (
        '$date("+1d", "%Y-%m-%d", "Asia/Shanghai")',
        '$date("-2h30m")',
        "$date",
    )

    def check(self, offset: Any = "", form: Any = "", zone: Any = "UTC") -> None:
        if not isinstance(offset, Unknown):
            offset_of(offset)
        if not isinstance(form, Unknown) and len(form) > LONGEST_FORMAT:
            raise Fault(f"格式超过 {LONGEST_FORMAT} 个字符", f"the format is longer than {LONGEST_FORMAT} characters")
        if not isinstance(zone, Unknown):
            zone_of(zone)

    def call(self, offset: str = "", form: str = "%Y-%m-%dT%H:%M:%S%:z", zone: str = "UTC") -> str:
        self.check(form=form)
        moment = datetime.fromtimestamp(time.time() + offset_of(offset), zone_of(zone))
        return moment.strftime(form) if "%:z" not in form else moment.strftime(form.replace("%:z", _offset(moment)))


def _offset(moment: datetime) -> str:
    """``+08:00``, which ``strftime`` knows from Python 3.12 on."""
    return moment.isoformat()[-6:]


class Timestamp(Function):
    """Unix time as a whole number."""

    name = "timestamp"
    title = Text("Unix 时间戳：单位 s、ms、us、ns，可选偏移", "Unix time in s, ms, us or ns, optionally moved")
    examples: ClassVar[tuple[str, ...]] = ("$timestamp", '$timestamp("ms")', '$timestamp("s", "-1h")')

    def check(self, unit: Any = "s", offset: Any = "") -> None:
        if not isinstance(unit, Unknown) and unit not in DIVISORS:
            raise _no_unit()
        if not isinstance(offset, Unknown):
            offset_of(offset)

    def call(self, unit: str = "s", offset: str = "") -> int:
        divisor = DIVISORS.get(unit)
        if divisor is None:
            raise _no_unit()
        moved = offset_of(offset) * 1_000_000_000 if offset else 0
        return (time.time_ns() + moved) // divisor


def _no_unit() -> Fault:
    return Fault("单位应为 s、ms、us 或 ns", "the unit must be s, ms, us or ns")


class TimestampMs(Function):
    """Unix time in milliseconds."""

    name = "timestamp_ms"
    title = Text("毫秒时间戳", "Unix time in milliseconds")
    examples: ClassVar[tuple[str, ...]] = ("$timestamp_ms",)

    def call(self) -> int:
        return time.time_ns() // 1_000_000


FUNCTIONS: tuple[type[Function], ...] = (Date, Timestamp, TimestampMs)
