"""gRPC calls of all four kinds, what is sent with them, and what is seen of their replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.grpc import GrpcProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import note
from tests.protocols.grpc_peers import served

pytestmark = pytest.mark.asyncio

SAY, COUNT, COLLECT, CHAT = (f"demo.Desk/{name}" for name in ("Say", "Count", "Collect", "Chat"))


@asynccontextmanager
async def calling(options: dict[str, Any] | None = None, **headers: str) -> AsyncIterator[tuple[User, DemoServicer]]:
    servicer = DemoServicer()
    async with served(servicer) as port:
        run = context(f"grpc://127.0.0.1:{port}", headers)
        async with User(GrpcProtocol(GrpcProtocol.Options.parse({"protos": PROTOS} | (options or {})), run)) as user:
            yield user, servicer


# The four kinds


async def test_unary_reply_as_json():
    async with calling() as (user, servicer):
        message = {"text": "héllo", "bigNumber": "9007199254740993", "tags": ["a"], "colour": "RED", "counts": {"k": 1}}
        outcome = await user.do({"method": SAY, "message": message | {"at": "2026-01-02T03:04:05Z"}})
        assert (outcome.status, outcome.failure) == (0, None)
        assert json.loads(outcome.body) == message | {"at": "2026-01-02T03:04:05Z"}
        assert outcome.bytes_sent == outcome.bytes_received == servicer.requests[0].ByteSize() + 5
        assert servicer.requests[0].big_number == 9007199254740993


async def test_empty_message_where_none_is_given():
    async with calling() as (user, servicer):
        outcome = await user.do({"method": f"/{SAY}"})
        assert servicer.requests[0] == note()
        assert json.loads(outcome.body) == {"text": "", "bigNumber": "0", "tags": [], "colour": "NONE", "counts": {}}
        assert (outcome.bytes_sent, outcome.bytes_received) == (5, 5)


async def test_proto_field_names_by_option():
    async with calling({"proto_field_names": True}) as (user, _):
        outcome = await user.do({"method": SAY, "message": {"big_number": 5}})
        assert json.loads(outcome.body)["big_number"] == "5"


async def test_server_stream_is_a_list():
    async with calling() as (user, _):
        outcome = await user.do({"method": COUNT, "message": {"text": "n", "bigNumber": 3}})
        assert [(each["text"], each["bigNumber"]) for each in json.loads(outcome.body)] == [
            ("n", "0"),
            ("n", "1"),
            ("n", "2"),
        ]
        assert 0 < outcome.waiting_ns < outcome.ended_ns - outcome.started_ns
        assert outcome.bytes_received == sum(note(text="n", big_number=n).ByteSize() + 5 for n in range(3))


async def test_server_stream_of_nothing():
    async with calling() as (user, _):
        outcome = await user.do({"method": COUNT})
        assert (outcome.status, outcome.failure, outcome.body) == (0, None, b"[]")


async def test_client_stream():
    async with calling() as (user, _):
        outcome = await user.do({"method": COLLECT, "messages": [{"text": "a"}, {"text": "{{$vu}}"}, {"text": "c"}]})
        assert json.loads(outcome.body)["text"] == "a 1 c"
        assert outcome.bytes_sent == 3 * (3 + 5)


async def test_client_stream_of_no_and_of_one_message():
    async with calling() as (user, _):
        none = await user.do({"method": COLLECT, "messages": []})
        one = await user.do({"method": COLLECT, "message": {"text": "x"}})
        assert [json.loads(each.body)["bigNumber"] for each in (none, one)] == ["0", "1"]


async def test_stream_in_both_directions():
    async with calling() as (user, _):
        outcome = await user.do({"method": CHAT, "messages": [{"text": "one"}, {"text": "two"}]})
        assert [each["text"] for each in json.loads(outcome.body)] == ["ONE", "TWO"]
        assert outcome.status == 0


async def test_a_stream_that_ends_badly_has_its_status():
    async with calling() as (user, _):
        outcome = await user.do({"method": COUNT, "message": {"text": "fail", "bigNumber": 2}})
        assert (outcome.status, outcome.failure, outcome.message) == (15, None, "half of it")
        assert [each["bigNumber"] for each in json.loads(outcome.body)] == ["0", "1"]


async def test_a_long_stream_is_counted_and_not_kept():
    async with calling({"max_body_bytes": 1000}) as (user, _):
        outcome = await user.do({"method": COUNT, "message": {"text": "x" * 100, "bigNumber": 20}})
        assert outcome.body == b"[]"
        assert outcome.bytes_received > 2000


async def test_what_nobody_reads_is_not_decoded(monkeypatch: pytest.MonkeyPatch):
    async with calling() as (user, _):
        call = user.call({"method": SAY, "message": {"text": "x"}}, ReplyParts())
        decoded: list[bytes] = []
        monkeypatch.setattr(type(call.method), "decoded", lambda self, data: decoded.append(data))
        outcome = await user.do(call)
        assert (outcome.failure, outcome.body, decoded) == (None, b"", [])


# Templates


async def test_templates_in_messages_and_metadata():
    async with calling() as (user, servicer):
        call = user.call(
            {"method": SAY, "message": {"text": "for {{name}}", "tags": ["{{$vu}}"]}, "metadata": {"X-Who": "{{name}}"}}
        )
        for name in ("ann", "bob"):
            user.scope.variables["name"] = name
            await user.do(call)
        assert [each.text for each in servicer.requests] == ["for ann", "for bob"]
        assert [each["x-who"] for each in servicer.metadata] == ["ann", "bob"]
        assert list(servicer.requests[0].tags) == ["1"]


async def test_numbers_may_come_out_of_variables():
    async with calling() as (user, servicer):
        user.scope.variables["id"] = 42
        await user.do({"method": SAY, "message": {"bigNumber": "{{id}}"}})
        assert servicer.requests[0].big_number == 42


async def test_each_rendered_body_is_serialised_once(monkeypatch: pytest.MonkeyPatch):
    async with calling() as (user, _):
        call = user.call({"method": SAY, "message": {"text": "{{name}}"}})
        encoded: list[str] = []
        before = type(call.method).encoded

        def encode(self: Any, value: dict[str, Any]) -> bytes:
            encoded.append(value["text"])
            return before(self, value)

        monkeypatch.setattr(type(call.method), "encoded", encode)
        for name in ("ann", "bob", "ann", "bob", "ann"):
            user.scope.variables["name"] = name
            outcome = await user.do(call)
            assert json.loads(outcome.body)["text"] == name
        assert encoded == ["ann", "bob"]


async def test_kept_bodies_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("perfsvc_protocols.grpc.message.KEPT_BODIES", 3)
    async with calling() as (user, _):
        call = user.call({"method": SAY, "message": {"text": "{{n}}"}})
        for number in range(10):
            user.scope.variables["n"] = number
            await user.do(call)
        assert list(call.messages[0]._kept) == [("7",), ("8",), ("9",)]
        assert call.messages[0]._kept_bytes == 3 * 4
        monkeypatch.setattr("perfsvc_protocols.grpc.message.KEPT_BYTES", 0)
        user.scope.variables["n"] = "more"
        await user.do(call)
        assert list(call.messages[0]._kept) == [("more",)]


@pytest.mark.parametrize(
    ("message", "metadata", "value", "words"),
    [
        ({"bigNumber": "{{v}}"}, {}, "many", "does not fit message demo.Note"),
        ({"colour": "{{v}}"}, {}, "GREEN", "does not fit message demo.Note"),
        ({}, {"x-v": "{{v}}"}, "two\nlines", "metadata x-v may hold printable ASCII only"),
        ({}, {"x-v-bin": "{{v}}"}, "?", "metadata x-v-bin is not base64"),
    ],
)
async def test_what_renders_to_nonsense_is_not_sent(message: Any, metadata: Any, value: str, words: str):
    async with calling() as (user, servicer):
        call = user.call({"method": SAY, "message": message, "metadata": metadata})
        with pytest.raises(MissingVariable):
            user.start(call)
        user.scope.variables["v"] = value
        with pytest.raises(NotSent, match=words) as raised:
            user.start(call)
        assert raised.value.error_class == "Invalid Request"
        assert (user.count, list(servicer.requests)) == (0, [])


# Metadata, trailers, status


async def test_metadata_and_headers_of_the_environment():
    headers = {"Authorization": "Bearer e", "Content-Type": "application/json", "X-Env": "e"}
    async with calling(None, **headers) as (user, servicer):
        await user.do({"method": SAY, "metadata": {"x-env": "step", "x-raw-bin": "AP8="}})
        sent = servicer.metadata[0]
        assert {name: sent[name] for name in ("authorization", "x-env", "x-raw-bin")} == {
            "authorization": "Bearer e",
            "x-env": "step",
            "x-raw-bin": b"\x00\xff",
        }


async def test_headers_are_metadata_and_trailers_win():
    async with calling() as (user, _):
        seen: dict[str, str | None] = {}

        def done(reply: Reply) -> None:
            names = ("X-First", "x-last", "x-both", "x-raw-bin", "x-none", "grpc-status", "grpc-message")
            seen.update({name: reply.header(name) for name in names})
            ended.set()

        ended = asyncio.Event()
        user.session.done = done
        user.session.start(user.call({"method": SAY, "message": {"text": "headers"}}))
        async with asyncio.timeout(60):
            await ended.wait()
        assert seen == {
            "X-First": "one",
            "x-last": "two",
            "x-both": "late",
            "x-raw-bin": "AP8=",
            "x-none": None,
            "grpc-status": "0",
            "grpc-message": "",
        }


@pytest.mark.parametrize(("code", "name"), [(3, "INVALID_ARGUMENT"), (4, "DEADLINE_EXCEEDED"), (14, "UNAVAILABLE")])
async def test_a_status_of_the_server_is_a_status(code: int, name: str):
    async with calling() as (user, _):
        outcome = await user.do({"method": SAY, "message": {"text": f"fail:{code}:sorry"}})
        assert (outcome.status, outcome.failure, outcome.message, outcome.sent) == (code, None, "sorry", True)
        assert outcome.body == b""
        assert outcome.ended_ns - outcome.started_ns >= outcome.waiting_ns > 0
        assert user.protocol.status_failure(code) == f"gRPC {name}"
        assert f"{code} {name}: sorry\nx-why: asked for" in outcome.excerpt.response_head
        assert outcome.excerpt.request == f'/demo.Desk/Say\n\n{{"text": "fail:{code}:sorry"}}'


async def test_status_failures():
    async with calling() as (user, _):
        assert [user.protocol.status_failure(status) for status in (0, 5, 99)] == [None, "gRPC NOT_FOUND", "gRPC 99"]


async def test_a_method_that_the_server_lacks():
    more = PROTOS | {"more.proto": 'syntax = "proto3"; package more; message A {} service B { rpc C(A) returns (A); }'}
    async with calling({"protos": more}) as (user, _):
        outcome = await user.do({"method": "more.B/C"})
        assert (outcome.status, outcome.failure) == (12, None)


async def test_the_deadline_is_sent_to_the_server():
    async with calling() as (user, servicer):
        await user.do(user.call({"method": SAY}, timeout_s=7))
        remaining = servicer.remaining[0]
        assert remaining is not None
        assert 0 < remaining < 7.1
