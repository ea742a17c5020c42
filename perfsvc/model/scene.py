"""A scene: the ordered steps that one virtual user performs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from typing import Any
from typing import ClassVar
from typing import Literal

from pydantic import Discriminator
from pydantic import Field
from pydantic import SerializerFunctionWrapHandler
from pydantic import Tag
from pydantic import model_serializer
from pydantic import model_validator

from perfsvc.model import labels
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.duration import Milliseconds
from perfsvc.model.duration import Seconds as SecondsBetween
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import BODY
from perfsvc.model.reply_parts import HEADERS
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.reply_parts import all_of
from perfsvc.model.variable_name import VariableName

MAX_STEPS = 500
MAX_LOOPS = 100_000

Name = Annotated[str, Field(min_length=1, max_length=100)]
Seconds = Annotated[float, SecondsBetween(0, 86_400)]


class ConstantThink(Spec):
    """The same pause every time."""

    type: Literal["constant"]
    value: Seconds = titled("秒", "Seconds")


class UniformThink(Spec):
    """A pause drawn evenly between ``min`` and ``max``."""

    type: Literal["uniform"]
    min: Seconds = titled("最短秒数", "Shortest, seconds")
    max: Seconds = titled("最长秒数", "Longest, seconds")

    @model_validator(mode="after")
    def _ordered(self) -> UniformThink:
        if self.min > self.max:
            raise Fault("min 不能大于 max", "min must not exceed max", "min")
        return self


class NormalThink(Spec):
    """A pause drawn from a normal distribution, never below zero."""

    type: Literal["normal"]
    mean: Seconds = titled("平均秒数", "Mean, seconds")
    deviation: Seconds = titled("标准差（秒）", "Standard deviation, seconds")


ThinkTime = Annotated[ConstantThink | UniformThink | NormalThink, Field(discriminator="type")]


def mean_think_time(think: ConstantThink | UniformThink | NormalThink) -> float:
    """The mean of a think time, s."""
    if isinstance(think, ConstantThink):
        return think.value
    return think.mean if isinstance(think, NormalThink) else (think.min + think.max) / 2


class Exact(Spec):
    """A spec in which null and nothing mean different things: what was left out is left out when it is written."""

    @model_serializer(mode="wrap")
    def _as_given(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        given = {type(self).model_fields[name].alias or name for name in self.model_fields_set} | self.model_fields_set
        return {key: value for key, value in write(self).items() if key in given}


class ReadsReply:
    """Base of checks and extractors. ``needs`` says which parts of a reply they look at, so it has no default."""

    needs: ClassVar[ReplyParts]

    def __init_subclass__(cls, *, needs: ReplyParts, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.needs = needs


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


class RequestStep(Spec):
    """One request over one protocol."""

    type: Literal["request"] = "request"
    name: Name = titled("步骤名称", "Name")
    protocol: str | None = titled("协议", "Protocol", default=None, max_length=20)
    request: dict[str, Any] = titled("请求", "Request", default_factory=dict)
    extract: Many[Extractor] = titled("提取变量", "Extract", default=(), max_length=50)
    checks: Many[Check] = titled("检查点", "Checks", default=(), max_length=50)
    think_time: ThinkTime | None = titled("思考时间", "Think time", default=None)
    timeout: Annotated[int, Milliseconds(1, 3_600_000)] | None = titled("超时（毫秒）", "Timeout, ms", default=None)

    @property
    def reply_parts(self) -> ReplyParts:
        """Which parts of the reply the checks and extractors look at."""
        return all_of(reader.needs for reader in (*self.checks, *self.extract))


class ThinkStep(Spec):
    """A pause on its own."""

    type: Literal["think"]
    name: Name = "think"
    think_time: ThinkTime = titled("思考时间", "Think time")


class Condition(Spec):
    """Compares a variable with a value. A variable that is not set is only ``absent``."""

    variable: VariableName = titled("变量", "Variable")
    is_: Literal["equals", "not_equals", "contains", "less_than", "greater_than", "present", "absent"] = titled(
        "条件", "Is", labels=labels.CONDITIONS, default="present", alias="is"
    )
    value: Any = titled("值", "Value", default=None)


class GroupStep(Spec):
    """Steps under one name, with a timing of their own."""

    type: Literal["group"]
    name: Name = titled("分组名称", "Name")
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)


class LoopStep(Spec):
    """Steps repeated a number of times."""

    type: Literal["loop"]
    name: Name = "loop"
    times: int = titled("次数", "Times", ge=1, le=MAX_LOOPS)
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)


class IfStep(Spec):
    """Steps taken when a condition holds, others when it does not."""

    type: Literal["if"]
    name: Name = "if"
    condition: Condition = titled("条件", "Condition")
    steps: Many[Step] = titled("满足时", "Then", min_length=1)
    otherwise: Many[Step] = titled("否则", "Otherwise", default=())


class WhileStep(Spec):
    """Steps repeated while a condition holds, at most ``max_times`` times."""

    type: Literal["while"]
    name: Name = "while"
    condition: Condition = titled("条件", "Condition")
    max_times: int = titled("最多次数", "At most", ge=1, le=MAX_LOOPS)
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)


class Option(Spec):
    """One branch of a weighted choice."""

    weight: int = titled("权重", "Weight", ge=1, le=1_000_000)
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)


class ChoiceStep(Spec):
    """One branch, drawn by weight."""

    type: Literal["choice"]
    name: Name = "choice"
    options: Many[Option] = titled("分支", "Options", min_length=1, max_length=100)


def _kind(step: Any) -> str:
    kind = step.get("type", "request") if isinstance(step, dict) else getattr(step, "type", "request")
    return f":{kind}"


Step = Annotated[
    Annotated[RequestStep, Tag(":request")]
    | Annotated[ThinkStep, Tag(":think")]
    | Annotated[GroupStep, Tag(":group")]
    | Annotated[LoopStep, Tag(":loop")]
    | Annotated[IfStep, Tag(":if")]
    | Annotated[WhileStep, Tag(":while")]
    | Annotated[ChoiceStep, Tag(":choice")],
    Discriminator(
        _kind,
        custom_error_type="step_type",
        custom_error_message="type must be one of request, think, group, loop, if, while, choice",
    ),
]


class SceneSpec(Spec):
    """What one virtual user does: once at its start, then over and over."""

    name: Name = titled("业务流名称", "Name")
    steps: Many[Step] = titled("步骤", "Steps", min_length=1, max_length=MAX_STEPS)
    on_start: Many[Step] = titled("用户启动步骤", "Once per virtual user, first", default=(), max_length=MAX_STEPS)
    setup: Many[Step] = titled("前置步骤", "Once per run, first", default=(), max_length=MAX_STEPS)
    teardown: Many[Step] = titled("后置步骤", "Once per run, last", default=(), max_length=MAX_STEPS)

    @model_validator(mode="after")
    def _bounded(self) -> SceneSpec:
        if sum(1 for _ in self.walk()) > MAX_STEPS:
            raise Fault(f"步骤总数不能超过 {MAX_STEPS}", f"must have at most {MAX_STEPS} steps in all", "steps")
        return self

    def think_time(self) -> float:
        """Seconds of thinking in an iteration, on average, each step taken once."""
        steps = [step for step in walk(self.steps) if isinstance(step, RequestStep | ThinkStep)]
        return sum(mean_think_time(step.think_time) for step in steps if step.think_time is not None)

    def walk(self, part: str | None = None) -> Iterator[Step]:
        """Every step in document order, nested ones included; of one part, or of all."""
        for name in ("setup", "on_start", "steps", "teardown") if part is None else (part,):
            yield from walk(getattr(self, name))


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step of a list in document order, nested ones included."""
    for step in steps:
        yield step
        for inner in inner_steps(step):
            yield from walk(inner)


def inner_steps(step: Step) -> list[tuple[Step, ...]]:
    """The step lists nested directly in a step."""
    if isinstance(step, GroupStep | LoopStep | WhileStep):
        return [step.steps]
    if isinstance(step, IfStep):
        return [step.steps, step.otherwise]
    if isinstance(step, ChoiceStep):
        return [option.steps for option in step.options]
    return []


for _model in (GroupStep, LoopStep, IfStep, WhileStep, Option, ChoiceStep, SceneSpec):
    _model.model_rebuild()
