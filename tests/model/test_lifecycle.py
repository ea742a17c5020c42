"""The state machine of a run: every state against every event."""

from __future__ import annotations

import itertools
import re

import pytest

from perfsvc.errors import IllegalTransition
from perfsvc.model import run
from perfsvc.model.run import TRANSITIONS
from perfsvc.model.run import EndReason
from perfsvc.model.run import Lifecycle
from perfsvc.model.run import Outcome
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
    assert lifecycle.allows(event) is (following is not None)
    if following is Outcome.OF_FIRST_REASON:
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


def test_the_table_in_the_docstring_is_the_table() -> None:
    lines = (run.__doc__ or "").splitlines()
    bars = [number for number, line in enumerate(lines) if line.startswith("===")]
    starts = [match.start() for match in re.finditer(r"(?<!=)=", lines[bars[0]])]
    rows = [cells(line, starts) for line in [lines[bars[0] + 1], *lines[bars[1] + 1 : bars[2]]]]
    _, *events = rows[0]
    written = {(row[0], event): cell for row in rows[1:] for event, cell in zip(events, row[1:], strict=True) if cell}
    assert written == {
        (state.value, event.value): "the outcome" if isinstance(following, Outcome) else following.value
        for (state, event), following in TRANSITIONS.items()
    }


def cells(line: str, starts: list[int]) -> list[str]:
    return [line[begin:end].strip() for begin, end in itertools.pairwise([*starts, None])]


def test_what_is_refused_is_said_in_both_languages() -> None:
    with pytest.raises(IllegalTransition) as caught:
        at(RunState.STOPPED).handle(E.SET_LOAD)
    assert caught.value.text.zh == "当前状态为 stopped，不能调整负载"
    assert caught.value.text.en == "a run that is stopped cannot have its load changed"
