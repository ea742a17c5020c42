"""Column types that validate values before they reach the database.

Tables are created by the migrations, so these fields carry no SQL types: only how a value goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from typing import Any

import msgspec
from peewee import Field
from peewee import ForeignKeyField

from perfsvc.errors import Problem
from perfsvc.errors import Text

MAX_INT = 2**31 - 1
MAX_BIGINT = 2**63 - 1
MAX_TEXT_BYTES = 65_535
"""Capacity of a TEXT column in MySQL."""

REQUIRED = Text("必填项", "is required")


class Column(Field):
    """A column that validates its values."""

    def fault(self, value: Any) -> Text | None:
        """Return what is wrong with a value other than None, or None."""
        raise NotImplementedError


class Chars(Column):
    """A varchar. ``least`` 1 refuses the empty text; ``choices`` names every value allowed."""

    def __init__(self, max_length: int, *, least: int = 0, choices: Iterable[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.max_length, self.least, self.allowed = max_length, least, tuple(choices)

    def fault(self, value: Any) -> Text | None:
        if not isinstance(value, str):
            return Text("应为字符串", "must be a string")
        if self.allowed and value not in self.allowed:
            listed = ", ".join(self.allowed)
            return Text(f"应为以下值之一：{listed}", f"must be one of {listed}")
        if len(value) < self.least:
            return Text(f"长度不能少于 {self.least} 个字符", f"must have at least {self.least} characters")
        if len(value) > self.max_length:
            return Text(f"长度不能超过 {self.max_length} 个字符", f"must have at most {self.max_length} characters")
        return encoding_fault(value)


class LongText(Column):
    """A text."""

    def fault(self, value: Any) -> Text | None:
        if not isinstance(value, str):
            return Text("应为字符串", "must be a string")
        wrong = encoding_fault(value)
        if wrong is None and len(value.encode()) > MAX_TEXT_BYTES:
            return Text(f"不能超过 {MAX_TEXT_BYTES} 字节", f"must have at most {MAX_TEXT_BYTES} bytes")
        return wrong


class Integer(Column):
    """An integer between ``least`` and ``most``."""

    def __init__(self, *, least: int = -MAX_INT, most: int = MAX_INT, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def fault(self, value: Any) -> Text | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return Text("应为整数", "must be an integer")
        if not self.least <= value <= self.most:
            return Text(f"应在 {self.least} 和 {self.most} 之间", f"must be between {self.least} and {self.most}")
        return None


class Number(Column):
    """A floating-point number."""

    def fault(self, value: Any) -> Text | None:
        finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        return None if finite else Text("应为有限的数字", "must be a finite number")

    def python_value(self, value: Any) -> float | None:
        return None if value is None else float(value)


class Flag(Column):
    """True or False, kept as 1 or 0."""

    def fault(self, value: Any) -> Text | None:
        return None if isinstance(value, bool) else Text("应为布尔值", "must be true or false")

    def db_value(self, value: Any) -> int | None:
        return None if value is None else int(value)

    def python_value(self, value: Any) -> bool | None:
        return None if value is None else bool(value)


class Moment(Column):
    """A point in time: aware in Python, UTC without a zone in the database, to the microsecond."""

    def fault(self, value: Any) -> Text | None:
        aware = isinstance(value, datetime) and value.tzinfo is not None
        return None if aware else Text("应为带时区的时间", "must be a time with a time zone")

    def db_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return str(value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds"))

    def python_value(self, value: Any) -> datetime | None:
        if value is None:
            return None
        naive = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return naive.replace(tzinfo=UTC)


class Json(Column):
    """A JSON document, written as text.

    Peewee's own JSON field writes SQL that differs between MySQL and MariaDB; plain text is JSON to all three.
    """

    def fault(self, value: Any) -> Text | None:
        try:
            msgspec.json.encode(value)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return Text("不是合法的 JSON 数据", "is not valid JSON data")
        return None

    def db_value(self, value: Any) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def python_value(self, value: Any) -> Any:
        return None if value is None else msgspec.json.decode(value)


class JsonText(Column):
    """A JSON document that the caller encodes and decodes."""

    def fault(self, value: Any) -> Text | None:
        return None if isinstance(value, str) else Text("应为字符串", "must be a string")


class Blob(Column):
    """Bytes."""

    def fault(self, value: Any) -> Text | None:
        return None if isinstance(value, bytes) else Text("应为字节串", "must be bytes")

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else bytes(value)


class Reference(ForeignKeyField):
    """The id of a row in another table; ``name`` in Python is ``name_id`` in the database."""

    def __init__(self, table: Any, **options: Any) -> None:
        super().__init__(table, backref="+", lazy_load=False, **options)

    def fault(self, value: Any) -> Text | None:
        valid = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_INT
        return None if valid else Text("应为正整数", "must be a positive integer")


def encoding_fault(value: str) -> Text | None:
    """Return why a text cannot be stored as UTF-8 without NUL, or None."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return Text("包含无法编码的字符", "contains characters that cannot be encoded")
    return Text("不能包含空字符", "must not contain NUL characters") if "\0" in value else None


def problem_of(field: Any, path: str, value: Any) -> Problem | None:
    """Return the problem of a value for a field, or None."""
    if value is None:
        return None if field.null else Problem(path, REQUIRED)
    wrong = field.fault(value)
    return Problem(path, wrong) if wrong else None
