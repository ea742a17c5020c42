"""Checks: conditions on one reply. They are carried out by ``engine/checks``."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from perfsvc.model.base import Exact
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import at_least_one
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import BODY
from perfsvc.model.reply_parts import HEADERS
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReadsReply
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.size import Bytes


class CheckBase(Spec):
    """A condition on one reply; with ``not``, its opposite."""

    negated: bool = titled("取反", "Not", advanced=True, default=False, alias="not")


class StatusCheck(ReadsReply, CheckBase, needs=NOTHING):
    """The status code equals a value, or is one of several."""

    model_config = exactly_one("equals", "one_of")

    type: Literal["status"]
    equals: int | None = titled("等于", "Equals", default=None)
    one_of: Many[int] | None = titled("属于", "One of", default=None, min_length=1, max_length=50)

    @model_validator(mode="after")
    def _complete(self) -> StatusCheck:
        if (self.equals is None) == (self.one_of is None):
            raise Fault("equals 与 one_of 必须且只能填一个", "needs exactly one of equals and one_of")
        return self


class JsonCheck(ReadsReply, CheckBase, Exact, needs=BODY):
    """The value at a JSONPath equals a value; with neither ``equals`` nor ``exists``, it is there."""

    type: Literal["json"]
    path: str = titled("JSONPath", "JSONPath", max_length=1000, examples=["$.data.token"])
    equals: Any = titled("等于", "Equals", default=None)
    exists: bool | None = titled("是否存在", "Exists", default=None)


class RegexCheck(ReadsReply, CheckBase, needs=BODY):
    """The body, or a header, matches a regular expression somewhere."""

    type: Literal["regex"]
    pattern: str = titled("正则表达式", "Regular expression", min_length=1, max_length=1000)
    header: str | None = titled("在响应头中", "In the header", default=None, min_length=1, max_length=200)

    @property
    def reads(self) -> ReplyParts:
        return BODY if self.header is None else HEADERS


class ContainsCheck(ReadsReply, CheckBase, needs=BODY):
    """The body contains a text."""

    type: Literal["contains"]
    text: str = titled("文本", "Text", min_length=1, max_length=10_000)


class HeaderCheck(ReadsReply, CheckBase, needs=HEADERS):
    """A reply header is there, equals a value or contains one."""

    type: Literal["header"]
    name: str = titled("响应头", "Header", min_length=1, max_length=200)
    equals: str | None = titled("等于", "Equals", default=None)
    contains: str | None = titled("包含", "Contains", default=None)


class ResponseTimeCheck(ReadsReply, CheckBase, needs=NOTHING):
    """The service time stays below a limit."""

    type: Literal["response_time"]
    less_than: float = titled("小于（毫秒）", "Less than, ms", gt=0)


class JsonSchemaCheck(ReadsReply, CheckBase, needs=BODY):
    """The JSON body, or the value at a JSONPath in it, follows a JSON Schema."""

    type: Literal["jsonschema"]
    rules: dict[str, Any] = titled("JSON Schema", "JSON Schema", alias="schema")
    path: str = titled("JSONPath", "JSONPath", default="$", max_length=1000)


class SizeCheck(ReadsReply, CheckBase, needs=BODY):
    """The size of the body in bytes; with ``path``, the number of items or characters of the value there."""

    model_config = at_least_one("equals", "less_than", "greater_than")

    type: Literal["size"]
    path: str | None = titled("JSONPath", "JSONPath", default=None, max_length=1000)
    equals: Annotated[int, Bytes(0)] | None = titled("等于", "Equals", default=None)
    less_than: Annotated[int, Bytes(0)] | None = titled("小于", "Less than", default=None)
    greater_than: Annotated[int, Bytes(0)] | None = titled("大于", "Greater than", default=None)

    @model_validator(mode="after")
    def _compares(self) -> SizeCheck:
        if self.equals is None and self.less_than is None and self.greater_than is None:
            raise Fault("equals、less_than、greater_than 至少填一个", "needs one of equals, less_than and greater_than")
        return self


class PageCheck(CheckBase, Exact):
    """What is found in an HTML or XML body equals or contains a value; with neither, it is there (``exists``)."""

    equals: Any = titled("等于", "Equals", default=None)
    contains: str | None = titled("包含", "Contains", default=None)
    exists: bool | None = titled("是否存在", "Exists", default=None)


class CssCheck(ReadsReply, PageCheck, needs=BODY):
    """The text of the first element that a CSS selector finds, or an attribute of it."""

    type: Literal["css"]
    selector: str = titled("CSS 选择器", "CSS selector", min_length=1, max_length=1000)
    attribute: str | None = titled("属性", "Attribute", default=None, min_length=1, max_length=200)


class XpathCheck(ReadsReply, PageCheck, needs=BODY):
    """What an XPath 1.0 expression finds first: the text of an element, an attribute, a number, truth."""

    type: Literal["xpath"]
    path: str = titled("XPath", "XPath", min_length=1, max_length=1000)


Check = Annotated[
    StatusCheck
    | JsonCheck
    | JsonSchemaCheck
    | CssCheck
    | XpathCheck
    | RegexCheck
    | ContainsCheck
    | HeaderCheck
    | SizeCheck
    | ResponseTimeCheck,
    Field(discriminator="type"),
]
