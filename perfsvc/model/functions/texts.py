"""Encodings and changes of texts."""

from __future__ import annotations

import base64
import html
import json
from typing import Any
from typing import ClassVar
from urllib.parse import quote
from urllib.parse import unquote

from perfsvc.errors import Text
from perfsvc.model.functions.function import MAX_RESULT
from perfsvc.model.functions.function import Function
from perfsvc.model.problems import Fault


class Base64(Function):
    """Base64. A digest is encoded as its bytes, not as its hexadecimal text."""

    name = "base64"
    title = Text("Base64 编码", "Base64")
    examples: ClassVar[tuple[str, ...]] = ('$base64("user:password")', '$base64($md5("abc"))')
    pure = True

    def call(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


class Base64Url(Function):
    """Base64 with ``-`` and ``_`` and without padding."""

    name = "base64url"
    title = Text("Base64URL 编码，无填充", "Base64 for URLs, without padding")
    examples: ClassVar[tuple[str, ...]] = ('$base64url("a?b>c")',)
    pure = True

    def call(self, value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Unbase64(Function):
    """The bytes behind a Base64 text of either alphabet."""

    name = "unbase64"
    title = Text("Base64 解码", "Decoded Base64")
    examples: ClassVar[tuple[str, ...]] = ('$unbase64("YWxpY2U=")',)
    pure = True

    def call(self, text: str) -> bytes:
        plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


class Hex(Function):
    """Lower-case hexadecimal."""

    name = "hex"
    title = Text("十六进制编码", "Hexadecimal")
    examples: ClassVar[tuple[str, ...]] = ('$hex("abc")',)
    pure = True

    def call(self, value: bytes) -> str:
        return value.hex()


class UrlEncode(Function):
    """Percent-encoding of everything that is not a letter, a digit or one of ``-._~``."""

    name = "urlencode"
    title = Text("URL 编码", "Percent-encoded")
    examples: ClassVar[tuple[str, ...]] = ('$urlencode("a b&c")',)
    pure = True

    def call(self, text: str) -> str:
        return quote(text, safe="")


class UrlDecode(Function):
    """The text behind percent-encoding."""

    name = "urldecode"
    title = Text("URL 解码", "Decoded from percent-encoding")
    examples: ClassVar[tuple[str, ...]] = ('$urldecode("a%20b")',)
    pure = True

    def call(self, text: str) -> str:
        return unquote(text)


class HtmlUnescape(Function):
    """The text behind character references of HTML."""

    name = "htmlUnescape"
    title = Text("HTML 实体解码", "Decoded from HTML references")
    examples: ClassVar[tuple[str, ...]] = ('$htmlUnescape("a &amp; b")',)
    pure = True

    def call(self, text: str) -> str:
        return html.unescape(text)


class JsonEscape(Function):
    """A text as it stands between the quotes of a JSON text."""

    name = "jsonEscape"
    title = Text("JSON 字符串转义", "Escaped for a JSON text")
    examples: ClassVar[tuple[str, ...]] = ("$jsonEscape('say \"hi\"')",)
    pure = True

    def call(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=False)[1:-1]


class Upper(Function):
    """Upper case."""

    name = "upper"
    title = Text("转为大写", "Upper case")
    examples: ClassVar[tuple[str, ...]] = ('$upper("abc")',)
    pure = True

    def call(self, text: str) -> str:
        return text.upper()


class Lower(Function):
    """Lower case."""

    name = "lower"
    title = Text("转为小写", "Lower case")
    examples: ClassVar[tuple[str, ...]] = ('$lower("ABC")',)
    pure = True

    def call(self, text: str) -> str:
        return text.lower()


class Trim(Function):
    """Without white space at both ends."""

    name = "trim"
    title = Text("去除首尾空白", "Without white space at both ends")
    examples: ClassVar[tuple[str, ...]] = ('$trim("  abc ")',)
    pure = True

    def call(self, text: str) -> str:
        return text.strip()


class Substring(Function):
    """Characters from ``start``, counted from 0, up to but not including ``end``; negative ones count from the end."""

    name = "substring"
    title = Text("截取：起始位置（从 0 起），可选结束位置", "Part of a text: start from 0, and optionally the end")
    examples: ClassVar[tuple[str, ...]] = ('$substring("abcdef", 1, 3)', '$substring("abcdef", -2)')
    pure = True

    def call(self, text: str, start: int, end: int = MAX_RESULT) -> str:
        return text[start:end]


class Replace(Function):
    """Every occurrence replaced."""

    name = "replace"
    title = Text("替换文本", "One text replaced by another")
    examples: ClassVar[tuple[str, ...]] = ('$replace("a-b-c", "-", "")',)
    pure = True

    def call(self, text: str, old: str, new: str) -> str:
        if not old:
            raise Fault("被替换的文本为空", "the text to replace is empty")
        if len(text) + text.count(old) * len(new) > MAX_RESULT:
            raise Fault(f"结果长度超过 {MAX_RESULT}", f"the result is longer than {MAX_RESULT}")
        return text.replace(old, new)


class Concat(Function):
    """Texts, variables and numbers, one after the other."""

    name = "concat"
    title = Text("拼接", "Joined together")
    examples: ClassVar[tuple[str, ...]] = ('$concat("user-", $vu)',)
    pure = True

    def call(self, first: str, *more: str) -> str:
        return first + "".join(more)


class Length(Function):
    """Items of a list, or characters of a text."""

    name = "length"
    title = Text("长度：列表项数或字符数", "Number of items or characters")
    examples: ClassVar[tuple[str, ...]] = ('$length("abc")',)
    pure = True

    def call(self, value: Any) -> int:
        return len(value)


FUNCTIONS: tuple[type[Function], ...] = (
    Base64,
    Base64Url,
    Unbase64,
    Hex,
    UrlEncode,
    UrlDecode,
    HtmlUnescape,
    JsonEscape,
    Upper,
    Lower,
    Trim,
    Substring,
    Replace,
    Concat,
    Length,
)
