"""The state machine of a run: every state against every event."""

from __future__ import annotations

import itertools

import pytest

from perfsvc.errors import IllegalTransition
from perfsvc.model.run import TRANSITIONS
from perfsvc.model.run import EndReason
from perfsvc.model.run import Lifecycle
from perfsvc.model.run import RunEvent
from perfsvc.model.run import RunState

E = RunEvent
PATHS = {
    RunState.CREATED: [],
    RunState.STARTING: [E.START],
    RunState.RUNNING: [E.START, E.STARTED],
    RunState.PAUSED: [E.START, E.STARTED, E.PAUSE],
    RunState.STOPPING: [E.START, E.STARTED, E.STOP],
    RunState.COMPLETED: [E.START, E.STARTED, E.FINISH, E.ENDED],
    RunState.STOPPED: [E.START, E.STARTED, E.STOP, E.ENDED],
    RunState.FAILED: [E.START, E.STARTED, E.FAIL, E.ENDED],
}


def at(state: RunState) -> Lifecycle:
    lifecycle = Lifecycle()
    for event in PATHS[state]:
        lifecycle.handle(event)
    assert lifecycle.state is state
    return lifecycle


@pytest.mark.parametrize(("state", "event"), list(itertools.product(RunState, RunEvent)))
def test_every_event_in_every_state(state: RunState, event: RunEvent) -> None:
    lifecycle = at(state)
    following = TRANSITIONS.get((state, event))
    if state is RunState.STOPPING and event is E.ENDED:
        following = RunState.STOPPED
    if following is None:
        with pytest.raises(IllegalTransition):
            lifecycle.handle(event)
        assert lifecycle.state is state
    else:
        assert lifecycle.handle(event) is following


def test_the_first_reason_wins() -> None:
    lifecycle = at(RunState.RUNNING)
    first = EndReason(code="threshold_breached", zh="一", en="one")
    lifecycle.handle(E.FAIL, first)
    with pytest.raises(IllegalTransition):
        lifecycle.handle(E.STOP, EndReason(code="stopped_by_user", zh="二", en="two"))
    assert lifecycle.reason == first
    assert lifecycle.handle(E.ENDED) is RunState.FAILED
