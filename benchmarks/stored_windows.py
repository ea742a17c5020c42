"""Reading a long run from the store: sizes, answer times, and how late the event loop was meanwhile.

Two runs, 3 h of 20 steps and 10 h of 50 steps, whose spans of each width are alike.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from perfsvc.clock import SystemClock
from perfsvc.event_loop import run_on_loop
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.span import Span
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.metrics.window_sum import merged_window
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.service.runs.ended_runs import EndedRuns
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.run_windows import Wanted
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store import window_blob
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.windows import PERIODS

REQUESTS = 25
T0 = 1_700_000_000 // 3600 * 3600
RUNS = ((3, 20), (10, 50))
"""Hours and steps."""
EDGE = 3_600
"""Seconds that are stored as such; the others are there in wider spans only."""


def second_windows(steps: int) -> list[StepWindow]:
    """One second of every step."""
    numbers = np.random.default_rng(1)
    made = []
    for step in range(steps):
        service = numbers.lognormal(np.log(12e6), 0.35, REQUESTS).astype(np.int64)
        packed = Histogram.of_ns(service).pack()
        made.append(StepWindow(step=step, requests=REQUESTS, statuses={"200": REQUESTS}, latency=packed))
    return made


def at_second(head: msgspec.Raw, second: int) -> msgspec.Raw:
    """The document of another second that is alike."""
    return msgspec.Raw(msgspec.json.encode({**msgspec.json.decode(head), "second": second, "seq": second}))


async def fill(store: Store, hours: int, count: int) -> dict[int, int]:
    """The run of so many hours and steps; return the bytes of a row of each width."""
    end = T0 + hours * 3600
    user = await store.run(users.create, "u", "u@example.com", "x")
    project = await store.run(projects.create, "p", "u", user.id)
    plan = await store.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
    steps = [{"name": f"step {number}", "request": {}} for number in range(count)]
    spec = {"execution_id": "run", "name": "x", "seed": 1, "scenes": [{"scene": {"name": "s", "steps": steps}}],
            "load": {"stages": [{"duration": 1, "target": 1}]}}  # fmt: skip
    start = datetime.fromtimestamp(T0, UTC)
    await store.run(executions.create, Execution("run", plan.id, user.id, RunState.RUNNING, spec, start, None, None))
    sizes, of_second = {}, second_windows(count)
    snapshots = [
        Snapshot(node="n", seq=at, second=at, elapsed=1.0, span_ns=10**9, vus=9, planned_vus=9, windows=of_second)
        for at in (T0, *range(end - EDGE, end))
    ]
    first = windows.encode(plan.id, "run", snapshots[0])
    rows = [
        windows.Row(plan.id, first.shard_key, one.seq, one.second, at_second(first.data, one.second), first.windows)
        for one in snapshots
    ]
    sizes[1] = len(rows[0].windows) + len(rows[0].data)
    await store.run(windows.insert, rows)
    span = Span.of_second([(snapshots[0], count * REQUESTS, 0)])
    merged, width_before = of_second, 1
    for width in LEVELS[1:]:
        times = width // width_before
        merged = [merged_window(window.step, [window] * times) for window in merged]
        for _ in range(times.bit_length()):
            span = span.joined(span)
        blob = window_blob.pack_steps(merged, merged_window(TOTAL, merged))
        sizes[width], width_before = len(blob), width
        coarse = [windows.encode_span(plan.id, "run", at, width, span, blob) for at in range(T0, end, width)]
        await store.run(windows.insert, coarse, PERIODS[width])
    return sizes


async def lateness(late: list[float]) -> None:
    """How late a timer of 1 ms fires, until it is cancelled."""
    while True:
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - due)


async def measured(name: str, ask: Callable[[], Awaitable[Any]]) -> None:
    """Three askings: the median time, and the worst lateness of the loop."""
    late: list[float] = []
    watcher = asyncio.get_running_loop().create_task(lateness(late))
    took = []
    for _ in range(3):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    watcher.cancel()
    sys.stdout.write(
        f"{name:<28} {1000 * statistics.median(took):7.0f} ms   loop late at most {1000 * max(late):5.1f} ms\n"
    )


async def read(hours: int, steps: int) -> None:
    """Print the figures of one run."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open("sqlite:///w.db", clock=SystemClock(), data_dir=Path(folder))
        sizes = await fill(store, hours, steps)
        told = ", ".join(f"{width} s: {size / 1000:.1f} KB" for width, size in sizes.items())
        sys.stdout.write(f"\n{hours} h, {steps} steps, {REQUESTS} requests a second each; a row of {told}\n")
        windows, odd = RunWindows(store), Wanted(T0 + 1234, T0 + hours * 3600 - 777)
        ended, whole = EndedRuns(store), Wanted(None, None)
        await measured("metrics of the ended run", lambda: ended.figures("run", None))
        await measured("metrics of its last 300 s", lambda: ended.figures("run", 300))
        await measured("its live feed", lambda: ended.read("run"))
        await measured("figures, whole run", lambda: windows.figures("run", whole))
        await measured("figures, odd edges", lambda: windows.figures("run", odd))
        await measured("distribution", lambda: windows.distribution("run", odd))
        await measured("heat map 300 x 60", lambda: windows.heatmap("run", whole, 300, 60))
        await measured("series, all requests", lambda: windows.series("run", whole, 600, [None]))
        await measured("series, one step", lambda: windows.series("run", whole, 600, [7]))
        await store.close()


async def read_all() -> None:
    """Both runs."""
    for hours, steps in RUNS:
        await read(hours, steps)


def main() -> None:
    """Print what reading takes."""
    run_on_loop(read_all())


if __name__ == "__main__":
    main()
