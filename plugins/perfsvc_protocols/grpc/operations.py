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
MOST_CHARACTERS = 10_000
"""Characters of one message that is proposed: the names of its fields and of values of enums."""
MOST_OF_ALL = 1_000_000
"""Characters of all messages together: what comes after them has an empty message."""
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
    left, found = MOST_OF_ALL, []
    for method in islice(methods, MOST_OPERATIONS + 1):
        skeleton = Skeleton(min(left, MOST_CHARACTERS))
        found.append(_operation(method, skeleton.of(method.input_type, 0)))
        left -= skeleton.characters
    return found


def _operation(method: MethodDescriptor, message: Any) -> Operation:
    name = f"{method.containing_service.full_name}/{method.name}"
    sent = {"messages": [message]} if method.client_streaming else {"message": message}
    return Operation(name, KINDS[method.client_streaming, method.server_streaming], {"method": name, **sent})


class Skeleton:
    """Makes one message with every field that it may have; of the fields of a ``oneof`` the first."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self.characters = 0
        self._most_characters = most_characters
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
            characters = _characters_of(field)
            if self.characters + characters > self._most_characters:
                break
            self.characters += characters
            self._left -= 1
            shown[field.name] = self._value(field, depth)
        return shown

    def _value(self, field: FieldDescriptor, depth: int) -> Any:
        value = _value_of_map(field)
        if value is not None:
            return {"key": self._one(value, depth)}
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


def _characters_of(field: FieldDescriptor) -> int:
    value = _value_of_map(field) or field
    return len(field.name) + (0 if value.enum_type is None else len(value.enum_type.values[0].name))


def _value_of_map(field: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field of the values; None for a field that is no map."""
    message = field.message_type
    if message is None or not message.GetOptions().map_entry:
        return None
    return message.fields_by_name["value"]
