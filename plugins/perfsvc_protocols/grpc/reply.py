"""Replies: status, metadata, and messages that become JSON only when they are read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from contextlib import suppress

import grpc.aio
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.message import Message

from perfsvc.plugin import Excerpt
from perfsvc.plugin import Reply
from perfsvc.plugin.failures import PROTOCOL
from perfsvc_protocols.grpc.call import GrpcCall
from perfsvc_protocols.grpc.call import Wire
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.message import Texts
from perfsvc_protocols.grpc.metadata import Pairs
from perfsvc_protocols.grpc.spec import Options

PREFIX = 5
"""Bytes that gRPC puts before each message; counted, other than those of HTTP/2."""
SHOWN_MESSAGES = 5
SHOWN_CHARACTERS = 1024
STATUS = "grpc-status"
MESSAGE = "grpc-message"


class GrpcReply(Reply):
    """One call from its start to its end; ``wire`` is None until the messages have bytes."""

    __slots__ = ("_body", "_headers", "_kept_bytes", "_messages", "_options", "call", "metadata", "texts", "wire")

    def __init__(self, call: GrpcCall, texts: tuple[Texts, ...], metadata: Pairs, options: Options) -> None:
        super().__init__()
        self.call = call
        self.texts = texts
        self.metadata = metadata
        self.wire: Wire | None = None
        self._options = options
        self._messages: list[Message] = []
        self._kept_bytes = 0
        self._headers: dict[str, str] = {}
        self._body: bytes | None = None

    # As it happens

    def begun(self, now_ns: int) -> None:
        """The messages were handed to the network."""
        self.sent = True
        self.started_ns = now_ns
        self.bytes_sent = sum(map(len, self.wire or ())) + PREFIX * len(self.wire or ())

    def take(self, data: bytes, now_ns: int) -> None:
        """Add a message of the server. Raises Failed if it cannot be decoded."""
        self.bytes_received += len(data) + PREFIX
        if not self.waiting_ns:
            self.waiting_ns = now_ns - self.started_ns
        if self.call.reads.body:
            self._keep(data)

    def answered(self, initial: Iterable[tuple[str, str | bytes]], trailing: Iterable[tuple[str, str | bytes]]) -> None:
        """Metadata as the server sent it; a trailer hides an initial one of its name."""
        for name, value in (*initial, *trailing):
            self._headers[name] = value if isinstance(value, str) else base64.b64encode(value).decode()

    def refused(self, error: grpc.aio.AioRpcError, now_ns: int) -> None:
        """Record a status other than OK."""
        self.status = error.code().value[0]
        self.message = error.details() or ""
        self.waiting_ns = self.waiting_ns or now_ns - self.started_ns
        self.answered(error.initial_metadata() or (), error.trailing_metadata() or ())

    def fail(self, error_class: str, message: str, now_ns: int) -> None:
        """There is no usable reply."""
        self.failure = error_class
        self.message = message
        self.status = 0
        self.ended_ns = now_ns

    def unsent(self) -> None:
        """Nothing left after all."""
        self.sent = False
        self.bytes_sent = 0

    # As it is read

    def header(self, name: str) -> str | None:
        name = name.lower()
        if name in (STATUS, MESSAGE) and self.failure is None:
            return str(self.status) if name == STATUS else self.message
        return self._headers.get(name)

    def body(self) -> bytes:
        if self._body is None:
            self._body = self._as_json()
        return self._body

    def excerpt(self) -> Excerpt:
        head = [f"{self._status_name()}: {self.message}", *(f"{name}: {text}" for name, text in self._headers.items())]
        return Excerpt(self._request(), "\n".join(head), self.body()[:SHOWN_CHARACTERS])

    def _keep(self, data: bytes) -> None:
        assert self.call.method is not None  # noqa: S101 - for the type checker: a call that was sent is bound
        try:
            message = self.call.method.decoded(data)
        except DecodeError as error:
            raise Failed(PROTOCOL, f"not the reply the method has: {error}", sent=True) from None
        self._kept_bytes += len(data)
        if self.call.method.server_streaming and self._kept_bytes > self._options.max_body_bytes:
            self._messages.clear()
        else:
            self._messages.append(message)

    def _as_json(self) -> bytes:
        if self.call.method is None or self.failure is not None:
            return b""
        # Well-formed on the wire and yet without a JSON form: an Any of an unknown type, a Timestamp out of range.
        with suppress(json_format.Error, TypeError, ValueError):
            return self.call.method.as_json(self._messages, self._options.proto_field_names)
        return b""

    def _status_name(self) -> str:
        return self.failure or f"{self.status} {status_name(self.status)}"

    def _request(self) -> str:
        shown = [message.filled(texts) for message, texts in zip(self.call.messages, self.texts, strict=True)]
        pairs = "".join(f"{name}: {_shown(value)}\n" for name, value in self.metadata)
        body = "\n".join(json.dumps(each, ensure_ascii=False)[:SHOWN_CHARACTERS] for each in shown[:SHOWN_MESSAGES])
        return f"{self.call.path}\n{pairs}\n{body}"


def status_name(status: int) -> str:
    """``UNAVAILABLE`` for 14; a number that gRPC does not know stays one."""
    return NAMES.get(status, str(status))


NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}


def _shown(value: str | bytes) -> str:
    return value if isinstance(value, str) else base64.b64encode(value).decode()
