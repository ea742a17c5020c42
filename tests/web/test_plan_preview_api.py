"""A preview of an unsaved plan, and all that is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

PREVIEW = "/api/performance/plans/preview/"
CONFIG = {"concurrent_users": 10, "ramp_up_time": 5, "hold_time": 20, "target_url": "http://127.0.0.1:1/"}


async def preview(api: Api, config: dict[str, Any], who: str = "viewer", **more: Any) -> Any:
    answer = await api.post(PREVIEW, {"project_id": 1, "config": config, **more}, who)
    assert answer.status == 200, answer.text
    return answer.json


async def test_a_plan_that_can_be_started(api: Api, world: World) -> None:
    seen = await preview(api, CONFIG, scenes=[{"scene_id": world.ids["scene_id"], "weight": 2}])
    assert seen["points"] == [{"t": 0.0, "level": 0.0}, {"t": 5.0, "level": 10.0}, {"t": 25.0, "level": 10.0}]
    assert (seen["mode"], seen["variable"], seen["duration"], seen["peak"]) == ("concurrent", "vus", 25.0, 10.0)
    assert seen["scenes"] == [
        {"scene_id": 1, "name": "buy", "weight": 2, "share": 100.0, "requests_per_iteration": 1.0}
    ]
    assert seen["nodes"] == [{"name": "local", "share": 100.0, "vus": 10, "arrival_rate": None}]
    assert (seen["needs"]["users"], seen["needs"]["open_files"], seen["needs"]["nodes"]) == (10, 110, 1)
    assert (seen["iterations"], seen["latency"]) == (None, {"avg": None, "p50": None, "from_report_id": None})
    assert seen["problems"] == []


async def test_the_last_report_tells_latencies(api: Api) -> None:
    seen = await preview(api, CONFIG, plan_id=1)
    assert seen["latency"] == {"avg": 150.0, "p50": None, "from_report_id": 1}
    assert (seen["iteration_time"], seen["iterations"]) == (0.15, round(225 / 0.15))


async def test_nodes_by_weight_add_up(api: Api) -> None:
    central = {"control_mode": "central", "node_count": 3, "load_balance_strategy": "weight"}
    seen = await preview(api, {**CONFIG, **central, "node_distribution": {"central-1": 2.0}})
    assert [(node["name"], node["share"], node["vus"]) for node in seen["nodes"]] == [
        ("central-1", 50.0, 5),
        ("central-2", 25.0, 3),
        ("central-3", 25.0, 2),
    ]


async def test_processes_of_another_run_are_no_agents(api: Api, world: World) -> None:
    agent = world.cluster.infos["agent-1"]
    world.cluster.infos["central-1"] = msgspec.structs.replace(agent, name="central-1", kind="process")
    seen = await preview(api, {**CONFIG, "control_mode": "distributed", "node_count": 2})
    assert [(node["name"], node["share"], node["vus"]) for node in seen["nodes"]] == [("agent-1", 100.0, 10)]


@pytest.mark.parametrize(
    ("config", "path", "savable"),
    [
        ({"concurrent_users": "ten"}, "config.concurrent_users", False),
        ({"test_mode": "error_rate"}, "config.error_threshold", False),
        ({"target_url": None}, "config.target_url", True),
        ({"env_id": 99}, "config.env_id", False),
        ({"data_source_type": "csv", "data_config": {"datafile_id": 99}}, "config.data_config.datafile_id", True),
        (
            {"execution_config": {"thresholds": ["p95 < 1", "p95[none] < 1"]}},
            "config.execution_config.thresholds[1]",
            False,
        ),
    ],
)
async def test_problems_are_part_of_it(api: Api, config: dict[str, Any], path: str, savable: bool) -> None:
    merged = {name: value for name, value in {**CONFIG, **config}.items() if value is not None}
    seen = await preview(api, merged)
    assert [problem["path"] for problem in seen["problems"]] == [path]
    assert seen["savable"] is savable
    saved = await api.post("/api/performance/plans/", {"project_id": 1, "name": "as previewed", "config": merged})
    assert saved.status == (201 if savable else 422)


async def test_scenes_of_other_projects_are_none(api: Api) -> None:
    seen = await preview(api, CONFIG, scenes=[{"scene_id": 99}])
    assert [problem["path"] for problem in seen["problems"]] == ["scenes[0].scene_id"]
    assert (seen["points"], seen["mode"]) == ([], None)


async def test_weights_that_no_plan_has_are_problems_at_their_place(api: Api) -> None:
    seen = await preview(api, CONFIG, scenes=[{"scene_id": 1, "weight": 0}, {"scene_id": 1, "weight": 1_000_001}])
    assert seen["problems"] == [
        {"path": "scenes[0].weight", "message": "不能小于 1"},
        {"path": "scenes[1].weight", "message": "不能大于 1000000"},
    ]
    assert seen["savable"] is False


async def test_who_may_preview(api: Api) -> None:
    body = {"project_id": 1, "config": CONFIG}
    assert (await api.post(PREVIEW, body, "stranger")).status == 404
    assert (await api.post(PREVIEW, body, None)).status == 401
