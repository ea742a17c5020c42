"""Methods of a server for a form: name, kind, and a request with the fields of the method's input."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor import MethodDescriptor

from perfsvc.plugin import MOST_OPERATIONS
from perfsvc.plugin import Operation
from perfsvc.plugin import Text

MOST_FIELDS = 200
"""Fields of one message that is proposed."""
MOST_SEEN = 1000
"""Fields looked at for one message, those of a ``oneof`` that are left out included."""
DEEPEST = 4
KINDS = {
    (False, False): Text("一元", "unary"),
    (False, True): Text("服务端流", "server streaming"),
    (True, False): Text("客户端流", "client streaming"),
    (True, True): Text("双向流", "bidirectional streaming"),
}
JSON_FORMS: dict[str, Any] = {
    "google.protobuf.Any": {"@type": "type.googleapis.com/…"},
    "google.protobuf.Duration": "1s",
    "google.protobuf.FieldMask": "",
    "google.protobuf.ListValue": [],
    "google.protobuf.Struct": {},
    "google.protobuf.Timestamp": "2026-01-01T00:00:00Z",
    "google.protobuf.Value": "",
}
"""Messages whose JSON is not an object of their fields."""
WRAPPED = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
TEXTS = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES})


def operations_of(methods: Iterable[MethodDescriptor]) -> list[Operation]:
    """Return methods in order: as many as a form can show, and one more where there are more."""
    return [_operation(method) for method in islice(methods, MOST_OPERATIONS + 1)]


def _operation(method: MethodDescriptor) -> Operation:
    name = f"{method.containing_service.full_name}/{method.name}"
    message = Skeleton().of(method.input_type, 0)
    sent = {"messages": [message]} if method.client_streaming else {"message": message}
    return Operation(name, KINDS[method.client_streaming, method.server_streaming], {"method": name, **sent})


class Skeleton:
    """Makes one message with every field that it may have; of the fields of a ``oneof`` the first."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS
        self._unseen = MOST_SEEN

    def of(self, message: Descriptor, depth: int) -> Any:
        """Return the JSON of a message."""
        if message.full_name in JSON_FORMS:
            return JSON_FORMS[message.full_name]
        if message.full_name in WRAPPED:
            return self._scalar(message.fields_by_name["value"])
        shown: dict[str, Any] = {}
        for field in message.fields:
            if depth >= DEEPEST or not self._left or not self._unseen:
                break
            self._unseen -= 1
            oneof = field.containing_oneof
            if oneof is not None and oneof.fields[0] is not field:
                continue
            self._left -= 1
            shown[field.name] = self._value(field, depth)
        return shown

    def _value(self, field: FieldDescriptor, depth: int) -> Any:
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            return {"key": self._one(message.fields_by_name["value"], depth)}
        one = self._one(field, depth)
        return [one] if field.is_repeated else one

    def _one(self, field: FieldDescriptor, depth: int) -> Any:
        return self._scalar(field) if field.message_type is None else self.of(field.message_type, depth + 1)

    @staticmethod
    def _scalar(field: FieldDescriptor) -> Any:
        if field.enum_type is not None:
            return field.enum_type.values[0].name
        if field.type in TEXTS:
            return ""
        return False if field.type == FieldDescriptor.TYPE_BOOL else 0
