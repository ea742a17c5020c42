"""Masks secrets in error samples; in doubt a value is masked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from urllib.parse import quote_plus

MASK = "***"
SHORTEST_SECRET = 4
"""Shorter values stand in too many texts to be masked."""

WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|pin|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|[-_]key|"
    r"auth(?:orization)?|credentials?|session(?:[-_]?id)?|sid|cookie|jwt|bearer|sig(?:nature)?|otp|cvv|cvc|card"
)
"""Parts of the names of secrets."""
NAME = rf"[\w.-]*(?:{WORDS})[\w.-]*"
SECRET = re.compile(NAME, re.IGNORECASE)

HEADERS = re.compile(
    r"(?im)^([\w-]*(?:key|auth|token|secret|session|cookie|password|credential)[\w-]*[ \t]*:[ \t]*)[^\r\n]*"
)
QUOTED = re.compile(rf"(?is)(([\"'])(?:{NAME})\2\s*[:=]\s*)([\"'])(?:\\.|(?!\3)[^\\])*(?:\3|$)")
# JSON inside JSON: every quote behind as many backslashes.
ESCAPED = re.compile(rf"(?is)((\\+[\"'])(?:{NAME})\2\s*:\s*)(\\+[\"'])(?:(?!\3).)*(?:\3|$)")
NESTED = re.compile(rf"(?is)(\\*[\"'](?:{NAME})\\*[\"']\s*:\s*)([\[{{])")
BARE = re.compile(rf"(?i)((?<![\w.-])(?:{NAME})\\*[\"']?\s*[=:]\s*)(?![\s\\\"'\[{{*])[^\s&,;}}\"'<\\]+")
XML = re.compile(rf"(?is)(<({NAME})(?:\s[^>]*)?>)[^<]*(</\2>)")
MULTIPART = re.compile(rf"(?is)(name=\"(?:{NAME})\"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n).*?(?=\r?\n--|\Z)")
TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
CLOSING = {"[": "]", "{": "}"}


def is_secret(name: str) -> bool:
    """Whether a field, a parameter or a column of this name is a secret."""
    return SECRET.fullmatch(name) is not None


def secret_values(values: Mapping[str, str], marked: Collection[str]) -> frozenset[str]:
    """The values whose names are marked or look like secrets."""
    found = (value for name, value in values.items() if is_secret(name) or name in marked)
    return frozenset(value for value in found if len(value) >= SHORTEST_SECRET)


def masked(text: str) -> str:
    """The text with credential headers and the values of secret-like fields, parameters and elements as ``***``."""
    text = HEADERS.sub(rf"\g<1>{MASK}", text)
    text = MULTIPART.sub(rf"\g<1>{MASK}", text)
    text = XML.sub(rf"\g<1>{MASK}\g<3>", text)
    text = _without_nested(text)
    for quoted in (ESCAPED, QUOTED):
        text = quoted.sub(rf"\g<1>\g<3>{MASK}\g<3>", text)
    return BARE.sub(rf"\g<1>{MASK}", text)


class Masker:
    """``masked``, and beyond it the secrets of a run wherever they stand, also as URLs and JSON write them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        written = {form for secret in secrets if secret for form in _written(secret)}
        self._secrets = sorted(written, key=len, reverse=True)
        self._longest = len(self._secrets[0]) if self._secrets else 0

    def __call__(self, text: str) -> str:
        return masked(self.without_secrets(text))

    def without_secrets(self, text: str) -> str:
        """The text without the secrets of the run; what only looks like one stays."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def beginning(self, text: str, most: int) -> str:
        """The first characters of the masked text; a secret that is cut in two is masked too."""
        return masked(self.without_secrets(text[: most + self._longest])[:most])

    def body(self, body: bytes) -> bytes:
        """A body without the secrets of the run."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), MASK.encode())
        return body

    def document(self, value: Any) -> Any:
        """A JSON document without the secrets of the run."""
        if isinstance(value, dict):
            return {key: self.document(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.document(each) for each in value]
        return self.without_secrets(value) if isinstance(value, str) else value


def _written(secret: str) -> set[str]:
    """A secret as it may stand in requests and replies, in those that are shown as hexadecimal bytes too."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {*plain, secret.encode("utf-8", "surrogatepass").hex(" ")}


def masked_document(value: Any, name: str = "", *, within: bool = False) -> Any:
    """A document without secrets: the texts under secret-like names, and what looks like a secret in other texts.

    A text that is nothing but a template stays: the value is elsewhere.
    """
    hidden = within or is_secret(name)
    if isinstance(value, dict):
        return {key: masked_document(each, key, within=hidden and key != "type") for key, each in value.items()}
    if isinstance(value, list):
        return [masked_document(each, within=hidden) for each in value]
    if not isinstance(value, str) or TEMPLATE.fullmatch(value):
        return value
    return MASK if hidden and value else masked(value)


def _without_nested(text: str) -> str:
    """Arrays and objects under a secret's name masked to their closing bracket, or to the end where that is cut off."""
    kept, position = [], 0
    while match := NESTED.search(text, position):
        kept += [text[position : match.start()], match[1], MASK]
        position = _end_of(text, match.end(), match[2])
    return "".join([*kept, text[position:]])


def _end_of(text: str, position: int, opening: str) -> int:
    closing, depth = CLOSING[opening], 1
    while position < len(text) and depth:
        depth += (text[position] == opening) - (text[position] == closing)
        position += 1
    return position
