"""Framing: messages in a stream of bytes by delimiter, length prefix, fixed size, pattern, or the stream's end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from typing import Literal

from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc_protocols._net.pattern import compile_search
from perfsvc_protocols._net.payload import unhex

Frame = Callable[[bytes | bytearray], int]
"""The size of the first message in what has come so far; 0 while it is not whole.

Raises ValueError when the bytes cannot be the beginning of a message.
"""

SIZES = {"1": ("1 字节", "1 byte"), **{str(size): (f"{size} 字节", f"{size} bytes") for size in (2, 4, 8)}}
KINDS = {
    "delimiter": ("按分隔符", "By delimiter"),
    "length": ("按长度", "By length"),
    "fixed": ("固定长度", "Of fixed size"),
    "regex": ("按正则表达式", "By pattern"),
    "until_close": ("到连接关闭", "Until the connection closes"),
}
BYTE_ORDERS = {"big": ("大端", "Big endian"), "little": ("小端", "Little endian")}


class DelimiterFraming(Spec):
    """A message ends with certain bytes, which belong to it."""

    type: Literal["delimiter"] = titled("分帧方式", "Framing", labels=KINDS)
    text: str | None = titled(
        "分隔符（文本）", "Delimiter, text", default=None, min_length=1, max_length=100, examples=["\n"]
    )
    hex: str | None = titled(
        "分隔符（十六进制）", "Delimiter, hexadecimal", default=None, min_length=2, max_length=200, examples=["0d0a"]
    )

    @field_validator("hex")
    @classmethod
    def _is_hex(cls, value: str | None) -> str | None:
        try:
            unhex((value or "").encode())
        except ValueError:
            raise Fault("不是合法的十六进制", "is not hexadecimal") from None
        return value

    @model_validator(mode="after")
    def _one(self) -> DelimiterFraming:
        if (self.text is None) == (self.hex is None):
            raise Fault("text 与 hex 必须且只能填一个", "needs exactly one of text and hex")
        return self

    def frame(self, limit: int) -> Frame:
        """The function that finds the end of a message of at most ``limit`` bytes."""
        delimiter = unhex(self.hex.encode()) if self.hex is not None else (self.text or "").encode()
        size = len(delimiter)

        def find(data: bytes | bytearray) -> int:
            start = data.find(delimiter)
            return start + size if start >= 0 else 0

        return find


class LengthFraming(Spec):
    """A message has its length in a number ``offset`` bytes from its beginning."""

    type: Literal["length"] = titled("分帧方式", "Framing", labels=KINDS)
    size: Literal[1, 2, 4, 8] = titled("长度字段字节数", "Bytes of the length", default=4, labels=SIZES)
    byte_order: Literal["big", "little"] = titled("字节序", "Byte order", default="big", labels=BYTE_ORDERS)
    offset: int = titled("长度字段偏移", "Offset of the length", default=0, ge=0, le=1_000_000)
    includes_header: bool = titled(
        "长度包含头部",
        "The length counts the header too",
        default=False,
        about=(
            "头部为长度字段及其之前的全部内容；否则长度只计其后的内容。",
            "The header is everything up to and with the length; otherwise the length counts what comes after it.",
        ),
    )

    def frame(self, limit: int) -> Frame:
        """The function that finds the end of a message of at most ``limit`` bytes."""
        start, end, order = self.offset, self.offset + self.size, self.byte_order
        more = 0 if self.includes_header else end

        def find(data: bytes | bytearray) -> int:
            if len(data) < end:
                return 0
            size = int.from_bytes(data[start:end], order) + more
            if not end <= size <= limit:
                raise ValueError(f"a message of {size} bytes: from {end} to {limit} are possible")
            return size if len(data) >= size else 0

        return find

    def prefixed(self, payload: bytes) -> bytes:
        """A payload with its length before it, and zeros up to the offset. Raises ValueError when it does not fit."""
        length = len(payload) + (self.offset + self.size if self.includes_header else 0)
        try:
            return bytes(self.offset) + length.to_bytes(self.size, self.byte_order) + payload
        except OverflowError:
            raise ValueError(f"{len(payload)} bytes are too many for a length of {self.size} bytes") from None


class FixedFraming(Spec):
    """Every message has ``size`` bytes."""

    type: Literal["fixed"] = titled("分帧方式", "Framing", labels=KINDS)
    size: int = titled("消息字节数", "Bytes of a message", ge=1, le=256 * 1024 * 1024, examples=[64])

    def frame(self, limit: int) -> Frame:
        """The function that finds the end of a message of at most ``limit`` bytes."""
        size = self.size
        return lambda data: size if len(data) >= size else 0


class RegexFraming(Spec):
    """A message ends where a pattern first matches."""

    type: Literal["regex"] = titled("分帧方式", "Framing", labels=KINDS)
    pattern: str = titled("正则表达式", "Regular expression", min_length=1, max_length=1000, examples=[r"END\r?\n"])

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if compile_search(value)(b"") is not None:
            raise Fault("不能匹配空内容", "must not match empty input")
        return value

    def frame(self, limit: int) -> Frame:
        """The function that finds the end of a message of at most ``limit`` bytes."""
        search = compile_search(self.pattern)
        return lambda data: search(data) or 0


class UntilCloseFraming(Spec):
    """The message is everything until the other side closes the connection."""

    type: Literal["until_close"] = titled("分帧方式", "Framing", labels=KINDS)

    def frame(self, limit: int) -> Frame:
        """Finds no end."""
        return lambda data: 0


Framing = Annotated[
    DelimiterFraming | LengthFraming | FixedFraming | RegexFraming | UntilCloseFraming, Field(discriminator="type")
]
