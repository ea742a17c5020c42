"""The open model, bounds by iterations, spread starts, load changed while running; in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from perfsvc.engine.probe import check_open_files
from perfsvc.errors import InvalidInput
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from tests.engine.rig import Rig
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer


def open_spec(rate: float, seconds: float = 5, **more: Any) -> RunSpec:
    steps, load = more.pop("steps", None), {"max_vus": 100, **more}
    stages = load.pop("stages", [{"duration": 0, "target": rate}, {"duration": seconds, "target": rate}])
    return spec_of(steps, load={"variable": "arrival_rate", "stages": stages, **load})


def merged(snapshots: list[Snapshot], name: str) -> Histogram:
    whole = Histogram()
    for snapshot in snapshots:
        for window in snapshot.windows:
            whole.merge(Histogram.unpack(getattr(window, name)))
    return whole


def total(rig: Rig, name: str) -> int:
    return sum(getattr(snapshot, name) for snapshot in rig.snapshots)


def test_arrivals_start_when_the_plan_says() -> None:
    rig = run(open_spec(100))
    assert rig.requests == 500
    assert rig.times() == pytest.approx([number / 100 for number in range(500)], abs=0.002)
    assert total(rig, "dropped") == total(rig, "late") == 0
    assert {(told.planned_rate, told.run_rate, told.run_vus) for told in rig.snapshots[:4]} == {(100, 100, 0)}


def test_the_plan_is_known_in_every_second_of_the_load_and_in_none_after_it() -> None:
    rig = run(open_spec(100), Answer(after=2.5))
    assert [told.run_rate for told in rig.snapshots] == [100] * 5 + [0]


def test_the_plan_of_a_run_that_is_stopped_ends_with_the_second_of_the_stop() -> None:
    async def main() -> Rig:
        rig = Rig(spec_of(), Answer(after=2.0))
        await rig.begin()
        await asyncio.sleep(1.5)
        rig.engine.stop()
        await rig.engine.wait()
        return rig

    assert [told.planned_vus for told in virtual_time.run(main()).snapshots[:3]] == [2, 2, 0]


def test_a_ramp_of_arrivals() -> None:
    rig = run(open_spec(0, stages=[{"duration": 10, "target": 20}]))
    assert rig.requests == 100
    assert sum(1 for moment in rig.times() if moment < 5) == 25


def test_late_arrivals_wait_and_their_wait_counts_from_plan() -> None:
    rig = run(open_spec(10, max_vus=1), Answer(after=0.2))
    service, planned = merged(rig.snapshots, "latency"), merged(rig.snapshots, "from_plan")
    assert service.max_ns == pytest.approx(200e6, rel=0.01)
    assert planned.total == service.total == rig.requests == 25
    # The k-th arrival is due at 0.1 k and answered at 0.2 (k + 1).
    assert planned.max_ns == pytest.approx((0.2 * 25 - 0.1 * 24) * 1e9, rel=0.02)
    assert total(rig, "late") == 24
    assert total(rig, "dropped") == 25


def test_arrivals_are_dropped_by_option() -> None:
    rig = run(open_spec(10, max_vus=1, when_late="drop"), Answer(after=0.25))
    assert rig.requests + total(rig, "dropped") == 50
    assert rig.requests == pytest.approx(17, abs=1)
    assert merged(rig.snapshots, "from_plan").max_ns == pytest.approx(250e6, rel=0.02)


def test_a_frozen_target_shows_in_the_latency_from_plan() -> None:
    frozen = (2.0, 4.0)

    def script(scope: Any, path: str) -> Answer:
        now = asyncio.get_running_loop().time()
        return Answer(after=frozen[1] - now if frozen[0] <= now < frozen[1] else 0.001)

    rig = run(open_spec(100, 10, max_vus=500), script)
    exact = sorted(0.001 if not 2 <= n / 100 < 4 else 4 - n / 100 for n in range(1000))
    p99 = merged(rig.snapshots, "from_plan").percentile_ns(99) / 1e9
    assert p99 == pytest.approx(exact[989], rel=0.01)


def test_poisson_arrivals() -> None:
    rig = run(open_spec(100, 20, distribution="poisson", max_vus=200))
    assert rig.requests == pytest.approx(2000, rel=0.07)
    gaps = [later - earlier for earlier, later in zip(rig.times(), rig.times()[1:], strict=False)]
    assert max(gaps) > 0.03


def test_pausing_moves_all_arrivals() -> None:
    async def main() -> Rig:
        rig = Rig(open_spec(10, 4), Answer())
        await rig.begin()
        await asyncio.sleep(2.05)
        rig.engine.pause()
        await asyncio.sleep(5)
        rig.engine.resume()
        await rig.engine.wait()
        return rig

    rig = virtual_time.run(main())
    assert rig.requests == 40
    assert not [moment for moment in rig.times() if 2.06 < moment < 7]
    assert merged(rig.snapshots, "from_plan").max_ns < 15e6


def test_the_rate_changed_by_hand() -> None:
    async def main() -> Rig:
        rig = Rig(open_spec(10, 6), Answer())
        await rig.begin()
        await asyncio.sleep(2)
        rig.engine.set_level(50)
        await asyncio.sleep(2)
        rig.engine.set_level(5)
        await rig.engine.wait()
        return rig

    counts = Counter(int(moment // 2) for moment in virtual_time.run(main()).times())
    assert [counts[0], counts[1], counts[2]] == pytest.approx([20, 100, 10], abs=1)


def test_users_changed_by_hand() -> None:
    async def main() -> Rig:
        rig = Rig(spec_of(stages=[{"duration": 0, "target": 2}, {"duration": 6, "target": 2}]), Answer())
        await rig.begin()
        await asyncio.sleep(2)
        rig.engine.set_level(6)
        await asyncio.sleep(2)
        rig.engine.set_level(1)
        await rig.engine.wait()
        return rig

    assert [snapshot.vus for snapshot in virtual_time.run(main()).snapshots[:6]] == [2, 2, 6, 6, 1, 1]


@pytest.mark.parametrize(("scope", "requests"), [("shared", 37), ("per_vu", 4 * 37)])
def test_iterations_bound_a_closed_run(scope: str, requests: int) -> None:
    load = {"stages": [{"duration": 0, "target": 4}, {"duration": 60, "target": 4}]}
    rig = run(spec_of(load={**load, "iterations": {"count": 37, "scope": scope}}))
    assert rig.requests == requests
    assert max(rig.times()) < 2
    if scope == "per_vu":
        assert set(Counter(vu for _, vu, _ in rig.target.log).values()) == {37}


def test_a_run_that_ends_within_its_first_second_had_users() -> None:
    load = {"stages": [{"duration": 0, "target": 3}, {"duration": 60, "target": 3}]}
    rig = run(spec_of(load={**load, "iterations": {"count": 30, "scope": "shared"}}))
    assert [snapshot.vus for snapshot in rig.snapshots] == [3]


def test_iterations_bound_an_open_run() -> None:
    rig = run(open_spec(10, 60, iterations={"count": 25}))
    assert rig.requests == 25
    assert max(rig.times()) == pytest.approx(2.4, abs=0.01)


def test_starts_are_spread_where_all_would_fire_at_once() -> None:
    steps = [{"name": "get", "request": {"path": "/"}, "think_time": {"type": "constant", "value": 1}}]
    rig = run(spec_of(steps, [{"duration": 0, "target": 100}, {"duration": 5, "target": 100}]))
    per_tenth = Counter(int(moment * 10) for moment in rig.times())
    assert max(per_tenth.values()) <= 13
    paced = run(spec_of(stages=[{"duration": 0, "target": 50}, {"duration": 5, "target": 50}], pacing_s=1.0))
    assert merged(paced.snapshots, "from_plan").max_ns < 15e6


def test_more_users_than_open_files_are_refused_with_the_figure() -> None:
    with pytest.raises(InvalidInput, match="150 open files and this process may have 149"):
        check_open_files(50, 149)
    check_open_files(50, 150)
    check_open_files(50, 0)


def test_an_open_run_ends_with_its_last_request() -> None:
    async def main() -> float:
        rig = Rig(open_spec(10, 2), Answer(after=0.3))
        await rig.run_to_end()
        return asyncio.get_running_loop().time() - rig.began

    assert virtual_time.run(main()) == pytest.approx(2.2, abs=0.1)
