"""Extractors: what a step takes out of a reply into variables. They are carried out by ``engine/extractors``."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Discriminator
from pydantic import Field
from pydantic import Tag
from pydantic import model_validator

from perfsvc.model import labels
from perfsvc.model.base import Exact
from perfsvc.model.base import Many
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import BODY
from perfsvc.model.reply_parts import HEADERS
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReadsReply
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.variable_name import VariableName


class ExtractorBase(Exact):
    """Takes a value out of a reply into a variable. Without ``default``, finding nothing fails the step."""

    model_config = exactly_one("name")

    name: VariableName | None = titled("变量名", "Variable", default=None)
    default: Any = titled("默认值", "Default", default=None)
    decode: Literal["html", "url", "base64"] | None = titled(
        "解码", "Decode", labels=labels.DECODINGS, advanced=True, default=None
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that it sets."""
        return () if self.name is None else (self.name,)

    @model_validator(mode="after")
    def _named(self) -> ExtractorBase:
        if not self.variables:
            raise Fault("必填项", "is required", "name")
        return self


Match = Literal["first", "last", "random", "all"] | Annotated[int, Field(ge=1, le=10_000)]
"""Which of several values: by its place, one at random, or all as a list; a number counts from 1."""


class ChoosingExtractor(ExtractorBase):
    """Takes one of several values, all of them as a list, or one after the other into several variables."""

    model_config = exactly_one("name", "names")

    names: Many[VariableName] = titled("多个变量名", "Several variables", advanced=True, default=(), max_length=50)
    match: Match = titled("取第几个", "Which match", labels=labels.MATCHES, default="first")

    @property
    def variables(self) -> tuple[str, ...]:
        return self.names or super().variables

    @model_validator(mode="after")
    def _named_once(self) -> ChoosingExtractor:
        if self.names and self.name is not None:
            raise Fault("name 与 names 只能填一个", "must have name or names, not both", "names")
        if len(set(self.names)) < len(self.names):
            raise Fault("变量名重复", "names a variable twice", "names")
        if self.names and self.match != "first" and not isinstance(self, RegexExtractor):
            raise Fault(
                "match 不能与 names 一起使用：各值依次存入各变量",
                "is not for names: these take the values one after the other",
                "match",
            )
        return self


class JsonExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """The values at a JSONPath."""

    source: Literal["json"] = titled("来源", "From", alias="from")
    path: str = titled("JSONPath", "JSONPath", max_length=1000, examples=["$.data.token"])


class JmespathExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """What a JMESPath expression makes of the JSON body; the items of a list are several values."""

    source: Literal["jmespath"] = titled("来源", "From", alias="from")
    path: str = titled("JMESPath", "JMESPath", min_length=1, max_length=1000)


class CssExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """The texts of the elements that a CSS selector finds in an HTML or XML body, or an attribute of each."""

    source: Literal["css"] = titled("来源", "From", alias="from")
    selector: str = titled("CSS 选择器", "CSS selector", min_length=1, max_length=1000)
    attribute: str | None = titled("属性", "Attribute", default=None, min_length=1, max_length=200)


class XpathExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """What an XPath 1.0 expression finds in an HTML or XML body: texts of elements, attributes, numbers, truth."""

    source: Literal["xpath"] = titled("来源", "From", alias="from")
    path: str = titled("XPath", "XPath", min_length=1, max_length=1000)


class RegexExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """A group of the matches in the body or in a header; the whole match where the pattern has no groups.

    Several variables take the groups of one match.
    """

    source: Literal["regex"] = titled("来源", "From", alias="from")
    pattern: str = titled("正则表达式", "Regular expression", max_length=1000)
    group: int = titled("正则分组", "Group", default=1, ge=0, le=99)
    header: str | None = titled("在响应头中", "In the header", default=None, min_length=1, max_length=200)

    @property
    def reads(self) -> ReplyParts:
        return BODY if self.header is None else HEADERS


class BoundaryExtractor(ReadsReply, ChoosingExtractor, needs=BODY):
    """The text between two others."""

    source: Literal["boundary"] = titled("来源", "From", alias="from")
    left: str = titled("左边界", "Left boundary", min_length=1, max_length=1000)
    right: str = titled("右边界", "Right boundary", min_length=1, max_length=1000)


class HeaderExtractor(ReadsReply, ChoosingExtractor, needs=HEADERS):
    """The value of a reply header, or of its several lines."""

    source: Literal["header"] = titled("来源", "From", alias="from")
    header: str = titled("响应头", "Header", max_length=200)


class CookieExtractor(ReadsReply, ChoosingExtractor, needs=HEADERS):
    """The value of a cookie that the reply sets."""

    source: Literal["cookie"] = titled("来源", "From", alias="from")
    cookie: str = titled("Cookie 名称", "Cookie", min_length=1, max_length=200)


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
    | Annotated[JmespathExtractor, Tag(":jmespath")]
    | Annotated[CssExtractor, Tag(":css")]
    | Annotated[XpathExtractor, Tag(":xpath")]
    | Annotated[RegexExtractor, Tag(":regex")]
    | Annotated[BoundaryExtractor, Tag(":boundary")]
    | Annotated[HeaderExtractor, Tag(":header")]
    | Annotated[CookieExtractor, Tag(":cookie")]
    | Annotated[StatusExtractor, Tag(":status")]
    | Annotated[BodyExtractor, Tag(":body")],
    Discriminator(
        _source,
        custom_error_type="extractor_source",
        custom_error_message="from must be one of json, jmespath, css, xpath, regex, boundary, header, cookie, status, "
        "body",
    ),
]
