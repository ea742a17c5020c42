"""Think times: pauses of a virtual user between steps."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.duration import Seconds as SecondsBetween
from perfsvc.model.problems import Fault

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
