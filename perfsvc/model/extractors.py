"""Extractors: what a step takes out of a reply into variables. They are carried out by ``engine/extractors``."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Discriminator
from pydantic import Field
from pydantic import Tag

from perfsvc.model import labels
from perfsvc.model.base import Exact
from perfsvc.model.base import titled
from perfsvc.model.reply_parts import BODY
from perfsvc.model.reply_parts import HEADERS
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReadsReply
from perfsvc.model.variable_name import VariableName


class ExtractorBase(Exact):
    """Takes a value out of a reply into a variable. Without ``default``, finding nothing fails the step."""

    name: VariableName = titled("变量名", "Variable")
    default: Any = titled("默认值", "Default", default=None)
    decode: Literal["html", "url", "base64"] | None = titled(
        "解码", "Decode", labels=labels.DECODINGS, advanced=True, default=None
    )


Match = Literal["first", "last", "random", "all"] | Annotated[int, Field(ge=1, le=10_000)]
"""Which of several values: by its place, one at random, or all as a list; a number counts from 1."""


class ChoosingExtractor(ExtractorBase):
    """Takes one of several values, or all of them as a list."""

    match: Match = titled("取第几个", "Which match", labels=labels.MATCHES, default="first")


class JsonExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """The values at a JSONPath."""

    source: Literal["json"] = titled("来源", "From", alias="from")
    path: str = titled("JSONPath", "JSONPath", max_length=1000)


class RegexExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """A group of the matches in the body; the whole match where the pattern has no groups."""

    source: Literal["regex"] = titled("来源", "From", alias="from")
    pattern: str = titled("正则表达式", "Regular expression", max_length=1000)
    group: int = titled("正则分组", "Group", default=1, ge=0, le=99)


class BoundaryExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """The text between two others."""

    source: Literal["boundary"] = titled("来源", "From", alias="from")
    left: str = titled("左边界", "Left boundary", min_length=1, max_length=1000)
    right: str = titled("右边界", "Right boundary", min_length=1, max_length=1000)


class HeaderExtractor(ReadsReply, ExtractorBase, needs=HEADERS):
    """The value of a reply header."""

    source: Literal["header"] = titled("来源", "From", alias="from")
    header: str = titled("响应头", "Header", max_length=200)


class StatusExtractor(ReadsReply, ExtractorBase, needs=NOTHING):
    """The status code."""

    source: Literal["status"] = titled("来源", "From", alias="from")


class BodyExtractor(ReadsReply, ExtractorBase, needs=BODY):
    """The whole body as text."""

    source: Literal["body"] = titled("来源", "From", alias="from")


def _source(extractor: Any) -> str:
    if isinstance(extractor, dict):
        return f":{extractor.get('from', extractor.get('source'))}"
    return f":{getattr(extractor, 'source', None)}"


Extractor = Annotated[
    Annotated[JsonExtractor, Tag(":json")]
    | Annotated[RegexExtractor, Tag(":regex")]
    | Annotated[BoundaryExtractor, Tag(":boundary")]
    | Annotated[HeaderExtractor, Tag(":header")]
    | Annotated[StatusExtractor, Tag(":status")]
    | Annotated[BodyExtractor, Tag(":body")],
    Discriminator(
        _source,
        custom_error_type="extractor_source",
        custom_error_message="from must be one of json, regex, boundary, header, status, body",
    ),
]
