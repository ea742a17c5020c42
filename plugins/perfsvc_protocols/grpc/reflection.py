"""A server's schema by server reflection, version ``v1`` or, where it knows only that, ``v1alpha``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse

from perfsvc.plugin import Fault
from perfsvc_protocols.grpc import failures
from perfsvc_protocols.grpc.failures import SCHEMA
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.metadata import Pairs
from perfsvc_protocols.grpc.schema import Schema

# Both versions have the same messages on the wire; only the name of the service differs.
PATHS = tuple(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha"))
LIMIT_S = 10.0
MAX_FILES = 1000

Exchange = Callable[[ServerReflectionRequest], Any]


async def schema_of(channel: grpc.aio.Channel, service: str, metadata: Pairs) -> Schema:
    """Everything a service needs; ``metadata`` goes along. Raises Failed."""
    for path in PATHS:
        try:
            async with _conversation(channel, path, metadata) as ask:
                return Schema(await _files(ask, service))
        except _Ended as ended:
            if ended.code is not grpc.StatusCode.UNIMPLEMENTED:
                raise Failed(SCHEMA, f"reflection: {ended.code.name}: {ended.details}") from None
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise _failed(error) from None
        except (Fault, DecodeError) as error:
            raise Failed(SCHEMA, str(error)) from None
    raise Failed(SCHEMA, "the server has no reflection; give the .proto files in protocol_options.grpc.protos")


class _Ended(Exception):
    """The server ended the call with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


@asynccontextmanager
async def _conversation(channel: grpc.aio.Channel, path: str, metadata: Pairs) -> AsyncIterator[Exchange]:
    multi = channel.stream_stream(
        path,
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    rpc = multi(timeout=LIMIT_S, metadata=metadata)

    async def exchange(request: ServerReflectionRequest) -> list[bytes]:
        try:
            await rpc.write(request)
            reply = await rpc.read()
        except (grpc.aio.BaseError, asyncio.InvalidStateError):
            # The server ended the call before or while this was written: the library then has no AioRpcError.
            raise _Ended(await rpc.code(), await rpc.details() or "") from None
        if not isinstance(reply, ServerReflectionResponse):
            raise Failed(SCHEMA, "the server ended the call")
        if reply.HasField("error_response"):
            raise Failed(SCHEMA, f"reflection: {reply.error_response.error_message}")
        return list(reply.file_descriptor_response.file_descriptor_proto)

    try:
        yield exchange
    finally:
        rpc.cancel()


async def _files(exchange: Exchange, service: str) -> list[bytes]:
    """The service's file and all it imports, each after those it imports itself."""
    files: dict[str, FileDescriptorProto] = {}
    received = await exchange(ServerReflectionRequest(file_containing_symbol=service))
    while received:
        for data in received:
            file = FileDescriptorProto.FromString(data)
            files[file.name] = file
        if len(files) > MAX_FILES:
            raise Failed(SCHEMA, f"more than {MAX_FILES} files")
        missing = {name for each in files.values() for name in each.dependency} - files.keys()
        received = await exchange(ServerReflectionRequest(file_by_filename=min(missing))) if missing else []
    return [files[name].SerializeToString() for name in _sorted(files)]


def _sorted(files: dict[str, FileDescriptorProto]) -> list[str]:
    ordered: dict[str, None] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in above:
            raise Failed(SCHEMA, f"{name} imports itself")
        if name not in ordered:
            for imported in files[name].dependency:
                visit(imported, above | {name})
            ordered[name] = None

    for name in files:
        visit(name, frozenset())
    return list(ordered)


def _failed(error: grpc.aio.AioRpcError) -> Failed:
    cause = failures.of(error)
    if cause is None:
        return Failed(SCHEMA, f"reflection: {error.code().name}: {error.details()}")
    return Failed(cause.error_class, f"reflection: {cause}")
