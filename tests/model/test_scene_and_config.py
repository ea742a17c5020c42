"""What users may write: scenes, configs, thresholds; every fault with its path."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.planfile import PlanFile
from perfsvc.model.profile import load_of
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import SceneSpec
from perfsvc.model.threshold import Threshold

BUY: dict[str, Any] = {
    "name": "buy",
    "steps": [
        {
            "name": "login",
            "protocol": "http",
            "request": {"method": "POST", "url": "/login", "json": {"user": "{{username}}"}},
            "extract": [{"name": "token", "from": "json", "path": "$.token"}],
            "checks": [{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}],
            "think_time": {"type": "uniform", "min": 0.5, "max": 1.5},
        },
        {"name": "list", "protocol": "http", "request": {"method": "GET", "url": "/items"}},
    ],
}

SOURCES = "json, jmespath, css, xpath, regex, boundary, header, cookie, status, body"


def problems(call: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        call()
    return {problem.path: problem.text.en for problem in caught.value.problems}


def test_a_scene_survives_a_round_trip() -> None:
    scene = SceneSpec.parse(BUY)
    assert SceneSpec.parse(scene.model_dump(mode="json", by_alias=True)) == scene
    assert [step.name for step in scene.walk()] == ["login", "list"]


def test_every_fault_of_a_scene_is_reported_at_once() -> None:
    document = {
        "nam": 1,
        "steps": [
            {"name": "", "request": []},
            {
                "type": "loop",
                "times": 0,
                "steps": [
                    {
                        "nme": 1,
                        "checks": [{"type": "foo"}, {"type": "status"}, {"type": "json"}],
                        "think_time": {"type": "uniform", "min": 2, "max": "a"},
                        "extract": [{"name": "x", "from": "json"}, {"name": "1x", "from": "body"}, {"name": "y"}, 7],
                    }
                ],
            },
            {"type": "zz"},
            {"type": "think", "think_time": {"type": "uniform", "min": 3, "max": 1}},
        ],
    }
    assert problems(lambda: SceneSpec.parse(document)) == {
        "steps[0].name": "must have at least 1 characters",
        "steps[0].request": "must be an object",
        "steps[1].times": "must be at least 1",
        "steps[1].steps[0].checks[0]": "'type' must be one of 'status', 'json', 'jsonschema', 'css', "
        "'xpath', 'regex', 'contains', 'header', 'size', 'response_time'",
        "steps[1].steps[0].checks[1]": "needs exactly one of equals and one_of",
        "steps[1].steps[0].checks[2].path": "is required",
        "steps[1].steps[0].think_time.max": "not a duration: a; write 2, 2s, 500ms, 1m30s or 1h",
        "steps[1].steps[0].extract[0].path": "is required",
        "steps[1].steps[0].extract[1].name": "must be letters, digits, _ and -, with a letter or _ first, at "
        "most 64 of them",
        "steps[1].steps[0].extract[2]": "from must be one of " + SOURCES,
        "steps[1].steps[0].extract[3]": "from must be one of " + SOURCES,
        "steps[1].steps[0].nme": "is not a known key; did you mean name?",
        "steps[2]": "type must be one of request, think, group, loop, if, while, choice, break, stop, rendezvous",
        "steps[3].think_time.min": "min must not exceed max",
        "nam": "is not a known key; did you mean name?",
    }


def test_a_scene_has_a_bound_of_checks_and_extractors() -> None:
    reads = {"checks": [{"type": "status", "equals": 200}] * 25, "extract": [{"name": "x", "from": "body"}] * 25}
    steps = [{"name": f"s{number}", "request": {}, **reads} for number in range(100)]
    SceneSpec.parse({"name": "x", "steps": steps}).refuse_excess()
    more = {"name": "x", "steps": steps, "teardown": [{"name": "last", "request": {}, **reads}]}
    assert problems(SceneSpec.parse(more).refuse_excess) == {
        "steps": "have 5050 checks and extractors in all, at most 5000 are allowed"
    }


def test_either_name_of_a_key_is_taken_and_the_api_name_answered() -> None:
    config = PlanConfig.parse({"vus": 100, "ramp_up": 30, "hold_time": 300})
    answer = config.answer()
    assert (answer["concurrent_users"], answer["ramp_up_time"], answer["hold_time"]) == (100, 30, 300)
    assert "vus" not in answer
    assert PlanConfig.parse(answer) == PlanConfig.parse(config.answer())


def test_both_names_must_agree() -> None:
    assert PlanConfig.parse({"vus": 5, "concurrent_users": 5}).concurrent_users == 5
    wrong = problems(lambda: PlanConfig.parse({"vus": 5, "concurrent_users": 6}, "config"))
    assert wrong == {"config.vus": "means the same as concurrent_users but has another value"}


def test_merging_replaces_the_given_keys_only() -> None:
    config = PlanConfig.parse({"concurrent_users": 1, "hold_time": 5, "ramp_up_time": 2})
    merged = config.merged({"vus": 7})
    assert (merged.concurrent_users, merged.hold_time, merged.ramp_up_time) == (7, 5, 2)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"concurrent_users": 0}, "concurrent_users"),
        ({"concurrent_users": True}, "concurrent_users"),
        ({"concurrent_users": 1.5}, "concurrent_users"),
        ({"hold_time": -1}, "hold_time"),
        ({"hold_time": 0}, "hold_time"),
        ({"target_url": "not a url"}, "target_url"),
        ({"target_url": "http://[::1"}, "target_url"),
        ({"test_type": "slow"}, "test_type"),
        ({"test_mode": "step"}, "test_mode"),
        ({"control_mode": "single", "node_count": 2}, "node_count"),
        ({"execution_config": {"thresholds": ["p95 <"]}}, "execution_config.thresholds[0]"),
        ({"execution_config": {"thresholds": ["p142 < 1"]}}, "execution_config.thresholds[0]"),
        ({"execution_config": {"thresholds": ["p95 < 1 for 0s"]}}, "execution_config.thresholds[0]"),
        ({"execution_config": {"stages": []}}, "execution_config.stages"),
        ({"data_cache_ttl": "soon"}, "data_cache_ttl"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_config_is_refused_at_its_place(change: dict[str, Any], path: str) -> None:
    assert path in problems(lambda: PlanConfig.parse({"concurrent_users": 1, **change}))


@pytest.mark.parametrize(
    "url", ["http://x/\r\nX: y", "http://x/\n", "http://a b/", "http://x/\t", "http://x/\x00", "http:// x/", "//x/"]
)
def test_an_address_is_one_line_with_a_host(url: str) -> None:
    assert set(problems(lambda: PlanConfig.parse({"vus": 1, "target_url": url}))) == {"target_url"}


@pytest.mark.parametrize("url", ["http://x/a b", "http://{{ host }}/", "http://例子.测试/路径", "tcp://[::1]:80"])
def test_other_addresses_are_taken(url: str) -> None:
    assert PlanConfig.parse({"vus": 1, "target_url": url}).target_url == url


def test_names_that_clash_hide_no_other_fault() -> None:
    document = {"concurrent_users": -1, "vus": 3, "ramp_up_time": "x", "foo": 1, "duration": 1, "hold_time": 2}
    assert problems(lambda: PlanConfig.parse(document, "config")) == {
        "config.vus": "means the same as concurrent_users but has another value",
        "config.duration": "means the same as hold_time but has another value",
        "config.concurrent_users": "must be at least 1",
        "config.ramp_up_time": "not a duration: x; write 2, 2s, 500ms, 1m30s or 1h",
        "config.foo": "is not a known key",
    }


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"vus": 0, "test_mode": "step", "node_count": 2}, {"concurrent_users", "test_mode", "node_count"}),
        ({"vus": 0, "test_mode": "error_rate"}, {"concurrent_users", "error_threshold"}),
        ({"test_mode": "adaptive", "foo": 1}, {"concurrent_users", "foo", "adaptive_target"}),
        ({"vus": 1, "test_mode": "step", "step_users": "x", "step_time": 1}, {"step_users"}),
        ({"vus": 1, "test_mode": "adaptive", "adaptive_target": {"metric": "x"}, "hold_time": 0},
         {"adaptive_target.metric", "adaptive_target.target", "hold_time"}),
        ({"vus": 1, "node_count": 3, "control_mode": "x"}, {"control_mode"}),
        ({"vus": 1, "hold_time": 0, "execution_config": {"foo": 1}}, {"execution_config.foo"}),
        ({"vus": 1, "test_mode": "step", "execution_config": {"stages": []}},
         {"execution_config.stages", "test_mode"}),
    ],
)  # fmt: skip
def test_contradictions_are_reported_beside_wrong_fields(document: dict[str, Any], told: set[str]) -> None:
    assert set(problems(lambda: PlanConfig.parse(document))) == told


def test_a_config_within_a_plan_file_tells_as_much() -> None:
    document = {"nme": 1, "config": {"vus": 0, "test_mode": "step"}}
    assert set(problems(lambda: PlanFile.parse(document))) == {"nme", "config.concurrent_users", "config.test_mode"}


def test_contradictions_are_reported_together() -> None:
    document = {"concurrent_users": 1, "test_mode": "step", "node_count": 3, "hold_time": 0}
    assert set(problems(lambda: PlanConfig.parse(document))) == {"test_mode", "node_count", "hold_time"}


@pytest.mark.parametrize(
    "line", ["p95 < 300", "error_rate < 1 for 10s", "p99.9{log in} <= 12.5", "rps >= 1000", "checks", "p95<300", ""]
)
def test_thresholds_read_as_they_are_written(line: str) -> None:
    if line in ("checks", ""):
        assert problems(lambda: PlanConfig.parse({"vus": 1, "execution_config": {"thresholds": [line]}}))
        return
    parsed = Threshold.model_validate(line)
    assert Threshold.model_validate(str(parsed)) == parsed


def test_a_run_spec_survives_a_round_trip() -> None:
    document = {
        "execution_id": "x",
        "name": "x",
        "seed": 2**63 - 1,
        "scenes": [{"scene": BUY, "weight": 3}],
        "load": {"stages": [{"duration": 1, "target": 3}]},
        "thresholds": ["p95{login} < 300 for 5s"],
    }
    spec = RunSpec.parse(document)
    assert RunSpec.parse(spec.model_dump(mode="json", by_alias=True)) == spec


def test_a_plan_file_keeps_the_weights_of_its_scenes() -> None:
    plan = PlanFile.parse({"scenes": [{**BUY, "weight": 3}], "config": {"vus": 1}})
    assert plan.scenes[0].weight == 3
    assert plan.scenes[0].scene() == SceneSpec.parse(BUY)


@pytest.mark.parametrize("document", [None, [], "x", 1, float("nan"), {"config": {"vus": float("inf")}}])
def test_what_is_no_document_is_refused(document: Any) -> None:
    assert problems(lambda: PlanFile.parse(document))


def test_a_rate_needs_no_number_of_users() -> None:
    assert PlanConfig.parse({"execution_config": {"arrival_rate": 5}}).concurrent_users == 1000
    assert PlanConfig.parse({"execution_config": {"arrival_rate": 5, "max_vus": 7}}).concurrent_users == 7
    assert problems(lambda: PlanConfig.parse({"execution_config": {}})) == {"concurrent_users": "is required"}


@pytest.mark.parametrize(("ramp", "duration"), [({}, 90), ({"ramp_up": 0}, 60), ({"ramp_up_time": 12}, 72)])
def test_adaptive_settles_for_its_ramp_up_time_or_half_a_minute(ramp: dict[str, Any], duration: float) -> None:
    target = {"test_mode": "adaptive", "adaptive_target": {"metric": "p95", "target": 50}}
    assert load_of(PlanConfig.parse({"vus": 5, "hold_time": 60, **target, **ramp})).duration == duration
