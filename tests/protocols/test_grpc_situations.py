"""gRPC as its users meet it: reflection of one version, names and authorities, metadata, odd messages, proxies."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import duration_pb2
from google.protobuf import struct_pb2
from google.protobuf import wrappers_pb2

from perfsvc.errors import InvalidInput
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.grpc import GrpcProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.protocols.proxies import Proxy
from tests.protocols.test_addresses import silent_address
from tests.support.certificates import Authority

pytestmark = pytest.mark.asyncio

SAY = {"method": "demo.Desk/Say", "message": {"text": "hello"}}


def protocol_of(options: dict[str, Any], url: str, headers: dict[str, str] | None = None) -> GrpcProtocol:
    return GrpcProtocol(GrpcProtocol.Options.parse(options), context(url, headers or {}))


# Reflection


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_many_users_ask_a_server_of_one_version(version: str):
    for _ in range(5):
        async with served(DemoServicer(), version) as port:
            protocol = protocol_of({}, f"grpc://127.0.0.1:{port}")
            users = [User(protocol, vu) for vu in range(12)]
            outcomes = await asyncio.gather(*(user.do(SAY) for user in users))
            assert [(outcome.failure, outcome.message) for outcome in outcomes] == [(None, "")] * 12
            for user in users:
                await user.session.close()
            await protocol.close()


async def test_reflection_carries_the_metadata_of_the_call_and_the_environment():
    seen: list[dict[str, Any]] = []

    class Watching(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            if "Reflection" in details.method:
                seen.append(dict(details.invocation_metadata))
            return await continuation(details)

    async with served(DemoServicer(), "v1", interceptors=(Watching(),)) as port:
        protocol = protocol_of({}, f"grpc://127.0.0.1:{port}", {"Authorization": "Bearer e"})
        async with User(protocol) as user:
            assert (await user.do(SAY | {"metadata": {"x-tenant": "blue"}})).failure is None
    assert {"authorization": "Bearer e", "x-tenant": "blue"}.items() <= seen[0].items()


# Names


@asynccontextmanager
async def secured(
    authority: Authority, host: str, options: dict[str, Any], url: str = "grpcs://localhost"
) -> AsyncIterator[tuple[User, DemoServicer]]:
    certificate, key = (path.read_bytes() for path in authority.issue(host))
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    servicer = DemoServicer()
    async with (
        served(servicer, credentials=credentials) as port,
        User(protocol_of({"protos": PROTOS} | options, f"{url}:{port}")) as user,
    ):
        yield user, servicer


async def test_a_server_name_other_than_the_host(authority: Authority):
    tls = {"ca": authority.ca_pem, "server_name": "other.example"}
    async with secured(authority, "other.example", {"tls": tls}) as (user, servicer):
        outcomes = [await user.do(SAY) for _ in range(3)]
        assert [(outcome.failure, outcome.message, outcome.status) for outcome in outcomes] == [(None, "", 0)] * 3
        assert len(servicer.requests) == 3


async def test_no_verification(authority: Authority):
    async with secured(authority, "other.example", {"tls": {"verify": False}}) as (user, servicer):
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.message) == (None, "")
        assert len(servicer.requests) == 1


async def test_no_verification_of_a_server_that_is_not_there(unused_port: int):
    options = {"protos": PROTOS, "tls": {"verify": False}}
    async with User(protocol_of(options, f"grpcs://127.0.0.1:{unused_port}")) as user:
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.sent) == ("Connection Error: refused", False)


async def test_an_authority_that_the_certificate_lacks_is_not_the_servers_status(authority: Authority):
    options = {"tls": {"ca": authority.ca_pem}, "authority": "wrong.example:8443"}
    async with secured(authority, "localhost", options) as (user, servicer):
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.status) == ("TLS Error: hostname mismatch", 0), outcome.message
        assert len(servicer.requests) == 0


async def test_a_servers_own_words_are_the_servers_status():
    for code, words, name in (
        (16, "call host does not match SSL server name", "gRPC UNAUTHENTICATED"),
        (14, "failed to connect to all addresses", "gRPC UNAVAILABLE"),
        (13, "Socket closed", "gRPC INTERNAL"),
    ):
        async with served(DemoServicer()) as port:
            protocol = protocol_of({"protos": PROTOS}, f"grpc://127.0.0.1:{port}")
            async with User(protocol) as user:
                outcome = await user.do({**SAY, "message": {"text": f"fail:{code}:{words}"}})
                assert (outcome.failure, outcome.status, outcome.message) == (None, code, words)
                assert protocol.status_failure(code) == name


@pytest.mark.parametrize("authority_", ["shop.example", "shop.example:8443"])
async def test_the_authority_of_the_calls(authority_: str):
    seen: list[str] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        writer.write(bytes.fromhex("000000040000000000"))
        while authority_.encode() not in data and (more := await reader.read(4096)):
            data += more
        seen.append(authority_ if authority_.encode() in data else "")
        writer.close()

    server = await asyncio.start_server(look, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with User(protocol_of({"protos": PROTOS, "authority": authority_}, f"grpc://127.0.0.1:{port}")) as user:
            await user.do(SAY)
    assert authority_ in seen


# Metadata and messages


async def test_several_values_of_a_name():
    servicer = DemoServicer()
    async with served(servicer) as port, User(protocol_of({"protos": PROTOS}, f"grpc://127.0.0.1:{port}")) as user:
        pairs: list[tuple[str, Any]] = []
        note = servicer._record

        async def keep(request: Any, call: Any) -> None:
            pairs.extend(call.invocation_metadata())
            await note(request, call)

        servicer._record = keep  # type: ignore[method-assign]
        user.scope.variables["v"] = "2"
        outcome = await user.do(SAY | {"metadata": {"x-role": ["1", "{{v}}"], "x-raw-bin": ["AP8=", "AQ=="]}})
        assert outcome.failure is None
        assert [value for name, value in pairs if name == "x-role"] == ["1", "2"]
        assert [value for name, value in pairs if name == "x-raw-bin"] == [b"\x00\xff", b"\x01"]


ODD = {
    "odd.proto": """syntax = "proto3";
package odd;
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
service Odd {
  rpc Wait(google.protobuf.Duration) returns (google.protobuf.Duration);
  rpc Name(google.protobuf.StringValue) returns (google.protobuf.StringValue);
  rpc Any(google.protobuf.Value) returns (google.protobuf.Value);
  rpc List(google.protobuf.ListValue) returns (google.protobuf.ListValue);
}
"""
}
TYPES: dict[str, Any] = {
    "Wait": duration_pb2.Duration,
    "Name": wrappers_pb2.StringValue,
    "Any": struct_pb2.Value,
    "List": struct_pb2.ListValue,
}


async def echo(request: Any, _: Any) -> Any:
    return request


def odd() -> grpc.GenericRpcHandler:
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(echo, cls.FromString, cls.SerializeToString)
        for name, cls in TYPES.items()
    }
    return grpc.method_handlers_generic_handler("odd.Odd", handlers)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("Wait", "1.500s"),
        ("Wait", "{{pause}}"),
        ("Name", "bob"),
        ("Any", None),
        ("Any", 3.5),
        ("Any", {"a": [True, "{{pause}}"]}),
        ("List", ["a", 1, None]),
    ],
)
async def test_well_known_types_as_requests(method: str, message: Any):
    async with (
        served(DemoServicer(), extra=(odd(),)) as port,
        User(protocol_of({"protos": ODD}, f"grpc://127.0.0.1:{port}")) as user,
    ):
        user.scope.variables["pause"] = "2s"
        outcome = await user.do({"method": f"odd.Odd/{method}", "messages": [message]})
        assert (outcome.failure, outcome.message) == (None, "")
        rendered = json.loads(json.dumps(message).replace("{{pause}}", "2s"))
        assert json.loads(outcome.body) == rendered


REQUIRED = {
    "old.proto": """syntax = "proto2";
package old;
message Order { required string id = 1; optional string note = 2; }
service Shop { rpc Buy(Order) returns (Order); }
"""
}


async def test_a_missing_required_field_is_a_problem_at_its_place():
    async with User(protocol_of({"protos": REQUIRED}, "grpc://127.0.0.1:1")) as user:
        with pytest.raises(InvalidInput) as refused:
            user.call({"method": "old.Shop/Buy", "message": {"note": "x"}})
        problem = refused.value.problems[0]
        assert problem.path == "message"
        assert problem.text.en == "does not fit message old.Order: lacks the required field id"
        assert problem.text.zh == "与消息 old.Order 不符：缺少必填字段 id"


# Proxies


async def test_calls_go_through_a_proxy():
    servicer = DemoServicer()
    async with served(servicer) as port, Proxy() as proxy:
        options = {"protos": PROTOS, "proxy": {"url": f"http://127.0.0.1:{proxy.port}"}}
        async with User(protocol_of(options, f"grpc://127.0.0.1:{port}")) as user:
            outcome = await user.do(SAY)
            assert (outcome.failure, outcome.message) == (None, "")
            assert len(servicer.requests) == 1
        assert proxy.asked == [f"CONNECT 127.0.0.1:{port} HTTP/1.1"]


async def test_only_proxies_by_connect():
    with pytest.raises(InvalidInput) as refused:
        GrpcProtocol.Options.parse({"proxy": {"url": "socks5://127.0.0.1:1080"}})
    assert refused.value.problems[0].text.en == "must be an http:// proxy for gRPC"


# Addresses


async def asked(users: int, calls: int, places: list[str], **options: Any) -> list[int]:
    """Let each user call over channels of its own; return the connections of the server at each place."""
    desks = [DemoServicer() for _ in places]
    async with contextlib.AsyncExitStack() as stack:
        port = 0
        for servicer, place in zip(desks, places, strict=True):
            port = await stack.enter_async_context(served(servicer, host=place, port=port))
        options = {"protos": PROTOS, "resolve": {f"desk.test:{port}": places}, **options}
        protocol = protocol_of(options, f"grpc://desk.test:{port}")
        for vu in range(users):
            user = User(protocol, vu)
            for _ in range(calls):
                assert (await user.do(SAY)).failure is None
                user.session.reset()
            await user.leave()
        await protocol.close()
    return [len(servicer.peers) for servicer in desks]


PLACES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


async def test_channels_are_spread_over_the_addresses_of_a_name():
    assert await asked(3, 2, PLACES) == [2, 2, 2]


async def test_a_user_stays_with_one_address():
    assert await asked(2, 3, PLACES, address_choice="user") == [3, 3, 0]


async def test_a_silent_address_costs_a_quarter_of_a_second_once():
    async with served(DemoServicer()) as port:
        with silent_address("::1", port):
            options = {"protos": PROTOS, "resolve": {f"desk.test:{port}": ["::1", "127.0.0.1"]}}
            connecting = []
            async with User(protocol_of(options, f"grpc://desk.test:{port}"), 0) as user:
                for _ in range(4):
                    outcome = await user.do(SAY)
                    assert outcome.failure is None, outcome.message
                    assert outcome.connected is not None
                    connecting.append(outcome.connected[1] / 1e9)
                    user.session.reset()
    assert connecting[0] >= 0.2
    assert min(connecting[1:]) < 0.2  # a busy machine may hold up some of them
