"""What a plan is expected to do, by Little's law."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.analysis.plan_estimate import KnownLatency
from perfsvc.analysis.plan_estimate import estimate
from perfsvc.analysis.plan_estimate import iteration_of
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import SceneSpec

GET: dict[str, Any] = {"name": "get", "request": {"url": "/"}}
KNOWN = KnownLatency(report_id=3, avg=100.0, p50=90.0, by_step={"slow": 400.0})


def spec(stages: list[tuple[float, float]], steps: list[Any] | None = None, **more: Any) -> RunSpec:
    load = {"stages": [{"duration": seconds, "target": level} for seconds, level in stages], **more.pop("load", {})}
    scene = {"name": "s", "steps": steps or [GET]}
    return RunSpec.parse(
        {"execution_id": "x", "name": "x", "seed": 1, "scenes": [{"scene": scene}], "load": load, **more}
    )


def codes(made: Any) -> list[str]:
    return [advice["code"] for advice in made.advice]


def test_an_iteration_counts_every_way_that_its_steps_may_take() -> None:
    steps = [
        {**GET, "think_time": {"type": "uniform", "min": 1, "max": 3}},
        {"type": "loop", "times": 4, "steps": [{**GET, "name": "slow"}]},
        {"type": "if", "condition": {"variable": "a"}, "steps": [GET], "otherwise": [GET, GET]},
        {"type": "choice", "options": [{"weight": 1, "steps": [GET]}, {"weight": 3, "steps": [GET, GET]}]},
    ]
    made = iteration_of(SceneSpec.parse({"name": "s", "steps": steps}), KNOWN)
    assert made.requests == pytest.approx(1 + 4 + 1.5 + 1.75)
    assert made.thinking == 2
    assert made.waiting == pytest.approx(0.1 + 4 * 0.4 + 1.5 * 0.1 + 1.75 * 0.1)


def test_users_at_a_known_latency() -> None:
    made = estimate(spec([(10, 20), (60, 20)]), KNOWN)
    assert (made.iterations, made.requests, made.users) == (13_000, 13_000, 20)
    assert codes(made) == ["expected_rate"]
    assert "200 iterations/s" in made.advice[0]["en"]


def test_arrivals_need_users() -> None:
    more = {"load": {"variable": "arrival_rate", "max_vus": 10}}
    made = estimate(spec([(0, 500), (60, 500)], **more), KNOWN)
    assert (made.iterations, made.users, codes(made)) == (30_000, 50, ["users_too_few"])
    assert made.advice[0]["en"] == "500/s at 100 ms an iteration needs at least 50 users; the plan allows 10"
    enough = estimate(spec([(0, 500), (60, 500)], load={"variable": "arrival_rate", "max_vus": 50}), KNOWN)
    assert codes(enough) == []


def test_nothing_is_invented() -> None:
    made = estimate(spec([(0, 300), (60, 300)]), None)
    assert (made.iterations, made.requests, made.users) == (None, None, 300)
    assert codes(made) == ["no_latency"]
    control = {"kind": "error_rate", "low": 1, "high": 9, "threshold": 1}
    assert estimate(spec([(60, 1)], load={"control": control}), KNOWN).iterations is None


def test_an_end_by_count() -> None:
    shared = {"load": {"iterations": {"count": 50, "scope": "shared"}}}
    assert estimate(spec([(0, 20), (60, 20)], **shared), None).iterations == 50
    each = {"load": {"iterations": {"count": 5, "scope": "per_vu"}}}
    assert estimate(spec([(0, 20), (60, 20)], **each), KNOWN).iterations == 100


def test_pacing_is_the_least_time_of_an_iteration() -> None:
    assert estimate(spec([(0, 20), (60, 20)], pacing_s=2.0), KNOWN).iterations == 600
