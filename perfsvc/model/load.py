"""Load profiles: how much load there is, how it changes with time, and who decides that.

The load is a number of virtual users (closed model) or of arrivals per second (open model). It follows the stages;
where a ``control`` is active, that takes over from the first level on.
"""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import BeforeValidator
from pydantic import Field

from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.duration import Seconds
from perfsvc.model.rate import PerSecond
from perfsvc.model.rate import refuse_rate

MAX_VUS = 1_000_000
MAX_RATE = 10_000_000.0
MAX_SECONDS = 31_536_000
LONGEST_BY_ITERATIONS_S = 86_400.0
"""Where iterations decide the end of a run, it may take this long."""

Variable = Literal["vus", "arrival_rate"]
Distribution = Literal["constant", "poisson"]
OnStartFailure = Literal["stop_user", "continue"]
WhenLate = Literal["wait", "drop"]
AdaptiveMetric = Literal["p50", "p90", "p95", "p99", "avg", "error_rate", "rps"]


class Stage(Spec):
    """Go to ``target`` in a straight line over ``duration`` seconds."""

    duration: Annotated[float, Seconds(0, MAX_SECONDS)] = titled("秒", "Seconds")
    target: Annotated[float, BeforeValidator(refuse_rate)] = titled("目标", "Target", ge=0, le=MAX_RATE)


class RateStage(Stage):
    """A stage of arrivals per second, which may be written as ``100/s`` or ``6000/m``."""

    target: Annotated[float, PerSecond(MAX_RATE, zero=True)] = titled("目标（次/秒）", "Target, per second")

    def stage(self) -> Stage:
        """Return the stage with its target as a number."""
        return Stage(duration=self.duration, target=self.target)


class Steps(Spec):
    """A staircase: ``step`` more every ``step_time`` seconds. The stages say so already; this names the steps."""

    kind: Literal["step"] = "step"
    step: float = Field(gt=0)
    step_time: float = Field(gt=0)


class ErrorSearch(Spec):
    """Find the highest load whose error rate stays at or under ``threshold`` percent.

    From ``first`` (``low`` where that is None) the load is raised by ``step`` a level, or by half where that is None,
    until it fails; then the gap is bisected, down to ``low`` where the first level fails. Levels are held for
    ``level_time`` seconds each, of which the first ``settle_time`` do not count. ``precision`` is the width of the
    final interval in percent of its upper end; ``confirmations`` how often the result is tried again.
    """

    kind: Literal["error_rate"] = "error_rate"
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    first: float | None = Field(default=None, gt=0)
    step: float | None = Field(default=None, gt=0)
    threshold: float = Field(gt=0, le=100)
    level_time: float = Field(default=10.0, gt=0, le=86_400)
    settle_time: float = Field(default=2.0, ge=0, le=86_400)
    precision: float = Field(default=2.0, gt=0, le=50)
    confirmations: int = Field(default=3, ge=0, le=20)


class Adaptive(Spec):
    """Keep ``metric`` at ``target`` (ms, percent or requests per second) with a load between ``low`` and ``high``.

    After ``settle`` seconds of finding it the load is held for ``hold`` seconds, which are what is judged.
    """

    kind: Literal["adaptive"] = "adaptive"
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    metric: AdaptiveMetric
    target: float = Field(gt=0)
    settle: float = Field(default=0.0, ge=0, le=MAX_SECONDS)
    hold: float = Field(gt=0, le=MAX_SECONDS)


Control = Annotated[Steps | ErrorSearch | Adaptive, Field(discriminator="kind")]


class Iterations(Spec):
    """An end by count: a number of iterations of each user, or of all together."""

    count: int = Field(ge=1, le=1_000_000_000)
    scope: Literal["per_vu", "shared"] = "shared"


class Load(Spec):
    """A whole profile. It starts from nothing; a stage of no duration is a jump.

    ``max_vus`` bounds the users that serve arrivals; an arrival that finds no free one waits (``wait``) or is dropped.
    """

    variable: Variable = "vus"
    stages: Annotated[Many[Stage], Field(min_length=1, max_length=10_000)]
    max_vus: int | None = Field(default=None, ge=1, le=MAX_VUS)
    distribution: Distribution = "constant"
    when_late: WhenLate = "wait"
    iterations: Iterations | None = None
    control: Control | None = None

    @property
    def open(self) -> bool:
        """Whether the load is arrivals per second."""
        return self.variable == "arrival_rate"

    @property
    def duration(self) -> float:
        """Seconds from start to end; under an active control, at most."""
        return sum(stage.duration for stage in self.stages)

    @property
    def length(self) -> float | None:
        """Seconds from start to end; None where a number of iterations is the only end."""
        by_count = self.iterations is not None and self.stages[-1].duration >= LONGEST_BY_ITERATIONS_S
        return None if by_count else self.duration

    @property
    def peak(self) -> float:
        """The highest load at any time."""
        reached = max(stage.target for stage in self.stages)
        return max(reached, self.control.high) if isinstance(self.control, ErrorSearch | Adaptive) else reached

    @property
    def most_users(self) -> int:
        """The most virtual users there can be."""
        return self.max_vus or 1 if self.open else int(self.peak)


def iteration_goal(load: Load) -> int | None:
    """The number of iterations that end a run, over all users; None where nothing counts them."""
    limit = load.iterations
    if limit is None:
        return None
    return limit.count if limit.scope == "shared" or load.open else limit.count * load.most_users
