"""Replies that are listened to: events cut from a body while it comes, counted and timed."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

import msgspec
import regex

from perfsvc.plugin import MISSING
from perfsvc.plugin.body import in_utf8
from perfsvc.plugin.decoders import undoing

SEARCH_LIMIT_S = 0.1
NS_PER_MS = 1e6
NS_PER_S = 1e9
BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
LINE = re.compile(rb"\r\n|\n|\r")
SSE = "text/event-stream"
LINES = re.compile(r"ndjson|jsonl|json-lines|stream\+json|json-seq")

decode_json = msgspec.json.Decoder().decode


class Listening(NamedTuple):
    """When a step stops to listen, and what it counts. ``keeps``: the body is read by checks or extractors."""

    events: int | None
    seconds: float | None
    until: regex.Pattern[str] | None
    format: str
    tokens: Callable[[Any], Any] | None
    keeps: bool


class TooLong(Exception):
    """One event is larger than a body that is kept may be."""


class EventStream:
    """The events of one reply."""

    def __init__(self, listening: Listening, limit: int, now_ns: Callable[[], int]) -> None:
        self.begun = self.done = False
        self.events = 0
        self._buffer = b""
        self._first_ns = self._last_ns = 0
        self._first_token_ns = self._last_token_ns = 0
        self._format = listening.format
        self._gap_ns = 0
        self._limit = limit
        self._listening = listening
        self._now_ns = now_ns
        self._taken = (0, 0.0)
        self._tokens = 0.0
        self._undo: Callable[[bytes], bytes] | None = None

    def begin(self, content_type: str | None, codings: str | None) -> None:
        """Choose the format by the type of the reply, where the step does not. Raise Undecodable."""
        self.begun = True
        self._undo = undoing(codings, self._limit)
        if self._format == "auto":
            kind = (content_type or "").lower()
            self._format = "sse" if kind.startswith(SSE) else "lines" if LINES.search(kind) else "pieces"

    def feed(self, part: bytes) -> bool:
        """Take a part of the body. Return whether the step need not listen any longer. Raise TooLong, Undecodable."""
        if self._undo is not None and not self.done:
            part = self._undo(part)
        if part and not self.done:
            now = self._now_ns()
            for event in self._cut(part):
                self._count(event, now)
                if self.done:
                    break
        return self.done

    def close(self) -> None:
        """The body ended: what is left of it is an event."""
        if self._buffer.strip() and not self.done:
            left, self._buffer = self._buffer, b""
            event = _data(left) if self._format == "sse" else left
            if event:
                self._count(event, self._now_ns())

    def taken(self) -> dict[str, float]:
        """Events and tokens since the last call."""
        counted: dict[str, float] = {"events": self.events - self._taken[0]}
        if self._listening.tokens is not None:
            counted["tokens"] = self._tokens - self._taken[1]
        self._taken = self.events, self._tokens
        return counted

    def gauges(self, started_ns: int) -> dict[str, float]:
        """Times, in ms, and tokens per second."""
        gauges: dict[str, float] = {}
        if self.events:
            gauges["first_event_ms"] = (self._first_ns - started_ns) / NS_PER_MS
        if self.events > 1:
            gauges["event_gap_ms"] = (self._last_ns - self._first_ns) / (self.events - 1) / NS_PER_MS
            gauges["longest_event_gap_ms"] = self._gap_ns / NS_PER_MS
        if self._first_token_ns:
            gauges["first_token_ms"] = (self._first_token_ns - started_ns) / NS_PER_MS
            if self._last_token_ns > self._first_token_ns and self._tokens > 1:
                seconds = (self._last_token_ns - self._first_token_ns) / NS_PER_S
                gauges["tokens_per_second"] = (self._tokens - 1) / seconds
        return gauges

    def _cut(self, part: bytes) -> Iterator[bytes]:
        if self._format == "pieces":
            yield part
            return
        *whole, self._buffer = self._parts(self._buffer + part)
        if len(self._buffer) > self._limit:
            raise TooLong
        for each in whole:
            event = _data(each) if self._format == "sse" else each.strip()
            if event:
                yield event

    def _parts(self, received: bytes) -> list[bytes]:
        # A CR at the end may be half of a line end.
        held = received[-1:] if received.endswith(b"\r") else b""
        parts = (BLANK_LINE if self._format == "sse" else LINE).split(received[: len(received) - len(held)])
        parts[-1] += held
        return parts

    def _count(self, event: bytes, now: int) -> None:
        if self.events:
            self._gap_ns = max(self._gap_ns, now - self._last_ns)
        else:
            self._first_ns = now
        self._last_ns = now
        self.events += 1
        if self._listening.tokens is not None:
            self._count_tokens(event, now)
        self.done = self.events == self._listening.events or self._is_last(event)

    def _count_tokens(self, event: bytes, now: int) -> None:
        """A text is one token; a number says how many there were in all."""
        try:
            value = self._listening.tokens(decode_json(event))  # type: ignore[misc]  # the caller has looked
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if value is MISSING or value is None or value == "":
            return
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._tokens = max(self._tokens, float(value))
        else:
            self._tokens += 1
        self._first_token_ns = self._first_token_ns or now
        self._last_token_ns = now

    def _is_last(self, event: bytes) -> bool:
        if self._listening.until is None:
            return False
        try:
            return self._listening.until.search(event.decode("utf-8", "replace"), timeout=SEARCH_LIMIT_S) is not None
        except TimeoutError:
            return False


def _data(block: bytes) -> bytes:
    """The data of one server-sent event; other fields and comments are left out."""
    lines = (line.partition(b":") for line in LINE.split(in_utf8(block, None)))
    return b"\n".join(value.removeprefix(b" ") for name, _, value in lines if name == b"data")
