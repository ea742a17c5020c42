"""Load profiles: how load changes with time."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled

MAX_VUS = 1_000_000


class Stage(Spec):
    """Go to ``target`` in a straight line over ``duration`` seconds."""

    duration: float = titled("秒", "Seconds", ge=0, le=31_536_000)
    target: float = titled("目标", "Target", ge=0, le=MAX_VUS)


class ClosedLoad(Spec):
    """A number of virtual users that follows the stages, starting from none."""

    kind: Literal["vus"] = "vus"
    stages: Annotated[Many[Stage], Field(min_length=1, max_length=1000)]

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return sum(stage.duration for stage in self.stages)

    @property
    def peak(self) -> int:
        """The most virtual users at any time."""
        return int(max(stage.target for stage in self.stages))


Load = ClosedLoad
