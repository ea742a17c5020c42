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
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import BODY
from perfsvc.model.reply_parts import HEADERS
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReadsReply


class CheckBase(Spec):
    """A condition on one reply; with ``not``, its opposite."""

    negated: bool = titled("取反", "Not", advanced=True, default=False, alias="not")


class StatusCheck(ReadsReply, CheckBase, needs=NOTHING):
    """The status code equals a value, or is one of several."""

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
    path: str = titled("JSONPath", "JSONPath", max_length=1000)
    equals: Any = titled("等于", "Equals", default=None)
    exists: bool | None = titled("是否存在", "Exists", default=None)


class RegexCheck(ReadsReply, CheckBase, needs=BODY):
    """The body matches a regular expression somewhere."""

    type: Literal["regex"]
    pattern: str = titled("正则表达式", "Regular expression", min_length=1, max_length=1000)


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


Check = Annotated[
    StatusCheck | JsonCheck | RegexCheck | ContainsCheck | HeaderCheck | ResponseTimeCheck, Field(discriminator="type")
]
