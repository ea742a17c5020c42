"""A server's schema by server reflection, version ``v1``, or ``v1alpha`` where the server has no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import grpc.aio
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse

from perfsvc.plugin import MOST_OPERATIONS
from perfsvc.plugin import Fault
from perfsvc.plugin import Text
from perfsvc.plugin import Unlisted
from perfsvc_protocols.grpc import failures
from perfsvc_protocols.grpc.descriptors import Descriptors
from perfsvc_protocols.grpc.failures import SCHEMA
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.metadata import Pairs
from perfsvc_protocols.grpc.schema import Schema

# Both versions have the same messages on the wire; only the name of the service differs.
PATHS = tuple(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha"))
OWN = "grpc.reflection."
"""Services that only describe others."""

Exchange = Callable[[ServerReflectionRequest], Any]
Collected = tuple[Descriptors, list[Unlisted]]


async def schema_of(channel: grpc.aio.Channel, service: str, metadata: Pairs, limit_s: float) -> Schema:
    """Return everything a service needs, within ``limit_s``; ``metadata`` is sent along. Raise Failed."""
    schema, _ = await _schema(channel, metadata, lambda exchange: _files_of(exchange, service), limit_s)
    return schema


async def full_schema(channel: grpc.aio.Channel, metadata: Pairs) -> tuple[Schema, list[Unlisted]]:
    """Return everything that the services of a server need, as many as a form can show. Raise Failed.

    Services that the server cannot describe, or not with all that they import, are left out of it and named.
    The caller limits the time.
    """
    return await _schema(channel, metadata, _all_files)


async def _schema(
    channel: grpc.aio.Channel,
    metadata: Pairs,
    collect: Callable[[Exchange], Awaitable[Collected]],
    limit_s: float | None = None,
) -> tuple[Schema, list[Unlisted]]:
    for path in PATHS:
        try:
            async with _conversation(channel, path, metadata, limit_s) as exchange:
                files, unlisted = await collect(exchange)
                return await asyncio.to_thread(_schema_in, files), unlisted
        except _Ended as ended:
            if ended.code is not grpc.StatusCode.UNIMPLEMENTED:
                raise Failed(SCHEMA, f"reflection: {ended.code.name}: {ended.details}") from None
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise _failed(error) from None
        except (Fault, DecodeError) as error:
            raise Failed(SCHEMA, str(error)) from None
    raise Failed(SCHEMA, "the server has no reflection; give the .proto files in protocol_options.grpc.protos")


def _schema_in(files: Descriptors) -> Schema:
    return Schema(files.ordered())


class _Ended(Exception):
    """The server ended the call with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class _Refused(Failed):
    """The server does not give a file, and the call goes on."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(SCHEMA, en)
        self.reason = Text(zh, en)


@asynccontextmanager
async def _conversation(
    channel: grpc.aio.Channel, path: str, metadata: Pairs, limit_s: float | None
) -> AsyncIterator[Exchange]:
    multi = channel.stream_stream(
        path,
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    rpc = multi(timeout=limit_s, metadata=metadata)

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
            message = reply.error_response.error_message
            raise _Refused(f"反射：{message}", f"reflection: {message}")
        return reply

    try:
        yield exchange
    finally:
        rpc.cancel()


async def _all_files(exchange: Exchange) -> Collected:
    """Return the files of all services that the server can describe. Raise Failed where it can describe none."""
    reply = await exchange(ServerReflectionRequest(list_services=""))
    names = (each.name for each in reply.list_services_response.service if not each.name.startswith(OWN))
    files, unlisted, refused = Descriptors(), [], None
    for name in islice(names, MOST_OPERATIONS + 1):
        try:
            files = await _with_service(exchange, name, files.copy())
        except _Refused as error:
            refused = refused or error
            unlisted.append(Unlisted(name, error.reason))
    if refused is not None and not files:
        raise refused
    return files, unlisted


async def _files_of(exchange: Exchange, service: str) -> Collected:
    return await _with_service(exchange, service, Descriptors()), []


async def _with_service(exchange: Exchange, service: str, files: Descriptors) -> Descriptors:
    """Return the files with those of a service and all that they import."""
    await _add(exchange, ServerReflectionRequest(file_containing_symbol=service), files)
    while (name := files.missing) is not None:
        try:
            await _add(exchange, ServerReflectionRequest(file_by_filename=name), files)
        except _Refused as error:
            zh, en = error.reason
            raise _Refused(f"服务端没有文件 {name}（{zh}）", f"the server has no file {name} ({en})") from None
        if name == files.missing:
            raise _Refused(f"服务端没有文件 {name}", f"the server has no file {name}")
    return files


async def _add(exchange: Exchange, request: ServerReflectionRequest, files: Descriptors) -> None:
    reply = await exchange(request)
    await asyncio.to_thread(files.add, reply.file_descriptor_response.file_descriptor_proto)


def _failed(error: grpc.aio.AioRpcError) -> Failed:
    cause = failures.of(error)
    if cause is None:
        return Failed(SCHEMA, f"reflection: {error.code().name}: {error.details()}")
    return Failed(cause.error_class, f"reflection: {cause}")
