"""What can be seen of a plan before its run."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.analysis.plan_warnings import plan_warnings
from perfsvc.model.run import RunSpec

GET: dict[str, Any] = {"name": "get", "request": {"url": "/"}}
SLOW: dict[str, Any] = {**GET, "think_time": {"type": "constant", "value": 2}}
AGENTS = {"mode": "distributed", "count": 2}
MEET: dict[str, Any] = {"type": "rendezvous", "name": "meet", "users": 5, "timeout": 3}


def spec(users: float, seconds: float, *steps: Any, **more: Any) -> RunSpec:
    """A plan of one scene, with a ramp-up of a second."""
    stages = [{"duration": 1, "target": users}, {"duration": seconds - 1, "target": users}]
    load = {"stages": stages, **more.pop("load", {})}
    scene = {"name": "s", "steps": list(steps) or [GET]}
    return RunSpec.parse(
        {"execution_id": "x", "name": "x", "seed": 1, "scenes": [{"scene": scene}], "load": load, **more}
    )


def warned(made: RunSpec, rows: int | None = None) -> list[str]:
    """The warnings in English; each has its Chinese."""
    found = plan_warnings(made, rows)
    assert all(text.zh and not text.zh.isascii() for text in found)
    return [text.en for text in found]


def limit(count: int, scope: str = "shared", **more: Any) -> dict[str, Any]:
    return {"load": {"iterations": {"count": count, "scope": scope}, **more}}


def rows_for(**allocation: Any) -> dict[str, Any]:
    return {"data": {"source": "csv", "allocation": allocation}}


def test_a_plan_that_fits_has_none() -> None:
    assert warned(spec(5, 60, SLOW, MEET, **limit(100))) == []


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (
            spec(5, 60, SLOW, **limit(1_000)),
            "1000 iterations are planned, and 60 s have room for about 149 (think times and pacing take 2 s of each on "
            "average): the time will be over first; plan fewer iterations or more time",
        ),
        (
            spec(5, 60, pacing_s=3.0, **limit(30, "per_vu")),
            "150 iterations are planned, and 60 s have room for about 99 (think times and pacing take 3 s of each on "
            "average): the time will be over first; plan fewer iterations or more time",
        ),
        (
            spec(5, 60, **limit(1_000, variable="arrival_rate", max_vus=9)),
            "1000 iterations are planned, and 60 s have room for about 298 arrivals: the time will be over first; plan "
            "fewer iterations or more time",
        ),
        (
            spec(5, 60, GET, GET),
            "steps of one name: get (2); each has a row of its own, a threshold for a name takes them together",
        ),
        (
            spec(5, 60, thresholds=["p95 < 1 for 90s"]),
            "the window of p95 < 1 for 90s is longer than the measured part of the run, 60 s",
        ),
        (
            spec(4, 60, GET, {"type": "group", "name": "g", "steps": [MEET]}),
            "scenes[0].steps[1].steps[0]: the rendezvous “meet” waits for 5 users, and the run has 4 at most: each "
            "wait takes all of 3 s; lower its users or have more virtual users",
        ),
        (
            spec(5, 60, GET, request_timeout_ms=5),
            "request_timeout: the request timeout, 5, is in milliseconds; write 5000 where 5 seconds are meant",
        ),
        (
            spec(5, 60, GET, {"type": "group", "name": "g", "steps": [{**GET, "name": "slow", "timeout": 30}]}),
            "scenes[0].steps[1].steps[0].timeout: the timeout of the step “slow”, 30, is in milliseconds; write 30000 "
            "where 30 seconds are meant",
        ),
        (
            spec(5, 60, {"name": "get", "request": {"url": "http://localhost:8080/"}}, placement=AGENTS),
            "the target localhost is a loopback address: each node sends its load to its own machine; write an "
            "address that the nodes can reach where the target is elsewhere",
        ),
        (
            spec(5, 60, placement=AGENTS, target={"base_url": "grpc://127.0.0.1:50051"}),
            "the target 127.0.0.1 is a loopback address: each node sends its load to its own machine; write an "
            "address that the nodes can reach where the target is elsewhere",
        ),
    ],
    ids=[
        *("think times", "pacing", "arrivals", "names", "window", "rendezvous"),
        *("run's timeout", "step's timeout", "agents: URL", "agents: base URL"),
    ],
)
def test_what_does_not_fit_is_said(made: RunSpec, text: str) -> None:
    assert warned(made) == [text]


@pytest.mark.parametrize("base", ["http://localhost.example.org", "http://127.0.0.1.nip.io", "http://10.0.0.1"])
def test_addresses_that_are_no_loopback(base: str) -> None:
    assert warned(spec(5, 60, placement=AGENTS, target={"base_url": base})) == []


def test_a_loopback_target_is_right_for_processes_of_this_machine() -> None:
    local = {"mode": "central", "count": 2}
    assert warned(spec(5, 60, placement=local, target={"base_url": "http://localhost:8080"})) == []


def test_many_users_at_once() -> None:
    load = {"stages": [{"duration": 0, "target": 300}, {"duration": 60, "target": 300}]}
    assert warned(spec(300, 60, load=load)) == ["300 users start at once, without a ramp-up"]


@pytest.mark.parametrize("allocation", [{"unique": True, "at_end": "stop_vu"}, {"at_end": "stop_vu"}])
def test_users_without_a_row(allocation: dict[str, Any]) -> None:
    made = spec(5, 60, **rows_for(scope="vu", **allocation))
    assert warned(made, 2) == [
        "each of 5 users needs a row (scope: vu) of the data, which has 2: the other 3 will never run (at_end: "
        "stop_vu); add rows or have fewer users"
    ]
    assert warned(made, 5) == warned(made) == []


def test_rows_that_are_used_again_are_enough() -> None:
    assert warned(spec(5, 60, **rows_for(scope="vu")), 2) == []
    assert warned(spec(5, 60, **rows_for(at_end="stop_vu")), 2) == []


def test_nothing_is_said_where_the_load_is_not_known() -> None:
    control = {"kind": "error_rate", "low": 1, "high": 9, "threshold": 1}
    made = spec(5, 60, SLOW, load={"control": control}, **rows_for(scope="vu", at_end="stop_vu"))
    assert warned(made, 2) == []
