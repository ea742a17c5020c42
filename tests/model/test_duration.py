"""Durations as users write them and as they are stored; changes merged into a config."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.duration import PATTERN
from perfsvc.model.duration import milliseconds_of
from perfsvc.model.duration import seconds_of
from perfsvc.model.problems import Fault
from perfsvc.model.scene import SceneSpec

SECONDS = {
    "2": 2, "0": 0, "0.2": 0.2, "2s": 2, "500ms": 0.5, "1m30s": 90, "1h": 3600, "1h30m": 5400, "1h1m1s1ms": 3661.001,
    "0.5m": 30, "1m500ms": 60.5,
}  # fmt: skip
NOT_DURATIONS = ["", " ", "s", "x", "1d", "-1", "1s2m", "1 m", "1.", ".5", "1e3", "1:30", "9" * 50]


@pytest.mark.parametrize(("text", "seconds"), SECONDS.items())
def test_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)
    assert re.match(PATTERN, text)


@pytest.mark.parametrize(("text", "ms"), [("500", 500), ("500ms", 500), ("2s", 2000), ("1m", 60_000), ("0.5s", 500)])
def test_milliseconds(text: str, ms: float) -> None:
    assert milliseconds_of(text) == ms


@pytest.mark.parametrize("text", NOT_DURATIONS)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Fault, match="not a duration"):
        seconds_of(text)
    assert len(text) > 40 or not re.match(PATTERN, text)


CONFIG: dict[str, Any] = {
    "concurrent_users": 1,
    "hold_time": "1m30s",
    "ramp_up_time": "500ms",
    "step_time": "2s",
    "request_timeout": "2s",
    "execution_config": {
        "stages": [{"duration": "1h", "target": 1}],
        "graceful_stop": "1500ms",
        "abort_grace": "1m",
        "search": {"level_time": "3s", "settle_time": "100ms"},
        "replace_within": "10s",
    },
}


def test_every_duration_of_a_config_is_stored_and_answered_as_a_number() -> None:
    answer = PlanConfig.parse(CONFIG).answer()
    execution = answer["execution_config"]
    names = ("hold_time", "ramp_up_time", "step_time", "request_timeout")
    assert [answer[name] for name in names] == [90, 0.5, 2, 2000]
    assert execution["stages"] == [{"duration": 3600, "target": 1}]
    assert (execution["graceful_stop"], execution["abort_grace"], execution["replace_within"]) == (1.5, 60, 10)
    assert (execution["search"]["level_time"], execution["search"]["settle_time"]) == (3, 0.1)
    assert type(answer["hold_time"]) is int
    assert PlanConfig.parse(answer).answer() == answer
    paced = PlanConfig.parse({"concurrent_users": 1, "execution_config": {"pacing": "250ms"}})
    assert paced.execution_config.pacing == 0.25


def test_durations_of_steps() -> None:
    think = {"type": "uniform", "min": "100ms", "max": "1m"}
    scene = SceneSpec.parse({"name": "s", "steps": [{"name": "a", "timeout": "2s", "think_time": think}]})
    (step,) = scene.model_dump(mode="json")["steps"]
    assert step["timeout"] == 2000
    assert step["think_time"] == {"type": "uniform", "min": 0.1, "max": 60}


def test_the_schema_says_both() -> None:
    schema = PlanConfig.model_json_schema()
    for good in (CONFIG, {"concurrent_users": 1, "hold_time": 5}):
        jsonschema.validate(good, schema)
    for bad in ("x", -1, "1s2m"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"concurrent_users": 1, "hold_time": bad}, schema)


@pytest.mark.parametrize(
    ("value", "message"),
    [("1.5ms", "must be whole milliseconds"), ("2h", "must be at most 3600000"), (0.5, "must be an integer")],
)
def test_timeouts_are_whole_milliseconds(value: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        PlanConfig.parse({"concurrent_users": 1, "request_timeout": value})


def test_changes_are_merged_into_objects_and_null_deletes() -> None:
    kept = {"thresholds": ["p95 < 300"], "search": {"precision": 5}, "protocol_options": {"http": {"verify": False}}}
    config = PlanConfig.parse({"vus": 3, "target_url": "http://h/", "execution_config": kept})
    changed = config.merged(
        {
            "target_url": None,
            "duration": "2s",
            "execution_config": {"seed": 2, "search": None, "protocol_options": {"http": {"cookies": False}}},
        }
    ).answer()
    execution = changed["execution_config"]
    assert "target_url" not in changed
    assert (changed["concurrent_users"], changed["hold_time"], execution["seed"]) == (3, 2, 2)
    assert execution["thresholds"] == config.answer()["execution_config"]["thresholds"]
    assert execution["search"]["precision"] == 2
    assert execution["protocol_options"] == {"http": {"verify": False, "cookies": False}}
    assert config.merged(config.answer()).answer() == config.answer()


def test_another_data_source_has_options_of_its_own() -> None:
    config = PlanConfig.parse({"vus": 1, "data_source_type": "csv", "data_config": {"file": "a.csv", "quote": "'"}})
    assert config.merged({"data_config": {"file": "b.csv"}}).data_config == {"file": "b.csv", "quote": "'"}
    changed = config.merged({"data_source_type": "pool", "data_config": {"columns": ["a"], "values": [["1"]]}})
    assert changed.data_config == {"columns": ["a"], "values": [["1"]]}
