"""A server's schema by server reflection, version ``v1`` or, where it knows only that, ``v1alpha``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
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
MOST_SERVICES = 200
"""Services that are described together."""

Exchange = Callable[[ServerReflectionRequest], Any]


async def schema_of(channel: grpc.aio.Channel, service: str, metadata: Pairs) -> Schema:
    """Everything a service needs; ``metadata`` goes along. Raises Failed."""
    return await _schema(channel, metadata, lambda exchange: _files(exchange, [service]))


async def whole_schema(channel: grpc.aio.Channel, metadata: Pairs) -> Schema:
    """Everything that the services of a server need, as many as a form can show. Raises Failed."""
    return await _schema(channel, metadata, _all_files)


async def _schema(
    channel: grpc.aio.Channel, metadata: Pairs, files: Callable[[Exchange], Awaitable[list[bytes]]]
) -> Schema:
    for path in PATHS:
        try:
            async with _conversation(channel, path, metadata) as exchange:
                return Schema(await files(exchange))
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

    async def exchange(request: ServerReflectionRequest) -> ServerReflectionResponse:
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
        return reply

    try:
        yield exchange
    finally:
        rpc.cancel()


async def _all_files(exchange: Exchange) -> list[bytes]:
    """The files of all services."""
    reply = await exchange(ServerReflectionRequest(list_services=""))
    return await _files(exchange, [each.name for each in reply.list_services_response.service][:MOST_SERVICES])


async def _files(exchange: Exchange, services: Sequence[str]) -> list[bytes]:
    """The files of services and all they import, each after those it imports itself."""
    files: dict[str, FileDescriptorProto] = {}
    for service in services:
        await _collect(exchange, ServerReflectionRequest(file_containing_symbol=service), files)
    missing = _missing(files)
    while missing:
        await _collect(exchange, ServerReflectionRequest(file_by_filename=min(missing)), files)
        missing = _missing(files)
    return [files[name].SerializeToString() for name in _sorted(files)]


async def _collect(exchange: Exchange, request: ServerReflectionRequest, files: dict[str, FileDescriptorProto]) -> None:
    reply = await exchange(request)
    known = len(files)
    for data in reply.file_descriptor_response.file_descriptor_proto:
        file = FileDescriptorProto.FromString(data)
        files[file.name] = file
    if len(files) > MAX_FILES:
        raise Failed(SCHEMA, f"more than {MAX_FILES} files")
    if request.file_by_filename and len(files) == known:
        raise Failed(SCHEMA, f"the server has no file {request.file_by_filename}")


def _missing(files: dict[str, FileDescriptorProto]) -> set[str]:
    return {name for file in files.values() for name in file.dependency} - files.keys()


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
