"""Snapshots: written once, read back exactly, rolled up exactly."""

from __future__ import annotations

import asyncio

import msgspec
import numpy as np
import pytest

from perfsvc.errors import NotFound
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.span import Span
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.metrics.window_sum import merged_window
from perfsvc.model.config import PlanConfig
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import plans
from perfsvc.store import window_blob
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.migrations import migrate
from perfsvc.store.migrations import runner
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import read
from perfsvc.store.rollup import roll_up
from perfsvc.store.tables import TABLES
from perfsvc.store.tables import MetricsRow
from tests.store.conftest import T0
from tests.store.conftest import MakeSnapshot
from tests.store.conftest import World
from tests.store.test_schema import in_migration

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


TWO = Measured(2)
ALL = Parts(True, range(3))


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


def merged(made: list[Snapshot], start: int, width: int, step: int | None = None) -> StepWindow | None:
    """What the windows of a span add up to, computed apart from the store."""
    found = [
        window
        for one in made
        if start <= one.second < start + width
        for window in one.windows
        if step is None or window.step == step
    ]
    return merged_window(TOTAL if step is None else step, found) if found else None


def test_a_second_of_several_nodes_adds_up() -> None:
    one, other = second(3, "a", [1, 2]), second(3, "b", [3], paused=True, vus=4)
    span = Span.of_second([(one, 2, 1), (other, 1, 0)])
    assert (span.load.nodes, span.load.vus, span.load.span_ns, span.load.seconds) == (2, 7, 10**9, 1)
    assert (span.counts, span.peaks, span.elapsed) == ((6, 2, 2, 2), (0.0, 3.0, 0.0), 3.0)
    assert [(name, part.vus, part.requests, part.errors) for name, part in span.nodes.items()] == [
        ("a", 3, 2, 1),
        ("b", 4, 1, 0),
    ]
    both = span.joined(span)
    assert (both.load.seconds, both.load.vus, both.counts) == (2, 14, (12, 4, 4, 4))
    assert both.nodes["a"].requests == 4


@pytest.mark.asyncio
async def test_rolling_up(store: Store, world: World) -> None:
    made = [second(seq, node, [seq + 1]) for seq in range(1300) for node in ("a", "b")]
    await store.run(windows.add, world.plan.id, "run-1", made)
    for _ in range(2):
        await roll_up(store, world.plan.id, "run-1", TWO)
    for width in LEVELS[1:]:
        first = T0 - T0 % width
        pieces = await store.run(read, "run-1", width, first, T0 + 1300, ALL)
        assert [piece.start for piece in pieces] == list(range(first, T0 + 1300, width))
        for piece in (pieces[0], pieces[-1]):
            assert piece.totals == [merged(made, piece.start, width)]
            of_steps = {each.step: each for blob in piece.steps for each in window_blob.all_windows(blob)}
            assert of_steps == {step: merged(made, piece.start, width, step) for step in (0, 1)}
        assert sum(piece.span.load.seconds for piece in pieces) == 1300
        assert sum(piece.span.nodes["b"].requests for piece in pieces) == 1300
    assert await store.run(windows.of_execution, "run-1") == made
    await roll_up(store, world.plan.id, "run-2", TWO)


@pytest.mark.asyncio
async def test_rolling_up_a_run_that_goes_on(store: Store, world: World) -> None:
    made = [second(seq, "a", [seq + 1]) for seq in range(700)]
    for end in (95, 400, 700):
        await store.run(windows.add, world.plan.id, "run-1", made[:end])
        await roll_up(store, world.plan.id, "run-1", TWO, T0 + end)
        assert await store.run(windows.span, "run-1", "10s") == (T0, T0 + end - end % 10 - 10)
    assert await store.run(windows.span, "run-1", "60s") == (T0 - T0 % 60, (T0 + 700) // 60 * 60 - 60)
    await store.run(windows.delete_coarser, "run-1", T0 + 345)
    assert await store.run(windows.span, "run-1", "10s") == (T0, T0 + 330)
    await roll_up(store, world.plan.id, "run-1", TWO)
    pieces = await store.run(read, "run-1", 3600, 0, T0 + 3600, Parts(True, ()))
    assert sum(total.requests for piece in pieces for total in piece.totals) == 700


@pytest.mark.asyncio
async def test_groups_have_no_part_in_the_sum(store: Store, world: World) -> None:
    latency = Histogram.of_ns([5_000_000]).pack()
    of_steps = [StepWindow(step=step, requests=step + 1, latency=latency) for step in range(3)]
    made = [second(seq, "a", [1], windows=of_steps) for seq in range(20)]
    await store.run(windows.add, world.plan.id, "run-1", made, {1})
    await roll_up(store, world.plan.id, "run-1", Measured(3, {1}))
    for width in (1, 10):
        pieces = await store.run(read, "run-1", width, 0, T0 + 20, ALL._replace(apart={1}))
        assert sum(total.requests for piece in pieces for total in piece.totals) == 20 * (1 + 3)
    assert pieces[0].span.nodes["a"].requests == 10 * 4


def test_the_size_of_a_second_of_200_steps() -> None:
    numbers = np.random.default_rng(1)
    made = []
    for step in range(200):
        service = numbers.lognormal(np.log(12e6), 0.35, 25).astype(np.int64)
        planned = service + numbers.integers(0, 2_000_000, 25)
        made.append(
            StepWindow(
                step=step,
                requests=25,
                statuses={"200": 25},
                latency=Histogram.of_ns(service).pack(),
                from_plan=Histogram.of_ns(planned).pack(),
                phases={"waiting": PhaseSum(25, int(service.sum()), int(service.max()))},
            )
        )
    row = window_rows.encode(1, "run-1", second(1, "a", [1], windows=made))
    assert len(row.data) < 600
    assert len(row.windows) < 31_000  # 88 KB as JSON
    assert window_blob.all_windows(row.windows) == made


def packed_again(snapshot: Snapshot) -> Snapshot:
    """The snapshot with its histograms in the form of now."""
    of_steps = [
        msgspec.structs.replace(
            window,
            latency=Histogram.unpack(window.latency).pack(),
            from_plan=Histogram.unpack(window.from_plan).pack(),
        )
        for window in snapshot.windows
    ]
    return msgspec.structs.replace(snapshot, windows=of_steps)


@pytest.mark.asyncio
async def test_an_upgrade_keeps_every_second(store: Store, world: World) -> None:
    made = [second(seq, node, [seq + 1, seq + 2]) for seq in range(30) for node in ("a", "b")]
    await store.run(windows.add, world.plan.id, "run-1", made)
    await roll_up(store, world.plan.id, "run-1", TWO)
    before = Histogram.of_ns([1_000_000, 2_000_000]).pack()
    while await store.run(in_migration(lambda database: runner(database).down())) != ["0009_windows_of_steps"]:
        pass
    in_version_1 = await store.run(windows.of_execution, "run-1")
    assert in_version_1[0].windows[0].latency[0] == 1
    assert Histogram.unpack(in_version_1[0].windows[0].latency).pack() == before
    while await store.run(in_migration(lambda database: runner(database).down())) != ["0005_window_blobs"]:
        pass
    await store.run(in_migration(lambda database: migrate(database, dict(table.shape() for table in TABLES))))
    after = await store.run(windows.of_execution, "run-1")
    assert [packed_again(snapshot) for snapshot in after] == made
    assert await store.run(windows.span, "run-1", "10s") is None
    await roll_up(store, world.plan.id, "run-1", TWO)
    (piece, *_) = await store.run(read, "run-1", 10, T0 + 10, T0 + 20, Parts(False, [0]))
    assert piece.totals == []
    assert window_blob.all_windows(piece.steps[0]) == [merged(made, T0 + 10, 10, 0)]


def test_spans_of_earlier_versions_have_the_shares_as_the_plan() -> None:
    earlier = b"[[2, 2000000000, 0, 4, 12, 16, 90.0, 1.0, 2.0, 3.0], [1, 0, 0, 0], [1.0, 1.0, 1.0], 2.0, {}]"
    load = window_rows.decode_span(earlier.decode()).load
    assert (load.mean_planned_vus, load.mean_planned_rate, load.plan_share) == (8.0, 45.0, 1.0)
