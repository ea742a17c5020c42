"""From a plan's config to what is run."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.placement import Placement
from perfsvc.model.run import Target
from perfsvc.model.run import WeightedScene
from perfsvc.model.run_spec import make_run_spec
from perfsvc.model.scene import SceneSpec

URL = "http://127.0.0.1:8080/items?page=1"


def made(**config: Any) -> Any:
    return make_run_spec(
        "x", PlanConfig.parse({"concurrent_users": 3, "target_url": URL, **config}), (), Target(), "id", seed=7
    )


def test_a_url_is_a_scene_of_one_step() -> None:
    spec = made()
    assert spec.step_names() == ["GET /items"]
    assert spec.scenes[0].scene.steps[0].request == {"method": "GET", "url": URL}


def test_the_seed_of_a_plan_wins_over_the_one_that_is_drawn() -> None:
    assert made().seed == 7
    assert made(execution_config={"seed": 5}).seed == 5


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"target_url": None}, "config.target_url"),
        ({"execution_config": {"thresholds": ["p95{nobody} < 1"]}}, "config.execution_config.thresholds[0]"),
    ],
)
def test_what_cannot_be_run_is_refused(config: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        made(**config)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_plan_says_on_which_processes_it_runs() -> None:
    assert made().placement == Placement()
    placement = made(
        control_mode="central",
        node_count=3,
        load_balance_strategy="weight",
        node_distribution={"central-1": 2},
        execution_config={"on_node_loss": "replace", "replace_within": 5},
    ).placement
    assert placement == Placement(
        mode="central",
        count=3,
        strategy="weight",
        weights={"central-1": 2},
        on_loss="replace",
        replace_within_s=5,
    )


def test_a_plan_says_whether_names_are_cached() -> None:
    assert made().dns_cache
    assert not made(execution_config={"dns_cache": False}).dns_cache


def test_a_bound_of_users_that_bounds_nothing_is_refused_at_the_start_and_can_be_read() -> None:
    config = PlanConfig.parse({"vus": 1, "target_url": "http://x/", "execution_config": {"max_vus": 5}})
    with pytest.raises(InvalidInput) as caught:
        make_run_spec("p", config, [], Target(), "x", seed=1)
    assert [problem.path for problem in caught.value.problems] == ["config.execution_config.max_vus"]


def scene_of(*steps: dict[str, Any]) -> Any:
    config = PlanConfig.parse({"concurrent_users": 1})
    scene = WeightedScene(scene=SceneSpec.parse({"name": "s", "steps": list(steps)}))
    return make_run_spec("x", config, [scene], Target(), "id", seed=7)


def test_steps_that_are_not_enabled_are_left_out() -> None:
    off = {"name": "off", "enabled": False}
    option = {"weight": 1, "steps": [off]}
    spec = scene_of(
        off,
        {"type": "group", "name": "empty", "steps": [off]},
        {"type": "choice", "options": [option, {"weight": 2, "steps": [{"name": "kept"}]}]},
        {"type": "if", "condition": {"variable": "a"}, "steps": [off], "otherwise": [{"name": "else"}]},
    )
    assert spec.step_names() == ["kept", "else"]
    assert len(spec.scenes[0].scene.steps[0].options) == 1
    with pytest.raises(InvalidInput, match="disabled"):
        scene_of(off)
