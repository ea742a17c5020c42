"""gRPC servers for tests, on grpc.aio, and a relay that can stand before one and misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio as reflection
from grpc_tools import protoc

from tests.protocols.servers import Peer

SERVICE = "demo.Desk"
KEPT = 100
PROTOS = {
    "demo/note.proto": """syntax = "proto3";
package demo;
import "google/protobuf/timestamp.proto";
enum Colour { NONE = 0; RED = 1; }
message Note {
  string text = 1;
  int64 big_number = 2;
  repeated string tags = 3;
  Colour colour = 4;
  google.protobuf.Timestamp at = 5;
  map<string, int32> counts = 6;
}
""",
    "demo/desk.proto": """syntax = "proto3";
package demo;
import "demo/note.proto";
service Desk {
  rpc Say(Note) returns (Note);
  rpc Count(Note) returns (stream Note);
  rpc Collect(stream Note) returns (Note);
  rpc Chat(stream Note) returns (stream Note);
}
""",
}

Script = Callable[[Peer], Awaitable[None]]


@functools.cache
def pool() -> DescriptorPool:
    """The service's descriptors, compiled by other means than the plugin's."""
    found = DescriptorPool()
    with tempfile.TemporaryDirectory() as name:
        for path, text in PROTOS.items():
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).write_text(text)
        google = str(Path(protoc.__file__).parent / "_proto")
        out = f"{name}/out"
        command = ["protoc", f"-I{name}", f"-I{google}", "--include_imports", f"--descriptor_set_out={out}", *PROTOS]
        assert protoc.main(command) == 0
        for file in FileDescriptorSet.FromString(Path(out).read_bytes()).file:
            found.AddSerializedFile(file.SerializeToString())
    return found


def note(**fields: Any) -> Any:
    return GetMessageClass(pool().FindMessageTypeByName("demo.Note"))(**fields)


class DemoServicer:
    """Returns each request. A text that begins with a keyword makes it do something else."""

    def __init__(self) -> None:
        self.requests: deque[Any] = deque(maxlen=KEPT)
        self.metadata: deque[dict[str, str | bytes]] = deque(maxlen=KEPT)
        self.peers: set[str] = set()
        self.remaining: deque[float | None] = deque(maxlen=KEPT)
        self.cancelled = asyncio.Event()
        self.held = asyncio.Event()

    async def say(self, request: Any, context: Any) -> Any:
        await self._record(request, context)
        match request.text.split(":", 2):
            case ["fail", code, message]:
                context.set_trailing_metadata((("x-why", "asked for"),))
                await context.abort(_code(int(code)), message)
            case ["slow"]:
                await self._hang()
            case ["headers"]:
                await context.send_initial_metadata((("x-first", "one"), ("x-both", "early")))
                context.set_trailing_metadata((("x-last", "two"), ("x-both", "late"), ("x-raw-bin", b"\x00\xff")))
        return request

    async def count(self, request: Any, context: Any) -> AsyncIterator[Any]:
        await self._record(request, context)
        for number in range(request.big_number):
            yield note(text=request.text, big_number=number)
        if request.text == "slow":
            await self._hang()
        if request.text == "fail":
            await context.abort(grpc.StatusCode.DATA_LOSS, "half of it")

    async def collect(self, requests: AsyncIterator[Any], context: Any) -> Any:
        texts = []
        async for request in requests:
            await self._record(request, context)
            texts.append(request.text)
        return note(text=" ".join(texts), big_number=len(texts))

    async def chat(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            await self._record(request, context)
            yield note(text=request.text.upper())

    async def _record(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        self.peers.add(context.peer())
        self.remaining.append(context.time_remaining())

    async def _hang(self) -> None:
        self.held.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled.set()


def _code(number: int) -> grpc.StatusCode:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def _handlers(servicer: DemoServicer) -> grpc.GenericRpcHandler:
    cls = type(note())
    codec = {"request_deserializer": cls.FromString, "response_serializer": cls.SerializeToString}
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Say": grpc.unary_unary_rpc_method_handler(servicer.say, **codec),
            "Count": grpc.unary_stream_rpc_method_handler(servicer.count, **codec),
            "Collect": grpc.stream_unary_rpc_method_handler(servicer.collect, **codec),
            "Chat": grpc.stream_stream_rpc_method_handler(servicer.chat, **codec),
        },
    )


def reflecting(version: str, services: Sequence[str] = (SERVICE,)) -> grpc.GenericRpcHandler:
    """Reflection that lists services; one that is in no file has an error in place of its file."""
    servicer = reflection.ReflectionServicer(services, pool())
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(
        f"grpc.reflection.{version}.ServerReflection", {"ServerReflectionInfo": handler}
    )


@contextlib.asynccontextmanager
async def served(
    servicer: DemoServicer,
    *versions: str,
    credentials: grpc.ServerCredentials | None = None,
    extra: Sequence[Any] = (),
    interceptors: Sequence[Any] = (),
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[int]:
    """A running server with these versions of reflection; gives its port."""
    server = grpc.aio.server(interceptors=list(interceptors))
    server.add_generic_rpc_handlers((_handlers(servicer), *map(reflecting, versions), *extra))
    if credentials is None:
        port = server.add_insecure_port(f"{host}:{port}")
    else:
        port = server.add_secure_port(f"{host}:{port}", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def relay(peer: Peer, port: int) -> None:
    """Carries one connection to a server on this machine, both ways, until either side ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def back() -> None:
        while data := await reader.read(65_536):
            peer._writer.write(data)
            await peer._writer.drain()

    answers = asyncio.create_task(back())
    try:
        while data := await peer.some():
            writer.write(data)
            await writer.drain()
    finally:
        answers.cancel()
        await asyncio.gather(answers, return_exceptions=True)
        writer.close()


SETTINGS = bytes.fromhex("000000 04 00 00000000")
ACKNOWLEDGED = bytes.fromhex("000000 04 01 00000000")
HEADERS_OK = bytes.fromhex("000001 01 04 00000001 88")


async def until_called(peer: Peer) -> None:
    """Shakes hands as HTTP/2 does and waits for a call to DemoServicer."""
    received = await peer.some()
    await peer.send(SETTINGS + ACKNOWLEDGED)
    while SERVICE.encode() not in received:
        more = await peer.some()
        assert more
        received += more


async def silent(peer: Peer) -> None:
    await until_called(peer)
    await peer.gone()


async def dies(peer: Peer) -> None:
    await until_called(peer)
    await peer.send(HEADERS_OK)
    peer.reset()


async def babbles(peer: Peer) -> None:
    await until_called(peer)
    await peer.send(b"\xff" * 300)
    await peer.gone()
