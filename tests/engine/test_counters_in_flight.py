"""What a request in flight has counted shows in the second in which it was counted, not only when it ends."""

from __future__ import annotations

import pytest

from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support.fake_protocol import Answer
from tests.support.fake_protocol import FakeProtocol
from tests.support.fake_protocol import FakeSession

STAGES = [{"duration": 0, "target": 2}, {"duration": 4, "target": 2}]


@pytest.mark.parametrize(("says_so", "told"), [(True, [2.0, 2.0, 2.0]), (False, [None, None, None])])
def test_protocols_that_say_so_are_asked_once_a_second(
    says_so: bool, told: list[float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProtocol, "counts_in_flight", says_so)
    monkeypatch.setattr(FakeSession, "partial_counters", lambda session: {"pushes": 1.0} if session.busy else None)
    rig = run(spec_of(stages=STAGES), Answer(after=3.5))
    seconds = [{window.step: window.counters for window in snapshot.windows} for snapshot in rig.snapshots[:3]]
    assert [second.get(0, {}).get("pushes") for second in seconds] == told


def test_a_user_who_thinks_has_nothing_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeProtocol, "counts_in_flight", True)
    monkeypatch.setattr(FakeSession, "partial_counters", lambda session: {"pushes": 1.0})
    steps = [{"name": "get", "request": {"path": "/a"}, "think_time": {"type": "constant", "value": 3}}]
    rig = run(spec_of(steps, STAGES))
    assert rig.requests == 3
    assert [window for snapshot in rig.snapshots for window in snapshot.windows if window.counters] == []
