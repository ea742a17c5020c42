"""Requests and replies that are plain bytes: the spec, and the reply object."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from perfsvc.plugin import Excerpt
from perfsvc.plugin import Fault
from perfsvc.plugin import Reply
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc_protocols._net.payload import NOTHING
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts

PAYLOADS = ("text", "hex", "base64")
KEPT = 1024
"""Bytes of a message kept for error samples."""
PRINTABLE_SHARE = 0.9


def address(example: str) -> Any:
    """The field of the target's address."""
    return titled(
        "地址",
        "URL",
        template=True,
        default="",
        max_length=2000,
        about=("不填时使用测试环境的服务地址。", "Without one the environment's base URL."),
        examples=[example],
    )


class MessageRequest(Spec):
    """Bytes to send, in one of three ways of writing them; all may hold templates."""

    url: str = address("tcp://127.0.0.1:9000")
    text: str | None = titled(
        "文本", "Text", template=True, exclusive="payload", default=None, examples=["hello {{$vu}}\n"]
    )
    hex: str | None = titled("十六进制", "Hexadecimal", exclusive="payload", default=None, examples=["0a0b0c0d"])
    base64: str | None = titled("Base64", "Base64", exclusive="payload", default=None, examples=["aGVsbG8="])

    @model_validator(mode="after")
    def _one_payload(self) -> MessageRequest:
        payloads = [name for name in PAYLOADS if getattr(self, name) is not None]
        if len(payloads) > 1:
            names = ", ".join(payloads)
            raise Fault(f"{names} 只能填一个", f"at most one of {names}", payloads[1])
        return self

    @property
    def payload_field(self) -> str:
        """Name of the field with the payload."""
        return next((name for name in PAYLOADS if getattr(self, name) is not None), PAYLOADS[0])

    @property
    def silent(self) -> bool:
        """Whether there is nothing to send."""
        return all(getattr(self, name) is None for name in PAYLOADS)

    def payload(self, texts: Texts) -> Payload:
        """The bytes, compiled."""
        if self.text is not None:
            return texts.text(self.text)
        if self.hex is not None:
            return texts.hexadecimal(self.hex)
        return NOTHING if self.base64 is None else texts.base64(self.base64)


class MessageReply(Reply):
    """A reply that is plain bytes. One object per virtual user, used over and over."""

    __slots__ = ("payload", "peer", "sent_payload")

    def __init__(self) -> None:
        self.payload: bytes
        self.sent_payload: bytes
        self.peer = ""
        super().__init__()

    def reset(self) -> None:
        # On the way of every request: plain stores, no call to the base class.
        self.failure = self.connected = self.counters = self.gauges = None
        self.status = self.started_ns = self.ended_ns = self.waiting_ns = self.bytes_sent = self.bytes_received = 0
        self.message = ""
        self.payload = self.sent_payload = b""
        self.sent = False

    def header(self, name: str) -> str | None:
        """There are none."""
        return None

    def body(self) -> bytes:
        return self.payload

    def excerpt(self) -> Excerpt:
        return Excerpt(f"{self.peer}\n\n{printable(self.sent_payload[:KEPT])}", "", self.payload[:KEPT])


def printable(data: bytes) -> str:
    """Bytes for people: as text where they are text, else in hexadecimal."""
    text = data.decode("utf-8", "replace")
    printable = sum(character.isprintable() or character.isspace() for character in text if character != "\ufffd")
    return text if printable >= PRINTABLE_SHARE * len(text) else data.hex(" ")
