"""How soon a service is there again that was killed in a run of 10 h and 20 steps, and when that run is closed.

``python -m benchmarks recovery``, from the start of the process: the first good answer of ``/healthz``, the moment at
which the run has its report, and the one at which nothing is being recovered. The same without the run is the time that
a start takes anyway.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import UTC
from datetime import datetime
from functools import lru_cache
from functools import reduce
from pathlib import Path
from typing import Any
from typing import NamedTuple

import msgspec
import numpy as np
from argon2 import PasswordHasher

from benchmarks.long_run import BATCH
from benchmarks.long_run import RUN
from benchmarks.long_run import T0
from benchmarks.long_run import one_second
from benchmarks.long_run import packed
from benchmarks.long_run import second_windows
from perfsvc.clock import SystemClock
from perfsvc.metrics.span import Span
from perfsvc.metrics.window_sum import merged_window
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store import window_blob
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.window_keys import PERIODS
from perfsvc.store.window_rows import SpanParts
from tests.support.service import PASSWORD
from tests.support.service import Service

HOURS, STEPS = 10, 20
DIFFERENT = 40
"""Seconds that differ from each other; they follow in turn."""
NOT_ROLLED_UP_S = 600
"""At the end: a run that goes on is rolled up a while later."""
PROBES_S = 0.05
KEY = "k" * 32


async def fill(folder: Path, hours: int = HOURS) -> None:
    """Store the seconds of a run that no process ends any more, and its coarser rows but the last."""
    store = await Store.open("sqlite:///perfsvc.db", clock=SystemClock(), data_dir=folder)
    user = await store.run(users.create, "admin", "a@example.com", PasswordHasher().hash(PASSWORD))
    project = await store.run(projects.create, "p", "u", user.id)
    plan = await store.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
    start = datetime.fromtimestamp(T0, UTC)
    await store.run(
        executions.create, Execution(RUN, plan.id, user.id, RunState.RUNNING, spec(hours), start, None, None)
    )
    drawn = drawn_seconds()
    for width, spans in drawn.items():
        end = T0 + hours * 3_600 - (NOT_ROLLED_UP_S if width > 1 else 0)
        starts = range(T0, end - end % width, width)
        for first in range(0, len(starts), BATCH):
            rows = [row for at in starts[first : first + BATCH] for row in rows_of(plan.id, at, width, spans)]
            await store.run(windows.insert, rows, PERIODS[width])
    await store.close()


class Drawn(NamedTuple):
    """A span of time as it is stored, whenever it is: what it has besides its windows, and these."""

    span: Span
    parts: SpanParts


def drawn_seconds() -> dict[int, list[Drawn]]:
    """The different spans of every width. The seconds come in turn, so that of wider ones there are few."""
    numbers = np.random.default_rng(1)
    seconds = [second_windows(numbers, STEPS) for _ in range(DIFFERENT)]
    found = {1: [Drawn(Span(), SpanParts(window_blob.pack(each, ()), {}, {})) for each in seconds]}
    spans = [Span.of_second([counted(T0 + at, each)]) for at, each in enumerate(seconds)]
    for width in LEVELS[1:]:
        found[width] = []
        for first in range(0, max(math.lcm(width, DIFFERENT), width), width):
            turn = [at % DIFFERENT for at in range(first, first + width)]
            times = Counter(turn)
            of_steps = [merged_window(step, [seconds[at][step] for at in turn]) for step in range(STEPS)]
            span = reduce(Span.joined, (spans[at] for at in times.elements()))
            found[width].append(Drawn(span, packed(of_steps)))
    return found


def counted(second: int, windows: list[StepWindow]) -> tuple[Snapshot, int, int]:
    """A second with its requests and its errors."""
    errors = sum(sum(window.failures.values()) for window in windows)
    return one_second(second, windows), sum(window.requests for window in windows), errors


def rows_of(plan_id: int, at: int, width: int, spans: list[Drawn]) -> list[window_rows.Row]:
    """The rows of a span."""
    span, parts = spans[(at - T0) // width % len(spans)]
    if width > 1:
        elapsed = msgspec.structs.replace(span, elapsed=float(at + width - 1 - T0))
        return window_rows.encode_span(plan_id, RUN, at, width, elapsed, parts)
    return [second(plan_id, at, parts.total)]


def spec(hours: int) -> dict[str, Any]:
    """The run as it was started."""
    steps = [{"name": f"step {number}", "request": {}} for number in range(STEPS)]
    return {
        "execution_id": RUN,
        "name": "x",
        "seed": 1,
        "scenes": [{"scene": {"name": "s", "steps": steps}}],
        "load": {"stages": [{"duration": hours * 3_600, "target": 1}]},
    }


def second(plan_id: int, at: int, blob: bytes) -> window_rows.Row:
    """The row of a second."""
    head = window_rows.encode(plan_id, RUN, one_second(at))
    requests, errors = sums_of(blob)
    data = msgspec.json.decode(head.data)
    data |= {"request_count": requests, "failure_count": errors}
    return window_rows.Row(plan_id, head.shard_key, head.seq, at, msgspec.Raw(msgspec.json.encode(data)), blob)


@lru_cache(maxsize=DIFFERENT)
def sums_of(blob: bytes) -> tuple[int, int]:
    """The requests and the errors of a second."""
    _, requests, errors = counted(0, window_blob.all_windows(blob))
    return requests, errors


def healthy(service: Service) -> bool:
    with urllib.request.urlopen(f"{service.url}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)


def started(folder: Path) -> None:
    """Start a service over a folder, and print when it was there and when it had recovered."""
    began, slowest, closed = time.perf_counter(), 0.0, 0.0
    service = Service(folder / "data", secret_key=KEY)
    try:
        healthy(service)
        ready = time.perf_counter() - began
        while service.get("/healthz").body["recovering"]:
            begun = time.perf_counter()
            healthy(service)
            slowest = max(slowest, time.perf_counter() - begun)
            if not closed and service.get("/api/performance/reports/").body["total"]:
                closed = time.perf_counter() - began
            time.sleep(PROBES_S)
        recovered = time.perf_counter() - began
        if not closed and service.get("/api/performance/reports/").body["total"]:
            closed = recovered  # between two looks
        ending = f"; the run closed after {closed:.1f} s, all done after {recovered:.1f} s" if closed else ""
        print(f"  answers after {ready:.2f} s, then within {1000 * slowest:.0f} ms{ending}", flush=True)
        if incidents := service.get("/healthz").body["incidents"]:
            print(incidents, (folder / "service.log").read_text())
    finally:
        service.end()


def main() -> None:
    """With and without the run."""
    with tempfile.TemporaryDirectory() as name:
        empty, full = Path(name) / "empty", Path(name) / "full"
        for folder in (empty, full):
            (folder / "data").mkdir(parents=True)
        asyncio.run(fill(full / "data"))
        print(f"\nstart of the service, log-in included; an interrupted run of {HOURS} h and {STEPS} steps")
        print("without it:")
        started(empty)
        print("with it:")
        started(full)
