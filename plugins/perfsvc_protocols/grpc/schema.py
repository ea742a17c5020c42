"""Methods of services and the types of their messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from perfsvc.plugin import Fault


class Method(NamedTuple):
    """One method, ready to be called."""

    path: str
    client_streaming: bool
    server_streaming: bool
    request: type[Message]
    reply: type[Message]
    pool: DescriptorPool

    def encoded(self, value: Any) -> bytes:
        """A request message from JSON. Raise Fault with protobuf's message."""
        try:
            message = json_format.ParseDict(value, self.request(), descriptor_pool=self.pool)
        except (json_format.ParseError, AttributeError, ValueError, TypeError) as error:
            raise self._misfit(str(error), str(error)) from None
        missing = ", ".join(message.FindInitializationErrors())  # type: ignore[attr-defined]  # not in its stubs
        if missing:
            raise self._misfit(f"缺少必填字段 {missing}", f"lacks the required field {missing}")
        return message.SerializeToString()

    def _misfit(self, zh: str, en: str) -> Fault:
        name = self.request.DESCRIPTOR.full_name
        return Fault(f"与消息 {name} 不符：{zh}", f"does not fit message {name}: {en}")

    def decoded(self, data: bytes) -> Message:
        """A reply message. Raises DecodeError."""
        return self.reply.FromString(data)

    def as_json(self, messages: Sequence[Message], proto_names: bool) -> bytes:
        """Replies as JSON: a list where the method streams them. Fields without presence are always there."""
        documents = [
            json_format.MessageToDict(
                message,
                preserving_proto_field_name=proto_names,
                always_print_fields_with_no_presence=True,
                descriptor_pool=self.pool,
            )
            for message in messages
        ]
        if self.server_streaming:
            return _json(documents)
        return _json(documents[0]) if documents else b""


class Schema:
    """Methods by path, out of a closed set of descriptors. Raises Fault when these do not fit together."""

    def __init__(self, files: Iterable[bytes]) -> None:
        """``files`` are serialised FileDescriptorProtos, each after those it imports."""
        self._pool = DescriptorPool()
        self._names: list[str] = []
        try:
            for file in files:
                self._pool.AddSerializedFile(file)
                self._names.append(FileDescriptorProto.FromString(file).name)
        except (TypeError, DecodeError) as error:
            raise Fault(f"描述符有误：{error}", f"broken descriptors: {error}") from None

    def methods(self) -> Iterator[MethodDescriptor]:
        """Yield the methods of all services, in the order of their files."""
        for name in self._names:
            for service in self._pool.FindFileByName(name).services_by_name.values():
                yield from service.methods

    def method(self, path: str) -> Method:
        """The method at ``/package.Service/Method``; raises Fault, which lists those there are."""
        service_name, _, name = path.strip("/").rpartition("/")
        try:
            service = self._pool.FindServiceByName(service_name)
        except KeyError:
            raise Fault(f"没有服务 {service_name}", f"there is no service {service_name}") from None
        if name not in service.methods_by_name:
            names = ", ".join(sorted(service.methods_by_name))
            raise Fault(
                f"{service_name} 没有方法 {name}，可用：{names}", f"no {name} in {service_name}; there are: {names}"
            )
        return self._method(path, service.methods_by_name[name])

    def _method(self, path: str, descriptor: MethodDescriptor) -> Method:
        request, reply = GetMessageClass(descriptor.input_type), GetMessageClass(descriptor.output_type)
        return Method(path, descriptor.client_streaming, descriptor.server_streaming, request, reply, self._pool)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
