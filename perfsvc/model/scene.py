"""A scene: the ordered steps that one virtual user performs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import BeforeValidator
from pydantic import Discriminator
from pydantic import Field
from pydantic import Tag
from pydantic import WithJsonSchema
from pydantic import model_validator

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model import labels
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.checks import Check
from perfsvc.model.duration import Milliseconds
from perfsvc.model.duration import Seconds
from perfsvc.model.extractors import Extractor
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.reply_parts import all_of
from perfsvc.model.think_time import ThinkTime
from perfsvc.model.think_time import mean_think_time
from perfsvc.model.variable_name import VariableName

Part = Literal["setup", "on_start", "steps", "teardown"]
PARTS: tuple[Part, ...] = ("setup", "on_start", "steps", "teardown")
ONCE_PER_RUN: tuple[Part, ...] = ("setup", "teardown")
"""Parts that one user runs for the whole run, before the load and after it."""

MAX_STEPS = 500
MAX_READERS = 5_000
"""Checks and extractors of a scene together: all of them are compiled before anything is sent."""
MAX_LOOPS = 100_000
MAX_USERS = 1_000_000
"""That a rendezvous waits for."""

Name = Annotated[str, Field(min_length=1, max_length=100)]


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise Fault("应为文本、数字或真假值", "must be a text, a number, true or false")
    return value


Scalar = Annotated[
    Any,
    BeforeValidator(_scalar),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}),
]
"""A value of a variable; texts may be templates."""

OnFailure = Literal["continue", "next_iteration", "stop_user", "stop_run"]


class AnyStep(Spec):
    """What every step has. One that is not enabled is kept in the scene and left out of runs."""

    enabled: bool = titled("启用", "Enabled", default=True)


class RequestStep(AnyStep, home="steps[]"):
    """One request over one protocol."""

    type: Literal["request"] = "request"
    name: Name = titled("步骤名称", "Name")
    protocol: str | None = titled("协议", "Protocol", default=None, max_length=20)
    request: dict[str, Any] = titled("请求", "Request", default_factory=dict)
    set_: dict[VariableName, Scalar] = titled(
        "发送前设置的变量",
        "Variables set before it is sent",
        template=True,
        default_factory=dict,
        alias="set",
        max_length=50,
    )
    extract: Many[Extractor] = titled("提取器", "Extract", default=(), max_length=50)
    checks: Many[Check] = titled("检查点", "Checks", default=(), max_length=50)
    think_time: ThinkTime | None = titled("思考时间", "Think time", default=None)
    timeout: Annotated[int, Milliseconds(1, 3_600_000)] | None = titled("超时（毫秒）", "Timeout, ms", default=None)
    on_failure: OnFailure = titled(
        "失败时", "When it fails", advanced=True, labels=labels.ON_FAILURE, default="continue"
    )

    @property
    def reply_parts(self) -> ReplyParts:
        """Which parts of the reply the checks and extractors look at."""
        return all_of(reader.reads for reader in (*self.checks, *self.extract))


class ThinkStep(AnyStep):
    """A pause on its own."""

    type: Literal["think"]
    name: Name = "think"
    think_time: ThinkTime = titled("思考时间", "Think time")


class Condition(Spec):
    """Compares a variable with a value. A variable that is not set is only ``absent``."""

    variable: VariableName = titled("变量", "Variable")
    is_: Literal["equals", "not_equals", "contains", "matches", "less_than", "greater_than", "present", "absent"] = (
        titled("条件", "Is", labels=labels.CONDITIONS, default="present", alias="is")
    )
    value: Any = titled("值", "Value", default=None)


class GroupStep(AnyStep):
    """Steps under one name, with a timing of their own."""

    type: Literal["group"]
    name: Name = titled("分组名称", "Name")
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)
    on_failure: OnFailure = titled(
        "其中步骤失败时", "When a step in it fails", advanced=True, labels=labels.ON_FAILURE, default="continue"
    )


class LoopStep(AnyStep):
    """Steps repeated a number of times."""

    type: Literal["loop"]
    name: Name = "loop"
    times: int = titled("次数", "Times", ge=1, le=MAX_LOOPS)
    steps: Many[Step] = titled("步骤", "Steps", min_length=1)


class IfStep(AnyStep):
    """Steps taken when a condition holds, others when it does not."""

    type: Literal["if"]
    name: Name = "if"
    condition: Condition = titled("条件", "Condition")
    steps: Many[Step] = titled("满足时", "Then", min_length=1)
    otherwise: Many[Step] = titled("否则", "Otherwise", default=())


class WhileStep(AnyStep):
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


class ChoiceStep(AnyStep):
    """One branch, drawn by weight."""

    type: Literal["choice"]
    name: Name = "choice"
    options: Many[Option] = titled("分支", "Options", min_length=1, max_length=100)


class BreakStep(AnyStep):
    """Leaves the loop around it; with a condition, only when that holds."""

    type: Literal["break"]
    name: Name = "break"
    condition: Condition | None = titled("条件", "Condition", default=None)


class StopStep(AnyStep):
    """Ends the iteration, the user or the run; with a condition, only when that holds."""

    type: Literal["stop"]
    name: Name = "stop"
    what: Literal["iteration", "user", "run"] = titled("结束", "Ends", labels=labels.STOPS, default="iteration")
    condition: Condition | None = titled("条件", "Condition", default=None)


class RendezvousStep(AnyStep):
    """Users wait until so many have come, over all nodes of the run, and go on together."""

    type: Literal["rendezvous"]
    name: Name = "rendezvous"
    users: int = titled("集合人数", "Users", ge=2, le=MAX_USERS)
    timeout: Annotated[float, Seconds(0.1, 3600)] = titled("最长等待（秒）", "Longest wait, s", default=30.0)


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
    | Annotated[ChoiceStep, Tag(":choice")]
    | Annotated[BreakStep, Tag(":break")]
    | Annotated[StopStep, Tag(":stop")]
    | Annotated[RendezvousStep, Tag(":rendezvous")],
    Discriminator(
        _kind,
        custom_error_type="step_type",
        custom_error_message="type must be one of request, think, group, loop, if, while, choice, break, stop, "
        "rendezvous",
    ),
]


class SceneSpec(Spec, home="scenes[]"):
    """Steps of one virtual user: once at its start, then in a loop."""

    name: Name = titled("业务流名称", "Name")
    steps: Many[Step] = titled("步骤", "Steps", min_length=1, max_length=MAX_STEPS)
    on_start: Many[Step] = titled("用户启动步骤", "Once per virtual user, first", default=(), max_length=MAX_STEPS)
    setup: Many[Step] = titled("前置步骤", "Once per run, first", default=(), max_length=MAX_STEPS)
    teardown: Many[Step] = titled("后置步骤", "Once per run, last", default=(), max_length=MAX_STEPS)

    def refuse_excess(self) -> None:
        """Raises InvalidInput for more than may be saved or run; not when parsed, as stored scenes have to be read."""
        excess = self.excess()
        if excess is not None:
            raise InvalidInput.at("steps", *excess)

    def excess(self) -> Text | None:
        """What there is too much of."""
        if sum(1 for _ in self.walk()) > MAX_STEPS:
            return Text(f"步骤总数不能超过 {MAX_STEPS}", f"must have at most {MAX_STEPS} steps in all")
        readers = sum(len(step.checks) + len(step.extract) for step in self.walk() if isinstance(step, RequestStep))
        if readers > MAX_READERS:
            return Text(
                f"检查点和提取器共 {readers} 个，最多 {MAX_READERS} 个",
                f"have {readers} checks and extractors in all, at most {MAX_READERS} are allowed",
            )
        return None

    @model_validator(mode="after")
    def _breaks_within_loops(self) -> SceneSpec:
        stray = [place for part in PARTS for place in stray_breaks(getattr(self, part), part)]
        if stray:
            zh, en = "break 只能用在 loop 或 while 中", "break is for the steps of a loop or while"
            raise Fault.all([Problem(place, Text(zh, en)) for place in stray])
        return self

    def think_time(self) -> float:
        """Seconds of thinking in an iteration, on average, each step taken once."""
        steps = [step for step in walk(self.steps) if isinstance(step, RequestStep | ThinkStep)]
        return sum(mean_think_time(step.think_time) for step in steps if step.think_time is not None)

    def walk(self, part: str | None = None) -> Iterator[Step]:
        """Every step in document order, nested ones included; of one part, or of all."""
        for name in PARTS if part is None else (part,):
            yield from walk(getattr(self, name))


def walk(steps: tuple[Step, ...], *, enabled_only: bool = False) -> Iterator[Step]:
    """Every step of a list in document order, nested ones included."""
    for step in steps:
        if enabled_only and not step.enabled:
            continue
        yield step
        for inner in inner_steps(step):
            yield from walk(inner, enabled_only=enabled_only)


def placed(steps: tuple[Step, ...], path: str) -> Iterator[tuple[str, Step]]:
    """Every step of a list with its path, nested ones included."""
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        yield here, step
        for name, inner in inner_lists(step):
            yield from placed(inner, f"{here}.{name}")


def stray_breaks(steps: tuple[Step, ...], path: str) -> Iterator[str]:
    """The places of breaks that have no loop around them."""
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        if isinstance(step, BreakStep):
            yield here
        if not isinstance(step, LoopStep | WhileStep):
            for name, inner in inner_lists(step):
                yield from stray_breaks(inner, f"{here}.{name}")


def inner_lists(step: Step) -> list[tuple[str, tuple[Step, ...]]]:
    """The step lists within a step with their names in a path."""
    if isinstance(step, IfStep):
        return [("steps", step.steps), ("otherwise", step.otherwise)]
    if isinstance(step, ChoiceStep):
        return [(f"options[{number}].steps", option.steps) for number, option in enumerate(step.options)]
    return [("steps", step.steps)] if isinstance(step, GroupStep | LoopStep | WhileStep) else []


def inner_steps(step: Step) -> list[tuple[Step, ...]]:
    """The step lists nested directly in a step."""
    return [steps for _, steps in inner_lists(step)]


def enabled_only(scene: SceneSpec) -> SceneSpec:
    """A scene without the steps that are not enabled, nor those that hold no others then. Raise InvalidInput."""
    if all(step.enabled for step in scene.walk()):
        return scene
    enabled_parts = {part: _enabled(getattr(scene, part)) for part in ("setup", "on_start", "steps", "teardown")}
    if not enabled_parts["steps"]:
        zh, en = f"业务流 {scene.name} 的步骤全部被停用", f"all steps of {scene.name} are disabled"
        raise InvalidInput.at("scenes", zh, en)
    return scene.model_copy(update=enabled_parts)


def _enabled(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(enabled for step in steps if step.enabled and (enabled := _with_enabled(step)) is not None)


def _with_enabled(step: Step) -> Step | None:
    if isinstance(step, ChoiceStep):
        options = [option.model_copy(update={"steps": _enabled(option.steps)}) for option in step.options]
        options_left = tuple(option for option in options if option.steps)
        return step.model_copy(update={"options": options_left}) if options_left else None
    if isinstance(step, IfStep):
        then, otherwise = _enabled(step.steps), _enabled(step.otherwise)
        return step.model_copy(update={"steps": then, "otherwise": otherwise}) if then or otherwise else None
    if isinstance(step, GroupStep | LoopStep | WhileStep):
        inner = _enabled(step.steps)
        return step.model_copy(update={"steps": inner}) if inner else None
    return step


for _model in (GroupStep, LoopStep, IfStep, WhileStep, Option, ChoiceStep, SceneSpec):
    _model.model_rebuild()
