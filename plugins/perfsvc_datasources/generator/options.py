"""User options: ``data_config`` of a generator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Discriminator
from pydantic import Field
from pydantic import Tag
from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import VARIABLE_NAME
from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import Worded
from perfsvc.plugin import compile_pattern as compile_search_pattern
from perfsvc.plugin import titled
from perfsvc_datasources._columns import Column
from perfsvc_datasources._faker_process.calls import parse_call
from perfsvc_datasources._faker_process.pattern import compile_pattern

LARGEST = 10**15
MOST_POOLED = 2_000_000
"""Values in all pools together."""
MOST_REFERENCES = 50
MOST_VALUES = 10_000
NUMBERED = re.compile(r"([^{}]*)\{(?::0?(\d{1,2})d?)?\}([^{}]*)", re.DOTALL)
"""A format: ``user{}`` or ``user{:06}``."""
MOMENT = re.compile(r"(?:[^%]|%[aAbBdHIjmMpSUwyYfzZ%])+", re.DOTALL)
Locale = Annotated[
    str,
    Worded(
        r"[a-z]{2,3}(_[A-Za-z]{2,8}){0,2}",
        "应为语言代码，可加 _ 和地区，如 zh_CN、en_US",
        "must be a language, with _ and a country if need be, such as zh_CN or en_US",
    ),
]
REFERENCE = re.compile(rf"\{{\{{\s*({VARIABLE_NAME})\s*\}}\}}")

Number = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]


class SequenceColumn(Spec):
    """One number after the other, as they are or within a text."""

    type: Literal["sequence"]
    start: Number = titled("起始值", "First", default=1)
    step: Number = titled("步长", "Step", default=1)
    format: str | None = titled(
        "格式，如 user{:06}", "Format, such as user{:06}", default=None, max_length=200, examples=["user{:06}"]
    )

    @field_validator("format")
    @classmethod
    def _numbered(cls, value: str | None) -> str | None:
        if value is not None and not NUMBERED.fullmatch(value):
            raise Fault("应含有一个 {} 或 {:06} 形式的占位", "needs one {}, or one like {:06}")
        return value


class IntegerColumn(Spec):
    """Whole numbers, each as likely as the other."""

    type: Literal["integer"]
    least: Number = titled("最小值", "Least", alias="min", examples=[1])
    most: Number = titled("最大值", "Most", alias="max", examples=[100])

    @model_validator(mode="after")
    def _in_order(self) -> IntegerColumn:
        if self.least > self.most:
            raise Fault("不能大于 max", "cannot be above max", "min")
        return self


class UuidColumn(Spec):
    """Random UUIDs (version 4)."""

    type: Literal["uuid"]


class PatternColumn(Spec):
    """Texts that match a regular expression."""

    type: Literal["regex"]
    pattern: str = titled("正则表达式", "Regular expression", min_length=1, examples=[r"1[3-9]\d{9}", r"[A-Z]{2}\d{6}"])

    @field_validator("pattern")
    @classmethod
    def _makeable(cls, value: str) -> str:
        try:
            compile_pattern(value)
        except ValueError as error:
            compile_search_pattern(value)  # says in both languages where the syntax is wrong
            raise Fault(f"无法按此正则生成文本（{error}）", str(error)) from None
        return value


class ChoiceColumn(Spec):
    """One of some values."""

    type: Literal["choice"]
    values: Many[str | int | float | bool | None] = titled(
        "候选值", "Values", min_length=1, max_length=MOST_VALUES, examples=[["gold", "silver", "bronze"]]
    )
    weights: Many[Annotated[float, Field(ge=0, le=LARGEST)]] | None = titled(
        "权重", "Weights", default=None, examples=[[1, 3, 6]]
    )

    @model_validator(mode="after")
    def _weighed(self) -> ChoiceColumn:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise Fault("个数应与 values 相同", "must be as many as values", "weights")
        if self.weights is not None and sum(self.weights) <= 0:
            raise Fault("总和应大于 0", "must not all be 0", "weights")
        return self


class MomentColumn(Spec):
    """Moments between two others, in UTC."""

    type: Literal["datetime"]
    first: str = titled("开始时间", "From", alias="from", examples=["2026-01-01T00:00:00Z"])
    last: str = titled("结束时间", "To", alias="to", examples=["2026-12-31T23:59:59Z"])
    format: str = titled(
        "格式",
        "Format",
        default="%Y-%m-%d %H:%M:%S",
        min_length=1,
        max_length=100,
        examples=["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
    )

    @field_validator("first", "last")
    @classmethod
    def _is_moment(cls, value: str) -> str:
        moment_of(value)
        return value

    @field_validator("format")
    @classmethod
    def _is_format(cls, value: str) -> str:
        if not MOMENT.fullmatch(value):
            raise Fault("含有不支持的格式符", "has a directive that is not supported")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> MomentColumn:
        if moment_of(self.first) > moment_of(self.last):
            raise Fault("不能晚于 to", "cannot be after to", "from")
        return self


class TemplateColumn(Spec):
    """A text with or without other columns as ``{{name}}``."""

    type: Literal["text"]
    template: str = titled(
        "模板，如 {{name}}@example.com",
        "Template, such as {{name}}@example.com",
        max_length=10_000,
        examples=["{{name}}@example.com"],
    )

    @field_validator("template")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(REFERENCE.findall(value)) > MOST_REFERENCES:
            raise Fault(f"最多引用 {MOST_REFERENCES} 次", f"may refer to columns {MOST_REFERENCES} times")
        return value

    @property
    def references(self) -> set[str]:
        return set(REFERENCE.findall(self.template))


def _kind(column: Any) -> str:
    if isinstance(column, str):
        return ":faker"
    return f":{column.get('type')}" if isinstance(column, dict) else f":{getattr(column, 'type', '')}"


KINDS = "sequence, integer, uuid, regex, choice, datetime, text"
ColumnSpec = Annotated[
    Annotated[Annotated[str, Field(min_length=1)], Tag(":faker")]
    | Annotated[SequenceColumn, Tag(":sequence")]
    | Annotated[IntegerColumn, Tag(":integer")]
    | Annotated[UuidColumn, Tag(":uuid")]
    | Annotated[PatternColumn, Tag(":regex")]
    | Annotated[ChoiceColumn, Tag(":choice")]
    | Annotated[MomentColumn, Tag(":datetime")]
    | Annotated[TemplateColumn, Tag(":text")],
    Discriminator(
        _kind,
        custom_error_type="literal_error",
        custom_error_context={"expected": f"Faker method, {{type: {KINDS}}}"},
    ),
]


class Options(Spec):
    """The columns, and how many rows there are of them."""

    columns: dict[Column, ColumnSpec] = titled(
        "列",
        "Columns",
        min_length=1,
        max_length=100,
        about=(
            "文本为 Faker 的方法，可带参数：name、random_int(1,9)。",
            "A text is a method of Faker, with arguments if need be: name, random_int(1,9).",
        ),
        examples=[{"name": "name", "age": {"type": "integer", "min": 18, "max": 80}}],
    )
    locale: Locale = titled("语言区域", "Locale", default="zh_CN", examples=["zh_CN", "en_US"])
    count: int | None = titled(
        "行数，默认不限", "Rows; without an end by default", default=None, ge=1, le=LARGEST, examples=[10000]
    )
    pool_size: int = titled("每个 Faker 列的取值数", "Values per column of Faker", default=10_000, ge=1, le=200_000)

    @model_validator(mode="after")
    def _sound(self) -> Options:
        problems = list(self._problems())
        if problems:
            raise Fault.all(problems)
        return self

    @property
    def pool(self) -> int:
        """Number of values made for a column."""
        return self.pool_size if self.count is None else min(self.count, self.pool_size)

    def _problems(self) -> Iterator[Problem]:
        pools = sum(isinstance(column, str | PatternColumn) for column in self.columns.values())
        if pools * self.pool > MOST_POOLED:
            zh = f"{pools} 列共不能超过 {MOST_POOLED} 个取值"
            yield Problem("pool_size", Text(zh, f"may be {MOST_POOLED // pools} for {pools} columns"))
        for name, column in self.columns.items():
            if isinstance(column, str):
                try:
                    parse_call(column)
                except ValueError as error:
                    yield Problem(f"columns.{name}", Text(f"不可用的 Faker 方法：{error}", str(error)))
            elif isinstance(column, TemplateColumn):
                yield from self._dangling(name, column)

    def _dangling(self, name: str, column: TemplateColumn) -> Iterator[Problem]:
        for reference in sorted(column.references):
            if isinstance(self.columns.get(reference, column), TemplateColumn):
                text = Text(f"{reference} 不是可引用的列", f"{reference} is not a column that a template may use")
                yield Problem(f"columns.{name}.template", text)


def moment_of(text: str) -> datetime:
    """Parse ISO 8601, in UTC without an offset. Raises Fault."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("应为 ISO 8601 时间", "must be an ISO 8601 time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
