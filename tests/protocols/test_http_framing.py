"""The same bytes give the same reply, wherever the network cuts them: replies fed to a connection without a network."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import EVERYTHING
from perfsvc.plugin.testing import Outcome
from perfsvc.plugin.testing.drive import outcome_of
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.connection import Connection
from perfsvc_protocols.http.session import HttpSession
from tests.protocols.http_user import http_user

ORIGIN = Origin("http", "target", 80)
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Test: 1\r\n\r\nhello"
CHUNKS = b"3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-Late: 1\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
REPLIES = {
    "plain": PLAIN,
    "chunked": CHUNKED,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Test: no\r\n\r\n" + PLAIN,
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "cookie": b"HTTP/1.1 200 OK\r\nSET-cookie: a=b\r\nContent-Length: 2\r\n\r\nok",
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "until close": b"HTTP/1.0 200 OK\r\nX-Test: 1\r\n\r\nall of it",
    "surplus": PLAIN + b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad",
    "cut short": PLAIN[:-2],
    "garbage": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "big": b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\nX-Test: 1\r\n\r\n" + bytes(range(250)) * 36,
    "big chunks": b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"fa\r\n" + bytes(range(250)) + b"\r\n") * 30
    + b"0\r\n\r\n",
}
GOES_ON = ("surplus", "garbage")
"""Replies that are over before their last byte."""
TIMES = ("started_ns", "ended_ns", "waiting_ns", "connected")


class Wire(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True


class Fed:
    """A user on a connection that tests speak for."""

    def __init__(self, reads: ReplyParts = EVERYTHING, request: dict[str, str] | None = None) -> None:
        user = http_user("http://target")
        self.outcomes: list[Outcome] = []
        self.session = user.protocol.session(user.scope, lambda reply: self.outcomes.append(outcome_of(reply)))
        assert isinstance(self.session, HttpSession)
        self.call = user.call(request or {}, reads)
        self.wire = Wire()
        origin = self.call.message.origin
        self.connection = Connection(origin, self.session, user.protocol.context.now_ns)
        self.connection.connection_made(self.wire)
        self.session._keep(self.connection)

    def receive(self, parts: list[bytes]) -> Outcome:
        self.session.start(self.call)
        assert not self.outcomes
        for part in parts:
            if not self.wire.aborted:
                self.connection.data_received(part)
        if not self.outcomes:
            self.connection.connection_lost(None)
        (outcome,) = self.outcomes
        self.outcomes.clear()
        return outcome


def cut(reply: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % len(reply) for place in places} - {0}), len(reply)]
    return [reply[start:end] for start, end in pairwise(edges)]


def essence(outcome: Outcome, surplus: bool = False) -> Outcome:
    """What must not depend on the network; what follows a whole reply may come too late to be counted and shown."""
    if surplus:
        outcome = outcome._replace(bytes_received=0, excerpt=outcome.excerpt._replace(body=b""))
    return outcome._replace(**dict.fromkeys(TIMES, 0))


@pytest.mark.parametrize("reads", [ReplyParts(), EVERYTHING], ids=["unread", "read"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", REPLIES)
def test_cutting_changes_nothing(kind: str, method: str, reads: ReplyParts):
    reply = REPLIES[kind]
    surplus = kind in GOES_ON or method == "HEAD"
    whole = Fed(reads, {"method": method})
    expected = essence(whole.receive([reply]), surplus)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(1, len(reply)), max_size=12))
    def check(places: list[int]) -> None:
        parts = cut(reply, places)
        fed = Fed(reads, {"method": method})
        assert essence(fed.receive(parts), surplus) == expected
        assert fed.session.scope.cookies is None or len(fed.session.scope.cookies) == 1
        assert (fed.session.scope.cookies is None) == (whole.session.scope.cookies is None)

    check()


@pytest.mark.parametrize("kind", REPLIES)
def test_every_byte_on_its_own(kind: str):
    reply = REPLIES[kind]
    bytewise = Fed().receive([reply[index : index + 1] for index in range(len(reply))])
    assert essence(bytewise, kind in GOES_ON) == essence(Fed().receive([reply]), kind in GOES_ON)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["plain", "chunked", "interim", "empty", "cookie", "big"]), st.lists(st.integers(1, 9000))
        ),
        min_size=2,
        max_size=6,
    )
)
def test_replies_after_one_another_on_one_connection(replies: list[tuple[str, list[int]]]):
    fed = Fed()
    for kind, places in replies:
        reply = REPLIES[kind]
        outcome = fed.receive(cut(reply, places))
        alone = Fed().receive([reply])
        same_request = {"bytes_sent": 0, "excerpt": outcome.excerpt._replace(request="")}
        assert essence(outcome)._replace(**same_request) == essence(alone)._replace(
            bytes_sent=0, excerpt=alone.excerpt._replace(request="")
        )
    assert not fed.wire.aborted
    assert len(fed.wire.written) == len(replies)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["GET", "HEAD"]),
)
def test_no_bytes_whatever_upset_it(parts: list[bytes], valid_start: bool, method: str):
    if valid_start:
        parts = [b"HTTP/1.1 200 OK\r\n", *parts]
    outcome = Fed(request={"method": method}).receive(parts)
    assert outcome.failure in {None, "Protocol Error", "Connection Error: closed early"}
