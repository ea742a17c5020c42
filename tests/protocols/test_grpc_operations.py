"""Methods of a gRPC server for a form: from reflection and from proto texts, each with a message to begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2

from perfsvc.engine.operations import Operations
from perfsvc.engine.operations import operations_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.errors import InvalidInput
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.plugin import MOST_OPERATIONS
from perfsvc.plugin import Operation
from perfsvc.plugin import Text
from perfsvc.plugin import Unlisted
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.grpc import GrpcProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import SERVICE
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import pool
from tests.protocols.grpc_peers import reflecting
from tests.protocols.grpc_peers import served

pytestmark = pytest.mark.asyncio

NOTE = {
    "text": "",
    "big_number": 0,
    "tags": [""],
    "colour": "NONE",
    "at": "2026-01-01T00:00:00Z",
    "counts": {"key": 0},
}
KINDS = [
    ("demo.Desk/Say", "unary", "message"),
    ("demo.Desk/Count", "server streaming", "message"),
    ("demo.Desk/Collect", "client streaming", "messages"),
    ("demo.Desk/Chat", "bidirectional streaming", "messages"),
]


async def asked(port: int, request: dict[str, Any] | None = None, limit_s: float = 5.0, **more: Any) -> list[Operation]:
    return (await everything(port, request, limit_s, **more)).shown


async def everything(port: int, request: dict[str, Any] | None, limit_s: float, **more: Any) -> Operations:
    around = TrialSurroundings(
        lambda name: GrpcProtocol,
        Resolver(more.pop("policy", TargetPolicy(guarded=False))),
        Target(
            base_url=f"grpc://127.0.0.1:{port}",
            variables=more.pop("variables", {}),
            headers=more.pop("headers", {}),
        ),
        {"grpc": more},
        {},
        RunFiles(),
    )
    return await operations_of("grpc", request or {}, around, limit_s)


async def refusal(*args: Any, **more: Any) -> tuple[str, str, str]:
    with pytest.raises(InvalidInput) as caught:
        await asked(*args, **more)
    (problem,) = caught.value.problems
    return problem.path, problem.text.zh, problem.text.en


def shown(operations: list[Operation]) -> list[tuple[str, str, str]]:
    return [(each.name, each.kind.en, next(key for key in each.request if key != "method")) for each in operations]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_the_server_is_asked(version: str) -> None:
    desk = DemoServicer()
    async with served(desk, version) as port:
        unfinished = {"url": "", "metadata": {"x-key": "{{key}}"}, "method": "demo", "message": {"no": 1}, "stream": []}
        found = await asked(port, unfinished, variables={"key": "4711"})
    assert shown(found) == KINDS
    assert [each.request.get("message", each.request.get("messages")) for each in found] == [NOTE, NOTE, [NOTE], [NOTE]]


async def test_what_is_proposed_can_be_sent() -> None:
    async with served(DemoServicer(), "v1") as port:
        (say, *_) = await asked(port)
        async with User(GrpcProtocol(GrpcProtocol.Options(), context(f"grpc://127.0.0.1:{port}"))) as user:
            outcome = await user.do(say.request)
    assert (outcome.failure, outcome.status) == (None, 0)


async def test_protos_need_no_server() -> None:
    assert shown(await asked(1, protos=PROTOS)) == KINDS


async def test_a_message_within_itself_ends() -> None:
    proto = """syntax = "proto3"; package a;
    message Tree { string name = 1; repeated Tree below = 2; oneof kind { int32 leaf = 3; bool root = 4; } }
    service Woods { rpc Plant(Tree) returns (Tree); }"""
    (plant,) = await asked(1, protos={"a.proto": proto})
    message, depth = plant.request["message"], 0
    assert list(message) == ["name", "below", "leaf"]
    while message.get("below"):
        message, depth = message["below"][0], depth + 1
    assert depth == 4


async def test_a_server_without_reflection_is_named() -> None:
    async with served(DemoServicer()) as port:
        at, zh, en = await refusal(port)
    assert (at, en) == (
        "request",
        "the server has no reflection; give the .proto files in protocol_options.grpc.protos",
    )
    assert "服务端没有开启反射：请提供 .proto 文件" in zh


async def test_what_cannot_be_reached_or_is_not_allowed_is_named() -> None:
    at, zh, en = await refusal(1)
    assert (at, "连接被拒绝，该地址和端口上没有服务在监听" in zh, "nothing listens" in en) == ("request", True, True)
    at, zh, en = await refusal(1, policy=TargetPolicy(deny=["127.0.0.0/8"]))
    assert (at, "该地址不允许作为目标" in zh, "is not an allowed target" in en) == ("request", True, True)
    assert (await refusal(1, {"url": "ftp://x"}))[0] == "request.url"
    assert (await refusal(1, {"url": "grpc://{{host}}"}))[0] == "request.url"


async def test_the_time_is_limited() -> None:
    async with served(DemoServicer(), "v1") as port:
        at, zh, en = await refusal(port, limit_s=0)
    assert (at, zh, en) == ("request", "目标在 0 秒内没有给出操作列表", "the target listed no operations in 0 s")


async def test_a_service_that_cannot_be_described_is_left_out_and_named() -> None:
    listed = ["grpc.reflection.v1.ServerReflection", "demo.Gone", "demo.Desk"]
    async with served(DemoServicer(), extra=[reflecting("v1", listed)]) as port:
        found = await everything(port, None, 5.0)
    assert shown(found.shown) == KINDS
    ((name, reason),) = found.unlisted
    assert (name, reason.zh.removeprefix("反射：")) == ("demo.Gone", reason.en.removeprefix("reflection: "))
    async with served(DemoServicer(), extra=[reflecting("v1", ["demo.Gone"])]) as port:
        at, _, en = await refusal(port)
    assert (at, en.startswith("reflection: ")) == ("request", True)
    async with served(DemoServicer(), extra=[reflecting("v1", ["grpc.reflection.v1.ServerReflection"])]) as port:
        assert await asked(port) == []


async def test_a_pair_without_its_variable_takes_no_other_with_it() -> None:
    seen: list[dict[str, Any]] = []

    class Watching(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            seen.append(dict(details.invocation_metadata))
            return await continuation(details)

    async with served(DemoServicer(), "v1", interceptors=(Watching(),)) as port:
        headers = {"Authorization": "Bearer {{token}}"}
        request = {"metadata": {"x-order": "{{order}}", "x-tenant": "blue"}}
        assert shown(await asked(port, request, variables={"token": "e"}, headers=headers)) == KINDS
    assert {name: seen[0].get(name) for name in ("authorization", "x-order", "x-tenant")} == {
        "authorization": "Bearer e",
        "x-order": None,
        "x-tenant": "blue",
    }


async def test_metadata_that_cannot_be_made_is_named() -> None:
    async with served(DemoServicer(), "v1") as port:
        at, zh, en = await refusal(port, {"metadata": {"x-bin": "{{$randomString(3)}}"}})
    assert (at, zh, en) == (
        "request.metadata.x-bin",
        "无法得到元数据的值：metadata x-bin is not base64",
        "has no value: metadata x-bin is not base64",
    )


async def test_problems_of_proto_texts_are_where_they_are_given() -> None:
    at, _, en = await refusal(1, protos={"a.proto": "nonsense"})
    assert (at, "the proto files do not compile" in en) == ("protocol_options.grpc.protos", True)


async def test_more_methods_than_a_form_shows() -> None:
    methods = " ".join(f"rpc M{number}(A) returns (A);" for number in range(MOST_OPERATIONS + 1))
    files = {"a.proto": f'syntax = "proto3"; package a; message A {{ string b = 1; }} service S {{ {methods} }}'}
    around = TrialSurroundings(
        lambda name: GrpcProtocol, Resolver(TargetPolicy()), Target(), {"grpc": {"protos": files}}, {}, RunFiles()
    )
    found = await operations_of("grpc", {}, around, 5)
    assert (len(found.shown), found.shown[-1].name, found.truncated) == (1000, "a.S/M999", True)


async def test_a_wide_oneof_is_not_looked_through_for_ever() -> None:
    fields = " ".join(f"int32 f{number} = {number};" for number in range(1, 1500))
    proto = f'syntax = "proto3"; package a; message A {{ oneof kind {{ {fields} }} int32 last = 2000; }}'
    (plant,) = await asked(1, protos={"a.proto": proto + " service S { rpc M(A) returns (A); }"})
    assert plant.request["message"] == {"f1": 0}


def importing(number: int) -> FileDescriptorProto:
    """A file with a service whose messages are in a file of another name."""
    file = FileDescriptorProto(name=f"w{number}.proto", package="a", dependency=["lost.proto"], syntax="proto3")
    file.service.add(name=f"W{number}").method.add(name="M", input_type=".a.Lost", output_type=".a.Lost")
    return file


def without_import(listed: list[str]) -> grpc.GenericRpcHandler:
    """Reflection of a server with the demo's files and two services that import ``lost.proto``, which is not there."""
    own = ("demo/note.proto", "demo/desk.proto", "google/protobuf/timestamp.proto")
    found = {name: pool().FindFileByName(name).serialized_pb for name in own}
    found |= {f"w{number}.proto": importing(number).SerializeToString() for number in (1, 2)}
    file_of = {SERVICE: "demo/desk.proto", "a.W1": "w1.proto", "a.W2": "w2.proto"}

    async def info(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            reply = reflection_pb2.ServerReflectionResponse()
            name = request.file_by_filename or file_of.get(request.file_containing_symbol, "")
            if request.HasField("list_services"):
                reply.list_services_response.service.extend(
                    reflection_pb2.ServiceResponse(name=each) for each in listed
                )
            elif name in found:
                reply.file_descriptor_response.file_descriptor_proto.append(found[name])
            else:
                reply.error_response.error_message = "not found"
            yield reply

    handler = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(
        "grpc.reflection.v1.ServerReflection", {"ServerReflectionInfo": handler}
    )


@pytest.mark.parametrize("listed", [["a.W1", SERVICE, "a.W2"], [SERVICE, "a.W1", "a.W2"]])
async def test_a_service_without_its_import_takes_no_other_with_it(listed: list[str]) -> None:
    async with served(DemoServicer(), extra=[without_import(listed)]) as port:
        found = await everything(port, None, 5.0)
    assert shown(found.shown) == KINDS
    reason = Text(
        "服务端没有文件 lost.proto（反射：not found）", "the server has no file lost.proto (reflection: not found)"
    )
    assert found.unlisted == [Unlisted("a.W1", reason), Unlisted("a.W2", reason)]


async def test_where_every_service_lacks_an_import_the_first_is_the_cause() -> None:
    async with served(DemoServicer(), extra=[without_import(["a.W1", "a.W2"])]) as port:
        at, _, en = await refusal(port)
    assert (at, en) == ("request", "the server has no file lost.proto (reflection: not found)")


def proto_with(name: str, methods: int = 1) -> str:
    fields = " ".join(f"string {name}{number} = {number};" for number in range(1, 151))
    calls = " ".join(f"rpc M{number}(A) returns (A);" for number in range(methods))
    return f'syntax = "proto3"; package a; message A {{ {fields} }} service S {{ {calls} }}'


async def test_a_message_is_bounded_by_its_characters() -> None:
    (operation,) = await asked(1, protos={"a.proto": proto_with("x" * 997)})
    message = operation.request["message"]
    assert [len(name) for name in message] == [998] * 9 + [999]


async def test_all_messages_together_are_bounded_by_their_characters() -> None:
    found = await asked(1, protos={"a.proto": proto_with("x" * 997, methods=102)})
    # Ten fields are 9,981 characters: the rest after a hundred messages has room for one more message and a part.
    assert [len(each.request["message"]) for each in found] == [10] * 100 + [1, 0]
