"""Snapshots: written once, read back exactly, rolled up exactly."""

from __future__ import annotations

import asyncio

import pytest

from perfsvc.errors import NotFound
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.config import PlanConfig
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import plans
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import fold
from perfsvc.store.rollup import roll_up
from perfsvc.store.tables import MetricsRow
from tests.store.conftest import T0
from tests.store.conftest import MakeSnapshot
from tests.store.conftest import World

FULL = Snapshot(
    node="tls://10.0.0.1:8786",
    seq=2**40,
    second=T0,
    elapsed=0.1 + 0.2,
    span_ns=999_999_999,
    vus=5,
    planned_vus=6,
    paused=True,
    iterations=1,
    cut_off=2,
    dropped=3,
    late=4,
    windows=[
        StepWindow(
            step=1,
            requests=7,
            failures={"超时": 1, "": 2},
            statuses={"200": 4},
            bytes_sent=2**50,
            bytes_received=1,
            checks_passed=1,
            checks_failed=2,
            latency=bytes(range(256)),
            from_plan=b"\x00",
            phases={"dns": PhaseSum(1, 2, 3)},
        )
    ],
    health=NodeHealth(1.5, 2.5, 3.5, 1e-9, 0.1, 0.2, 3, 4),
    errors=[ErrorSample(1, "HTTP 500", 1.25, "错误\0\ud7ff💥", "GET /", "HTTP/1.1 500", 'a"b\\c\n')],
)


def keys() -> list[tuple[str, int, int, str | None]]:
    rows = MetricsRow.select().order_by(MetricsRow.id)
    return [(row.shard_key, row.timestamp, row.seq, row.aggregation_period) for row in rows]


@pytest.mark.asyncio
async def test_a_snapshot_comes_back_as_it_was(store: Store, world: World) -> None:
    assert await store.run(windows.add, world.plan.id, "run-1", [FULL]) == 1
    assert await store.run(windows.of_execution, "run-1") == [FULL]
    assert await store.run(keys) == [("run-1:tls://10.0.0.1:8786", T0, 2**40, "1s")]


@pytest.mark.asyncio
async def test_nothing_is_written_twice(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    many = [snapshot(seq, node) for seq in range(150) for node in ("a", "b")]
    assert await store.run(windows.add, world.plan.id, "run-1", many[:100]) == 100
    assert await store.run(windows.add, world.plan.id, "run-1", many[50:]) == 200
    assert await store.run(windows.add, world.plan.id, "run-1", many[:1]) == 0
    assert await store.run(windows.add, world.plan.id, "run-1", []) == 0
    assert await store.run(windows.of_execution, "run-1") == many


@pytest.mark.asyncio
async def test_nothing_is_written_twice_at_once(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    many = [snapshot(seq) for seq in range(50)]
    written = await asyncio.gather(*[store.run(windows.add, world.plan.id, "run-1", many) for _ in range(4)])
    assert sum(written) == 50
    assert await store.run(windows.of_execution, "run-1") == many


@pytest.mark.asyncio
async def test_a_part_of_a_run_in_order_of_time(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    many = [snapshot(seq, node) for seq in range(10) for node in ("n1", "n2")]
    await store.run(windows.add, world.plan.id, "run-1", many[::-1])
    part = await store.run(windows.of_execution, "run-1", since=T0 + 3, until=T0 + 5)
    assert part == many[6:10]
    assert await store.run(windows.span, "run-1") == (T0, T0 + 9)
    assert await store.run(windows.span, "run-2") is None


@pytest.mark.asyncio
async def test_runs_with_similar_ids_are_kept_apart(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    ids = ["run", "run-1", "run-10", "Run", "run_", "r", "run-"]
    for number, execution_id in enumerate(ids):
        await store.run(windows.add, world.plan.id, execution_id, [snapshot(number)])
    for number, execution_id in enumerate(ids):
        assert await store.run(windows.of_execution, execution_id) == [snapshot(number)]
    assert await store.run(windows.delete, "run") == 1
    assert len(await store.run(keys)) == len(ids) - 1


@pytest.mark.asyncio
async def test_a_long_node_name_has_a_row_of_its_own(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    execution_id, names = "x" * 32, [f"tls://agent-{number}.example.com:8786" for number in range(3)]
    many = [snapshot(1, name) for name in names]
    assert await store.run(windows.add, world.plan.id, execution_id, many) == 3
    found = await store.run(windows.of_execution, execution_id)
    assert sorted(one.node for one in found) == names
    assert [len(key) for key, *_ in await store.run(keys)] == [50, 50, 50]


@pytest.mark.asyncio
async def test_a_plan_that_is_gone(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    with pytest.raises(NotFound):
        await store.run(windows.add, 99, "run-1", [snapshot(1)])


@pytest.mark.asyncio
async def test_a_plan_is_pruned_bit_by_bit(store: Store, world: World, snapshot: MakeSnapshot) -> None:
    other = await store.run(plans.create, world.project.id, world.user.id, "p", PlanConfig.parse({"vus": 1}))
    await store.run(windows.add, world.plan.id, "run-1", [snapshot(seq) for seq in range(5)])
    await store.run(windows.add, other.id, "run-2", [snapshot(9)])
    assert [await store.run(windows.prune, world.plan.id, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await store.run(windows.of_execution, "run-2") == [snapshot(9)]


def second(seq: int, node: str, latencies_ms: list[int], **changes: object) -> Snapshot:
    packed = Histogram.of_ns([ms * 1_000_000 for ms in latencies_ms]).pack()
    window = StepWindow(
        step=seq % 2,
        requests=len(latencies_ms),
        failures={"reset": 1},
        statuses={"200": len(latencies_ms) - 1},
        bytes_sent=10,
        bytes_received=20,
        checks_passed=2,
        checks_failed=1,
        latency=packed,
        from_plan=packed,
        phases={"waiting": PhaseSum(2, 30, 20 + seq)},
    )
    fields: dict[str, object] = {
        "second": T0 + seq,
        "elapsed": float(seq),
        "span_ns": 10**9,
        "vus": seq,
        "planned_vus": 5,
        "windows": [window],
        "health": NodeHealth(cpu=float(seq), loop_lag_ms=float(seq), open_files=seq, open_files_limit=1024),
        "iterations": 3,
        "cut_off": 1,
        "dropped": 1,
        "late": 1,
    }
    return Snapshot(node=node, seq=seq, **{**fields, **changes})  # type: ignore[arg-type]


def test_folding_adds_up_exactly() -> None:
    # T0 is a multiple of 10, so these are seconds 8, 9 and 10, 11 of two spans.
    made = [second(seq, "a", [seq, 2 * seq]) for seq in (8, 9, 10, 11)] + [second(9, "b", [1], paused=True)]
    first, last, other = fold(made[::-1], 10)
    assert [(one.node, one.seq, one.second) for one in (first, last, other)] == [
        ("a", T0 // 10, T0),
        ("a", T0 // 10 + 1, T0 + 10),
        ("b", T0 // 10, T0),
    ]
    assert (last.elapsed, last.span_ns, last.vus, last.planned_vus, last.paused) == (11.0, 2 * 10**9, 11, 5, False)
    assert (last.iterations, last.cut_off, last.dropped, last.late) == (6, 2, 2, 2)
    assert last.health == NodeHealth(cpu=10.5, loop_lag_ms=11.0, open_files=11, open_files_limit=1024)
    assert other.paused is True
    assert [window.step for window in first.windows] == [0, 1]
    assert last.windows[1] == made[3].windows[0]


def test_folding_merges_windows_of_one_step() -> None:
    (whole,) = fold([second(seq, "a", [seq, 2 * seq]) for seq in (2, 4, 6)], 10)
    expected = Histogram.of_ns([ms * 1_000_000 for ms in (2, 4, 4, 8, 6, 12)]).pack()
    assert whole.windows == [
        StepWindow(
            step=0,
            requests=6,
            failures={"reset": 3},
            statuses={"200": 3},
            bytes_sent=30,
            bytes_received=60,
            checks_passed=6,
            checks_failed=3,
            latency=expected,
            from_plan=expected,
            phases={"waiting": PhaseSum(6, 90, 26)},
        )
    ]


@pytest.mark.asyncio
async def test_rolling_up(store: Store, world: World) -> None:
    made = [second(seq, node, [seq + 1]) for seq in range(1300) for node in ("a", "b")]
    await store.run(windows.add, world.plan.id, "run-1", made)
    for _ in range(2):
        await roll_up(store, world.plan.id, "run-1")
    for period, seconds in (("10s", 10), ("60s", 60)):
        rolled = await store.run(windows.of_execution, "run-1", period)  # type: ignore[arg-type]
        assert sorted(rolled, key=lambda one: (one.node, one.second)) == fold(made, seconds)
    assert await store.run(windows.of_execution, "run-1") == made
    await roll_up(store, world.plan.id, "run-2")
