"""Scenes keep their weights: in closed and open loads, on one node and on many, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_draw import SceneDraw
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

ONE_TO_ONE = (("a", 1), ("b", 1))


def scenes(weights: Any) -> list[dict[str, Any]]:
    return [
        {"scene": {"name": name, "steps": [{"name": name, "request": {"path": name}}]}, "weight": weight}
        for name, weight in weights
    ]


def arrivals(rate: float, seconds: float, weights: Any = ONE_TO_ONE, **more: Any) -> RunSpec:
    stages = [{"duration": 0, "target": rate}, {"duration": seconds, "target": rate}]
    return spec_of(scenes=scenes(weights), load={"variable": "arrival_rate", "stages": stages, "max_vus": 100, **more})


def users(count: int, weights: Any = ONE_TO_ONE, seconds: float = 1) -> RunSpec:
    return spec_of(
        scenes=scenes(weights), stages=[{"duration": 0, "target": count}, {"duration": seconds, "target": 0}]
    )


def paths(log: list[tuple[float, int, str]]) -> Counter[str]:
    return Counter(path for _, _, path in log)


def on_nodes(spec: RunSpec, count: int) -> list[list[tuple[float, int, str]]]:
    """What each of ``count`` nodes sent."""

    async def main() -> list[list[tuple[float, int, str]]]:
        made = []
        for index in range(count):
            protocol = fake_protocol.answering(Answer(after=0.001))
            snapshots: list[Snapshot] = []
            node = Node(
                lambda name, protocol=protocol: protocol,
                virtual_time.current_clock(),
                TargetPolicy(),
                slot=Slot(Share(index, (1,) * count)),
            )
            engine = Engine(spec, node, Callbacks(snapshots.append))
            engine.compile()
            made.append((engine, protocol))
        for engine, _ in made:
            await engine.prepare()
        for engine, _ in made:
            engine.start()
        await asyncio.gather(*(engine.wait() for engine, _ in made))
        return [protocol.made[0].log for _, protocol in made]

    return virtual_time.run(main())


def test_each_arrival_draws_its_scene() -> None:
    assert paths(run(arrivals(20, 3), Answer(after=0.001)).target.log) == {"a": 30, "b": 30}


@pytest.mark.parametrize("distribution", ["constant", "poisson"])
def test_arrivals_keep_uneven_weights(distribution: str) -> None:
    spec = arrivals(100, 4, (("a", 5), ("b", 3), ("c", 2)), distribution=distribution)
    counts = paths(run(spec, Answer(after=0.001)).target.log)
    whole = sum(counts.values())
    assert counts == {"a": round(whole * 0.5), "b": round(whole * 0.3), "c": pytest.approx(whole * 0.2, abs=1)}


def test_a_free_user_of_another_scene_leaves_for_the_one_that_was_drawn() -> None:
    log = run(arrivals(20, 3, max_vus=1), Answer(after=0.001)).target.log
    assert paths(log) == {"a": 30, "b": 30}


def test_weights_hold_while_arrivals_wait_for_users() -> None:
    rig = run(arrivals(20, 6, max_vus=3), lambda scope, path: Answer(after=0.3 if path == "a" else 0.1))
    counts = paths(rig.target.log)
    assert not rig.failures
    assert abs(counts["a"] - counts["b"]) <= 1


def test_dropped_arrivals_have_scenes_too() -> None:
    log = run(arrivals(20, 6, max_vus=2, when_late="drop"), Answer(after=0.2)).target.log
    counts = paths(log)
    assert abs(counts["a"] - counts["b"]) <= sum(counts.values()) // 4


@pytest.mark.parametrize("nodes", [2, 3])
def test_arrivals_keep_the_weights_over_nodes(nodes: int) -> None:
    logs = on_nodes(arrivals(30, 4), nodes)
    assert sum((paths(log) for log in logs), Counter()) == {"a": 60, "b": 60}
    assert all(len(paths(log)) == 2 for log in logs)


def test_users_keep_the_weights_over_nodes() -> None:
    logs = on_nodes(users(20, (("a", 19), ("b", 1))), 10)
    scene_of = {(node, vu): path for node, log in enumerate(logs) for _, vu, path in log}
    assert Counter(scene_of.values()) == {"a": 19, "b": 1}


def test_one_user_on_each_of_two_nodes_has_a_scene_of_its_own() -> None:
    first, second = on_nodes(users(2), 2)
    assert set(paths(first)) == {"a"}
    assert set(paths(second)) == {"b"}


def test_users_who_come_again_take_the_scenes_of_those_who_left() -> None:
    stages = [
        {"duration": 0, "target": 4},
        {"duration": 1, "target": 4},
        {"duration": 0, "target": 3},
        {"duration": 1, "target": 3},
        {"duration": 0, "target": 4},
        {"duration": 1, "target": 4},
    ]
    log = run(spec_of(scenes=scenes(ONE_TO_ONE), stages=stages)).target.log
    last = {vu: path for moment, vu, path in log if moment - log[0][0] > 2.1}
    assert Counter(last.values()) == {"a": 2, "b": 2}


@pytest.mark.parametrize("before", range(12))
def test_a_draw_that_begins_later_goes_on_as_the_whole_does(before: int) -> None:
    whole, later = SceneDraw((5, 3, 2)), SceneDraw((5, 3, 2), before)
    order = [whole.next() for _ in range(30)]
    assert [later.next() for _ in range(10)] == order[before : before + 10]
