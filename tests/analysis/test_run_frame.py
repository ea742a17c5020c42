"""The first frame of a viewer, and the frames of a search."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from perfsvc.analysis.curve import curve_of
from perfsvc.analysis.curve import planned_block
from perfsvc.analysis.run_frame import RunNames
from perfsvc.analysis.run_frame import Standing
from perfsvc.analysis.run_frame import run_frame
from perfsvc.analysis.run_frame import steps_block
from perfsvc.analysis.search_frames import SearchFrames
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.config import PlanConfig
from perfsvc.model.profile import load_of
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState

REQUEST: dict[str, Any] = {"name": "get", "request": {"url": "/"}}


def load(**config: Any) -> Any:
    return load_of(PlanConfig.parse({"concurrent_users": 10, **config}))


@pytest.mark.parametrize(
    ("config", "points"),
    [
        ({"ramp_up_time": 5, "hold_time": 20}, [(0, 0), (5, 10), (25, 10)]),
        ({"hold_time": 20}, [(0, 0), (0, 10), (20, 10)]),
        (
            {"test_mode": "step", "step_users": 5, "step_time": 10},
            [(0, 0), (0, 5), (10, 5), (10, 10), (20, 10)],
        ),
        (
            {"execution_config": {"stages": [{"duration": 10, "target": 4}, {"duration": 5, "target": 4}]}},
            [(0, 0), (10, 4), (15, 4)],
        ),
    ],
)
def test_the_planned_curve(config: dict[str, Any], points: list[tuple[float, float]]) -> None:
    assert [(point["t"], point["level"]) for point in curve_of(load(**config))] == points


def test_a_search_tells_between_which_levels_it_moves() -> None:
    planned = planned_block(load(test_mode="error_rate", error_threshold=1, step_users=2, hold_time=60))
    assert (planned["min"], planned["max"], planned["duration"], planned["moves"]) == (1.0, 10.0, 60.0, True)
    fixed = planned_block(load(hold_time=60, execution_config={"max_iterations": 7}))
    assert (fixed["min"], fixed["max"], fixed["moves"], fixed["iterations"]) == (10.0, 10.0, False, 7)


def spec() -> RunSpec:
    steps = [REQUEST, {"type": "group", "name": "buy", "steps": [{"type": "loop", "times": 2, "steps": [REQUEST]}]}]
    scene = {"name": "shop", "on_start": [{**REQUEST, "name": "login"}], "steps": steps}
    return RunSpec.parse(
        {
            "execution_id": "x",
            "name": "peak",
            "seed": 1,
            "scenes": [{"scene": scene, "weight": 3}],
            "load": {"stages": [{"duration": 60, "target": 2}]},
            "thresholds": ["p95 < 300 for 5s"],
        }
    )


def test_the_first_frame() -> None:
    made, now = spec(), datetime(2026, 1, 1, tzinfo=UTC)
    metrics = RunMetrics.of(made)
    states = ThresholdJudge(made.thresholds).states()
    standing = Standing(RunState.RUNNING, now, now.timestamp() + 20, 20.0, states, metrics.validity(), [], None)
    data = run_frame(made, RunNames(1, "peak", 2, "li"), metrics.everything, steps_block(metrics), standing)["data"]
    assert (data["plan_id"], data["project_id"], data["starter"], data["mode"]) == (1, 2, "li", "concurrent")
    assert data["planned"]["end"] == int(now.timestamp()) + 60
    (scene,) = data["scenes"]
    assert (scene["name"], scene["weight"]) == ("shop", 3)
    assert [
        (node["index"], node["name"], node["type"], node["part"], node["parent"], node["depth"], node["protocol"])
        for node in scene["steps"]
    ] == [
        (0, "login", "request", "on_start", None, 0, "http"),
        (1, "get", "request", "steps", None, 0, "http"),
        (2, "buy", "group", "steps", None, 0, None),
        (None, "loop", "loop", "steps", 2, 1, None),
        (3, "get", "request", "steps", 2, 2, "http"),
    ]
    assert made.step_names() == ["login", "get", "buy", "get"]
    assert data["thresholds"] == [
        {
            "expression": "p95 < 300 for 5s",
            "metric": "p95",
            "step": None,
            "state": "holding",
            "value": None,
            "limit": 300.0,
            "broken_s": 0,
            "of_s": 5,
            "breached_at": None,
        }
    ]
    assert data["steps"] == {
        "width": 1,
        "timestamps": [],
        "steps": [{"index": step, "rps": [], "p95": [], "error_rate": []} for step in range(4)],
    }


def search(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"low": 1.0, "high": 2.0, "value": None, "evidence": list(rows), **more}


def told(frames: list[dict[str, Any]]) -> list[Any]:
    return [frame["data"]["row"]["level"] for frame in frames]


def test_each_level_of_a_search_is_reported_once_it_has_its_verdict() -> None:
    good, bad = {"level": 5, "verdict": "good"}, {"level": 9, "verdict": "bad"}
    frames = SearchFrames("error_rate")
    assert frames.after(1, search({"level": 5, "verdict": "unfinished"})) == []
    assert frames.after(2, search(good, {"level": 9, "verdict": "unfinished"})) == [
        {
            "type": "search",
            "timestamp": 2,
            "data": {
                "mode": "error_rate",
                "row": good,
                "bracket": {"low": 1.0, "high": 2.0, "value": None},
                "complete": False,
            },
        }
    ]
    assert frames.after(3, search(good, {"level": 9, "verdict": "unfinished"})) == []
    assert told(frames.after(4, search(good, bad, complete=True), ended=True)) == [9]


def test_a_stair_is_reported_when_the_next_one_begins_or_the_run_ends() -> None:
    frames = SearchFrames("step")
    assert frames.after(1, search({"level": 2})) == []
    assert told(frames.after(2, search({"level": 2}, {"level": 4}))) == [2]
    assert told(frames.after(3, search({"level": 2}, {"level": 4}), ended=True)) == [4]


def test_an_adaptive_load_is_reported_second_by_second() -> None:
    frames = SearchFrames("adaptive")
    assert frames.after(1, search()) == []
    assert told(frames.after(2, search({"level": 2, "elapsed": 1}))) == [2]
    assert frames.after(3, search({"level": 2, "elapsed": 1})) == []
    assert told(frames.after(4, search({"level": 2, "elapsed": 1}, {"level": 3, "elapsed": 2}))) == [3]
