"""Where gRPC methods are known from: proto texts and server reflection."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin import ABORTED
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc.plugin.testing.drive import resolve
from perfsvc_protocols.grpc import GrpcProtocol
from perfsvc_protocols.grpc import protoc
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served

SAY = {"method": "demo.Desk/Say", "message": {"text": "hello"}}


def user_of(protos: dict[str, str], port: int = 1) -> User:
    options = GrpcProtocol.Options.parse({"protos": protos})
    return User(GrpcProtocol(options, context(f"grpc://127.0.0.1:{port}")))


def problem_of(protos: dict[str, str]) -> tuple[str, str, str]:
    with pytest.raises(InvalidInput) as raised:
        user_of(protos)
    (problem,) = raised.value.problems
    return problem.path, problem.text.zh, problem.text.en


# Files


def test_the_compiler_is_quoted():
    at, zh, en = problem_of({"a/bad.proto": 'syntax = "proto3";\nmessage A { int32 a = 1 }'})
    assert at == "protos"
    assert en == 'the proto files do not compile: a/bad.proto:2:25: Expected ";".'
    assert 'a/bad.proto:2:25: Expected ";".' in zh


def test_a_missing_import_is_named():
    _, _, en = problem_of({"a.proto": 'syntax = "proto3";\nimport "b.proto";'})
    assert "b.proto: File not found." in en


@pytest.mark.parametrize("path", ["/etc/hostname", "../../../../etc/hostname"])
def test_imports_do_not_leave_the_files_given(path: str):
    _, _, en = problem_of({"a.proto": f'syntax = "proto3";\nimport "{path}";'})
    assert "hostname" in en
    assert "File not found" in en or "not allowed" in en or "not found" in en.lower()
    assert "Expected" not in en


@pytest.mark.parametrize(
    "name", ["/a.proto", "../a.proto", "a/../b.proto", "-I.proto", "a.txt", "a b.proto", "a\\b.proto"]
)
def test_names_stay_where_they_are_written(name: str):
    with pytest.raises(InvalidInput) as raised:
        GrpcProtocol.Options.parse({"protos": {name: ""}})
    assert [problem.path for problem in raised.value.problems] == [f"protos.{name}"]


def test_too_many_files():
    with pytest.raises(InvalidInput, match="at most 200 files"):
        GrpcProtocol.Options.parse({"protos": {f"{number}.proto": "" for number in range(201)}})


def test_names_that_get_in_each_others_way():
    _, _, en = problem_of({"a.proto": "", "a.proto/b.proto": ""})
    assert en == "the proto files do not compile: b.proto: FileExistsError"


def test_a_compiler_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protoc, "LIMIT_S", 0.001)
    _, _, en = problem_of({"hang.proto": 'syntax = "proto3"; message Hang {}'})
    assert en == "the proto files do not compile: protoc took longer than 0.001 s"


def test_the_same_files_are_compiled_once():
    first, second = (user_of(PROTOS).call(SAY).method.pool for _ in range(2))
    assert first is second


# Reflection


@pytest.mark.asyncio
@pytest.mark.parametrize("versions", [("v1",), ("v1alpha",), ("v1", "v1alpha")])
async def test_reflection(versions: tuple[str, ...]):
    async with served(DemoServicer(), *versions) as port, user_of({}, port) as user:
        outcome = await user.do(SAY | {"message": {"text": "{{$vu}}", "at": "2026-01-02T03:04:05Z"}})
        assert (outcome.failure, outcome.status) == (None, 0)
        assert json.loads(outcome.body)["text"] == "1"
        assert json.loads(outcome.body)["at"] == "2026-01-02T03:04:05Z"


@pytest.mark.asyncio
async def test_reflection_is_requested_once_for_all_users(monkeypatch: pytest.MonkeyPatch):
    async with served(DemoServicer(), "v1") as port:
        protocol = GrpcProtocol(GrpcProtocol.Options(), context(f"grpc://127.0.0.1:{port}"))
        users = [User(protocol, vu) for vu in range(5)]
        services = []
        original = protocol._schemas._request

        async def request(*args: Any) -> Any:
            services.append(args[1])
            return await original(*args)

        protocol._schemas._request = request
        call = users[0].call(SAY)
        outcomes = await asyncio.gather(*(user.do(call) for user in users))
        await users[0].do({"method": "demo.Desk/Count"})
        assert [outcome.failure for outcome in outcomes] == [None] * 5
        assert services == ["demo.Desk"]
        for user in users:
            await user.session.close()
        await protocol.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("versions", "request_", "error_class", "words"),
    [
        ((), SAY, "Schema Error", "the server has no reflection"),
        (("v1",), {"method": "demo.Nobody/Say"}, "Schema Error", "reflection: "),
        (("v1",), {"method": "demo.Desk/Shout"}, "Schema Error", "there are: Chat, Collect, Count, Say"),
        (("v1",), {"method": "demo.Desk/Say", "message": {"txt": ""}}, "Invalid Request", "no field named"),
        (("v1",), {"method": "demo.Desk/Say", "messages": []}, "Invalid Request", "exactly one message"),
        (("v1",), {"method": "demo.Desk/Say", "message": {"colour": "{{c}}"}}, "Invalid Request", "demo.Note"),
    ],
)
async def test_what_reflection_shows_to_be_wrong(versions: Any, request_: Any, error_class: str, words: str):
    async with served(DemoServicer(), *versions) as port, user_of({}, port) as user:
        user.scope.variables["c"] = "PLAID"
        for _ in range(2):
            outcome = await user.do(request_)
            assert (outcome.failure, outcome.sent, outcome.status) == (error_class, False, 0)
            assert words in outcome.message
            assert outcome.bytes_sent == 0
            assert outcome.excerpt.request.startswith(f"/{request_['method']}\n")


@pytest.mark.asyncio
async def test_reflection_from_a_peer_that_refuses(unused_port: int):
    async with user_of({}, unused_port) as user:
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.sent) == ("Connection Error: refused", False)


@pytest.mark.asyncio
async def test_reflection_is_asked_again_after_a_failure():
    refusing = True

    async def sometimes(host: str, port: int) -> Any:
        if refusing:
            raise OSError("no name server")
        return await resolve(host, port)

    async with served(DemoServicer(), "v1") as port:
        run = context(f"grpc://127.0.0.1:{port}")._replace(resolve=sometimes)
        async with User(GrpcProtocol(GrpcProtocol.Options.parse({}), run)) as user:
            assert (await user.do(SAY)).failure == "DNS Error"
            refusing = False
            assert (await user.do(SAY)).failure is None


@pytest.mark.asyncio
async def test_a_call_aborted_while_reflection_is_asked():
    async with served(DemoServicer(), "v1") as port, user_of({}, port) as user:
        for turns in range(6):
            user.start(user.call(SAY))
            for _ in range(turns):
                await asyncio.sleep(0)
            user.session.abort(ABORTED)
            outcome = await user.ended()
            assert (outcome.failure, outcome.sent) == (ABORTED, False)
        assert (await user.do(SAY)).failure is None
