"""What becomes of a user whose step fails, ends by condition, and users that wait for each other."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from perfsvc.engine.meetings import MeetingPlan
from perfsvc.errors import RunError
from perfsvc.errors import StoppedByPlan
from perfsvc.errors import StoppedByStep
from perfsvc.errors import UsersStopped
from perfsvc.model.scene import SceneSpec
from tests.engine.rig import Rig
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

OK, BAD = Answer(0.1), Answer(0.1, status=500)
NEVER = {"variable": "nothing"}
ONE = {"load": {"stages": [{"duration": 0, "target": 1}, {"duration": 1, "target": 1}]}}


def get(path: str, **more: Any) -> dict[str, Any]:
    return {"name": path, "request": {"path": path}, **more}


def target(scope: Any, path: str) -> Answer:
    return BAD if path.startswith("/bad") else OK


def paths(rig: Rig) -> list[str]:
    return [path for _, _, path in rig.target.log]


def failing(spec: Any) -> tuple[Rig, RunError]:
    rigs: list[Rig] = []

    async def main() -> RunError:
        rig = Rig(spec, target)
        rigs.append(rig)
        with pytest.raises(RunError) as failure:
            await rig.run_to_end()
        return failure.value

    error = virtual_time.run(main())
    return rigs[0], error


@pytest.mark.parametrize(
    "failing_step",
    [
        get("/bad", on_failure="next_iteration"),
        {"type": "group", "name": "g", "on_failure": "next_iteration", "steps": [get("/bad"), get("/c")]},
        {
            "type": "loop",
            "times": 3,
            "steps": [{"type": "group", "name": "g", "steps": [get("/bad", on_failure="next_iteration")]}],
        },
    ],
    ids=["step", "group", "in a group in a loop"],
)
def test_the_rest_of_an_iteration_is_left_out(failing_step: dict[str, Any]) -> None:
    rig = run(spec_of([get("/a"), failing_step, get("/b")], **ONE), target)
    seen = paths(rig)
    assert set(seen) == {"/a", "/bad"}
    assert seen == (["/a", "/bad"] * len(seen))[: len(seen)]
    assert sum(snapshot.iterations for snapshot in rig.snapshots) == len(seen) // 2
    groups = rig.failures["Group Failed"]
    assert groups == (0 if failing_step.get("type") is None else len(seen) // 2)


def test_without_a_rule_the_next_step_follows() -> None:
    assert set(paths(run(spec_of([get("/bad"), get("/b")], **ONE), target))) == {"/bad", "/b"}


def test_a_step_may_have_another_rule_than_its_group() -> None:
    group = {
        "type": "group",
        "name": "g",
        "on_failure": "next_iteration",
        "steps": [get("/a", on_failure="continue"), get("/bad", on_failure="stop_run")],
    }
    _, error = failing(spec_of([group], **ONE))
    assert isinstance(error, StoppedByStep)
    assert error.text.en == "step “/bad” failed: HTTP 500; its on_failure is stop_run"


def test_users_that_fail_leave_and_the_run_ends_when_all_have() -> None:
    rig, error = failing(spec_of([get("/a"), get("/bad", on_failure="stop_user"), get("/b")]))
    assert isinstance(error, UsersStopped)
    assert Counter(paths(rig)) == {"/a": 2, "/bad": 2}
    assert sum(snapshot.stopped_users for snapshot in rig.snapshots) == 2


def test_a_failure_of_on_start_may_end_the_run() -> None:
    spec = spec_of([get("/a")], scene={"on_start": [get("/bad", on_failure="stop_run")]}, **ONE)
    rig, error = failing(spec)
    assert isinstance(error, StoppedByStep)
    assert paths(rig) == ["/bad"]


@pytest.mark.parametrize("what", ["iteration", "user", "run"])
def test_a_stop_step_ends_what_it_names(what: str) -> None:
    steps = [get("/a"), {"type": "stop", "what": what}, get("/b")]
    if what == "iteration":
        assert set(paths(run(spec_of(steps, **ONE), target))) == {"/a"}
        return
    rig, error = failing(spec_of(steps, **ONE))
    assert isinstance(error, StoppedByPlan if what == "run" else UsersStopped)
    assert paths(rig) == ["/a"]


def test_a_stop_whose_condition_does_not_hold_is_passed() -> None:
    steps = [get("/a"), {"type": "stop", "what": "run", "condition": NEVER}, get("/b")]
    assert set(paths(run(spec_of(steps, **ONE), target))) == {"/a", "/b"}


def test_a_loop_is_left_by_a_break() -> None:
    found = {"variable": "n", "is": "matches", "value": "^3"}
    body = [
        get("/n{{$counter}}", extract=[{"name": "n", "from": "body"}]),
        {"type": "group", "name": "g", "steps": [{"type": "break", "condition": found}]},
        get("/c"),
    ]
    steps = [{"type": "loop", "times": 9, "steps": body}, get("/end"), {"type": "stop", "what": "run"}]
    spec = spec_of(steps, **ONE)

    async def main() -> Rig:
        rig = Rig(spec, lambda scope, path: Answer(0.01, body=path[2:].encode()))
        with pytest.raises(StoppedByPlan):
            await rig.run_to_end()
        return rig

    seen = paths(virtual_time.run(main()))
    assert seen == ["/n1", "/c", "/n2", "/c", "/n3", "/end"]


@pytest.mark.parametrize("place", [{"steps": [{"type": "break"}]}, {"on_start": [{"type": "break"}]}])
def test_a_break_needs_a_loop(place: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="break is for the steps of a loop or while"):
        SceneSpec.model_validate({"name": "s", "steps": [{"name": "a"}], **place})


@pytest.mark.parametrize(
    ("value", "pattern", "holds"), [("abc", "b.", True), ("abc", "^b", False), (42, "^4", True), ("a", "{{x}}", False)]
)
def test_a_condition_by_pattern(value: Any, pattern: str, holds: bool) -> None:
    step = {
        "type": "if",
        "condition": {"variable": "v", "is": "matches", "value": pattern},
        "steps": [get("/yes")],
        "otherwise": [get("/no")],
    }
    first = get("/v", extract=[{"name": "v", "from": "json", "path": "$"}, {"name": "x", "from": "json", "path": "$"}])
    first["extract"][1] = {"name": "x", "from": "json", "path": "$.no", "default": "("}
    rig = run(spec_of([first, step], **ONE), lambda scope, path: Answer(0.1, body=json.dumps(value).encode()))
    assert ("/yes" in paths(rig)) == holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"is": "equals", "value": "test"}, True),
        ({"is": "equals", "value": "live"}, False),
        ({"is": "matches", "value": "^te"}, True),
        ({"is": "present"}, True),
        ({"is": "absent"}, False),
    ],
)
def test_a_condition_on_a_variable_of_the_environment(condition: dict[str, Any], holds: bool) -> None:
    step = {
        "type": "if",
        "condition": {"variable": "stage", **condition},
        "steps": [get("/yes")],
        "otherwise": [get("/no")],
    }
    rig = run(spec_of([step], target={"base_url": "", "variables": {"stage": "test"}}, **ONE), lambda scope, path: OK)
    assert set(paths(rig)) == {"/yes" if holds else "/no"}


# Rendezvous.

USERS = {"load": {"stages": [{"duration": 0, "target": 6}, {"duration": 3, "target": 6}]}}


def test_users_wait_for_each_other_and_go_on_together() -> None:
    steps = [get("/{{$vu}}"), {"type": "rendezvous", "users": 3, "timeout": 60}, get("/together")]
    rig = run(spec_of(steps, **USERS), lambda scope, path: Answer(0.1 * scope.vu if path != "/together" else 0.05))
    moments = [round(moment - rig.began, 3) for moment, _, path in rig.target.log if path == "/together"]
    assert moments[:6] == [0.3, 0.3, 0.3, 0.5, 0.5, 0.5]


def test_after_the_limit_of_time_those_go_on_who_wait() -> None:
    steps = [{"type": "rendezvous", "users": 7, "timeout": 0.5}, get("/a")]
    rig = run(spec_of(steps, **USERS), target)
    assert rig.times()[:6] == [0.5] * 6


def test_waiting_is_no_part_of_a_group() -> None:
    inner = [{"type": "rendezvous", "users": 7, "timeout": 0.5}, get("/a")]
    rig = run(spec_of([{"type": "group", "name": "g", "steps": inner}], **USERS), target)
    assert rig.failures == {}
    assert rig.requests > 0


def test_who_waits_leaves_when_the_run_ends() -> None:
    rig = run(spec_of([get("/a"), {"type": "rendezvous", "users": 100, "timeout": 3600}, get("/b")], **USERS), target)
    assert Counter(paths(rig)) == {"/a": 6}


def test_who_comes_to_a_rendezvous_when_the_run_is_ending_leaves() -> None:
    steps = [get("/a"), {"type": "rendezvous", "users": 100, "timeout": 3600}, get("/b")]
    rig = run(spec_of(steps, **USERS), lambda scope, path: Answer(4.0))
    assert Counter(paths(rig)) == {"/a": 6}
    assert sum(snapshot.span_ns for snapshot in rig.snapshots) == 4 * 10**9


def test_nodes_meet_over_all() -> None:
    plan = MeetingPlan([5])
    assert plan.came(0, "a", 2) == {}
    assert plan.came(0, "b", 2) == {}
    assert plan.came(0, "a", 3) == {"a": 3, "b": 2}
    assert plan.came(0, "a", 4) == {}  # a report that was under way while three were let go on
    assert plan.came(0, "b", 6) == {"a": 1, "b": 4}
    assert plan.came(7, "a", 1) == {}
    plan.came(0, "a", 8)
    plan.node_lost("a")
    assert plan.came(0, "b", 10) == {}
    assert plan.came(0, "b", 11) == {"b": 5}
