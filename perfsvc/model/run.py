"""A run: its states, the moves between them, and the frozen specification that makes it repeatable."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from typing import Literal

from pydantic import Field

from perfsvc.errors import IllegalTransition
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.data import DataSpec
from perfsvc.model.load import Load
from perfsvc.model.placement import Placement
from perfsvc.model.scene import SceneSpec
from perfsvc.model.threshold import Threshold


class RunState(StrEnum):
    """Where a run is in its life."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self in ENDED


ENDED = frozenset({RunState.COMPLETED, RunState.STOPPED, RunState.FAILED})


class RunEvent(StrEnum):
    """What can happen to a run."""

    START = "start"
    STARTED = "started"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FINISH = "finish"
    FAIL = "fail"
    ENDED = "ended"


TRANSITIONS: dict[tuple[RunState, RunEvent], RunState] = {
    (RunState.CREATED, RunEvent.START): RunState.STARTING,
    (RunState.STARTING, RunEvent.STARTED): RunState.RUNNING,
    (RunState.STARTING, RunEvent.STOP): RunState.STOPPING,
    (RunState.STARTING, RunEvent.FAIL): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.PAUSE): RunState.PAUSED,
    (RunState.RUNNING, RunEvent.STOP): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.FINISH): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.FAIL): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.RESUME): RunState.RUNNING,
    (RunState.PAUSED, RunEvent.STOP): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.FAIL): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.FINISH): RunState.STOPPING,
}

ACTIONS = {
    RunEvent.START: "启动",
    RunEvent.PAUSE: "暂停",
    RunEvent.RESUME: "恢复",
    RunEvent.STOP: "停止",
}
"""What people ask of a run, in Chinese; the other events are the run's own."""

# The state a run ends in is decided by what began its end; the first reason wins.
OUTCOME = {RunEvent.FINISH: RunState.COMPLETED, RunEvent.STOP: RunState.STOPPED, RunEvent.FAIL: RunState.FAILED}


class EndReason(Spec):
    """Why a run ended: a stable code and a sentence for people."""

    code: Literal[
        "finished", "stopped_by_user", "threshold_breached", "server_stopped", "error", "interrupted", "data_exhausted"
    ]
    zh: str
    en: str

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Lifecycle:
    """The state machine of one run, without I/O.

    ``handle`` answers the new state; an event that is illegal in the present state raises IllegalTransition and
    changes nothing. ``ENDED`` moves a stopping run to the state its reason decided, ``outcome``.
    """

    def __init__(self) -> None:
        self.state = RunState.CREATED
        self.reason: EndReason | None = None
        self.outcome = RunState.FAILED

    def handle(self, event: RunEvent, reason: EndReason | None = None) -> RunState:
        """Apply an event; raises IllegalTransition."""
        if event is RunEvent.ENDED and self.state is RunState.STOPPING:
            self.state = self.outcome
            return self.state
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            raise IllegalTransition(*self._refusal(event))
        if following is RunState.STOPPING:
            self.outcome, self.reason = OUTCOME[event], reason
        self.state = following
        return following

    def _refusal(self, event: RunEvent) -> tuple[str, str]:
        state, action = self.state.value, ACTIONS.get(event, event.value)
        return f"当前状态为 {state}，不能{action}", f"a run that is {state} cannot {event.value}"


class WeightedScene(Spec):
    """A scene and its share of the virtual users."""

    scene: SceneSpec
    weight: int = 1


class Target(Spec):
    """Where the requests go unless a step says otherwise; from the environment."""

    base_url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)


class RunFiles(Spec):
    """Files that requests may send: those of the project by name and id, or those in the folder of a plan file."""

    paths: dict[str, str] = Field(default_factory=dict)
    folder: str | None = None


class RunSpec(Spec):
    """Everything that decides a run: the one contract between API, command line, cluster and engine."""

    execution_id: str
    name: str
    seed: int
    scenes: Many[WeightedScene]
    load: Load
    target: Target = Target()
    placement: Placement = Placement()
    protocol: str = "http"
    protocol_options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    request_timeout_ms: int = 30_000
    graceful_stop_s: float = 10.0
    pacing_s: float = 0.0
    dns_cache: bool = True
    data: DataSpec | None = None
    files: RunFiles = RunFiles()
    thresholds: Many[Threshold] = ()
    abort_on_breach: bool = False
    abort_grace_s: float = 5.0

    def step_names(self) -> list[str]:
        """The names of all measured steps (requests and groups) in the order of their indexes in windows."""
        return [
            step.name for weighted in self.scenes for step in weighted.scene.walk() if step.type in ("request", "group")
        ]
