"""A run: its life as a state machine, and the frozen specification that makes it repeatable.

Everything that decides a run's state is in this module: the code that drives a run sends events, and calls
``Lifecycle.allows`` where the present state may exclude one. The table has the state that follows each event; an empty
cell means that the event is refused and changes nothing:

========  ========  =======  ======  =======  ========  ========  ========  =========  ===========
state     start     started  pause   resume   set_load  stop      finish    fail       ended
========  ========  =======  ======  =======  ========  ========  ========  =========  ===========
created   starting                                                          stopping
starting            running                             stopping            stopping
running                      paused           running   stopping  stopping  stopping
paused                               running  paused    stopping  stopping  stopping
stopping                                                                               the outcome
========  ========  =======  ======  =======  ========  ========  ========  =========  ===========

``stop``, ``finish`` and ``fail`` begin the end. The first of them decides the outcome: stopped, completed or failed;
the others are refused from then on. ``ended`` says that the last request is over and everything is measured. Nothing
follows an outcome.
"""

from __future__ import annotations

from enum import Enum
from enum import StrEnum
from enum import auto
from typing import Any
from typing import Literal

from pydantic import Field

from perfsvc.errors import IllegalTransition
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.certificates import NO_CERTIFICATES
from perfsvc.model.certificates import Certificates
from perfsvc.model.data import DataSpec
from perfsvc.model.load import Load
from perfsvc.model.load import OnStartFailure
from perfsvc.model.placement import Placement
from perfsvc.model.scene import SceneSpec
from perfsvc.model.threshold import Threshold


class RunState(StrEnum):
    """State of a run's lifecycle."""

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
        """Whether this is an outcome, which nothing follows."""
        return self in ENDED


class RunEvent(StrEnum):
    """Events of a run's lifecycle."""

    START = "start"
    STARTED = "started"
    PAUSE = "pause"
    RESUME = "resume"
    SET_LOAD = "set_load"
    STOP = "stop"
    FINISH = "finish"
    FAIL = "fail"
    ENDED = "ended"


OUTCOMES = {RunEvent.STOP: RunState.STOPPED, RunEvent.FINISH: RunState.COMPLETED, RunEvent.FAIL: RunState.FAILED}
"""The state a run ends in, by the event that began its end."""
ENDED = frozenset(OUTCOMES.values())


class Outcome(Enum):
    """In place of a state in the table."""

    OF_FIRST_REASON = auto()


TRANSITIONS: dict[tuple[RunState, RunEvent], RunState | Outcome] = {
    (RunState.CREATED, RunEvent.START): RunState.STARTING,
    (RunState.CREATED, RunEvent.FAIL): RunState.STOPPING,
    (RunState.STARTING, RunEvent.STARTED): RunState.RUNNING,
    (RunState.STARTING, RunEvent.STOP): RunState.STOPPING,
    (RunState.STARTING, RunEvent.FAIL): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.PAUSE): RunState.PAUSED,
    (RunState.RUNNING, RunEvent.SET_LOAD): RunState.RUNNING,
    (RunState.RUNNING, RunEvent.STOP): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.FINISH): RunState.STOPPING,
    (RunState.RUNNING, RunEvent.FAIL): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.RESUME): RunState.RUNNING,
    (RunState.PAUSED, RunEvent.SET_LOAD): RunState.PAUSED,
    (RunState.PAUSED, RunEvent.STOP): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.FINISH): RunState.STOPPING,
    (RunState.PAUSED, RunEvent.FAIL): RunState.STOPPING,
    (RunState.STOPPING, RunEvent.ENDED): Outcome.OF_FIRST_REASON,
}

ACTIONS = {
    RunEvent.START: Text("启动", "be started"),
    RunEvent.PAUSE: Text("暂停", "be paused"),
    RunEvent.RESUME: Text("恢复", "be resumed"),
    RunEvent.STOP: Text("停止", "be stopped"),
    RunEvent.SET_LOAD: Text("调整负载", "have its load changed"),
}
"""What users ask of a run; the other events are the run's own."""


EndCode = Literal[
    "finished",
    "stopped_by_user",
    "threshold_breached",
    "server_stopped",
    "error",
    "setup_failed",
    "on_start_failed",
    "stopped_by_step",
    "users_stopped",
    "stopped_by_plan",
    "interrupted",
    "data_exhausted",
]


FAILING = frozenset(
    {"error", "setup_failed", "on_start_failed", "stopped_by_step", "users_stopped", "threshold_breached"}
)


class EndReason(Spec):
    """Why a run ended: a stable code and a sentence for people."""

    code: EndCode
    zh: str
    en: str

    @property
    def stops(self) -> bool:
        """Whether it ended the run before its time, through no fault of the run or its target."""
        return self.code in ("stopped_by_user", "server_stopped", "interrupted")

    @property
    def fails(self) -> bool:
        """Whether it ended the run as failed."""
        return self.code in FAILING

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Lifecycle:
    """The state of one run. ``reason`` is why it ends, once it does, and ``outcome`` the state that it ends in."""

    def __init__(self) -> None:
        self.state = RunState.CREATED
        self.reason: EndReason | None = None
        self.outcome = RunState.FAILED

    def allows(self, event: RunEvent) -> bool:
        """Whether an event is possible in the present state."""
        return (self.state, event) in TRANSITIONS

    def handle(self, event: RunEvent, reason: EndReason | None = None) -> RunState:
        """Apply an event and return the new state. Raises IllegalTransition."""
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            raise refusal(self.state, event)
        if following is RunState.STOPPING:
            self.outcome, self.reason = OUTCOMES[event], reason
        self.state = self.outcome if isinstance(following, Outcome) else following
        return self.state

    def spoil(self, reason: EndReason) -> None:
        """Let a run that is stopping end as failed, whatever began its end."""
        self.outcome, self.reason = RunState.FAILED, reason


def refusal(state: RunState, event: RunEvent) -> IllegalTransition:
    """The error for an event that is not possible in a state."""
    action = ACTIONS.get(event, Text(event.value, event.value))
    return IllegalTransition(
        f"当前状态为 {state.value}，不能{action.zh}", f"a run that is {state.value} cannot {action.en}"
    )


class WeightedScene(Spec):
    """A scene and its share of the virtual users."""

    scene: SceneSpec
    weight: int = 1


class Target(Spec):
    """Base URL, headers and certificates of requests that do not set their own; from the environment."""

    base_url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)
    certificates: Certificates = NO_CERTIFICATES


class RunFiles(Spec):
    """Files of a run: those of the project by name and id, or those in the folder of a plan file.

    A project file run from the command line has both: ``paths`` are those whose contents it has, and come first.
    """

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
    on_start_failure: OnStartFailure = "stop_user"
    on_start_retries: int = 0
    dns_cache: bool = True
    data: DataSpec | None = None
    files: RunFiles = RunFiles()
    thresholds: Many[Threshold] = ()
    abort_on_breach: bool = False
    abort_grace_s: float = 5.0
    warm_up_s: float = 0.0
    """Seconds of the load profile from its start that count in no total and for no threshold."""
    secrets: Many[str] = Field(default=(), repr=False)
    """Values that no sample, report or log may show."""

    def step_names(self) -> list[str]:
        """The names of all measured steps (requests and groups) in the order of their indexes in windows."""
        return [
            step.name for weighted in self.scenes for step in weighted.scene.walk() if step.type in ("request", "group")
        ]
