"""A stored run of 10 h and 50 steps, without the 10 h: its seconds and its wider spans are drawn from a few of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from argon2 import PasswordHasher

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.metrics.window_sum import merged_window
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.model.window import PHASES
from perfsvc.model.window import PhaseSum
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

RUN = "run"
USER, PASSWORD = "reader", "correct horse"
HOURS, STEPS, REQUESTS = 10, 50, 25
T0 = 1_700_000_000 // 3600 * 3600
END = T0 + HOURS * 3600
EDGE = 1_800
"""Seconds at either end that are stored as such; those between are there in wider spans only."""
DRAWN = {1: 40, 10: 20, 60: 12, 600: 6, 3600: 4}
"""How many different spans there are of each width."""
BATCH = 600


class Spans(NamedTuple):
    """The different spans of one width: the windows of all steps, and what is stored of each."""

    windows: list[list[StepWindow]]
    packed: list[SpanParts]

    @property
    def bytes(self) -> float:
        return sum(len(each.total) + sum(map(len, each.steps.values())) for each in self.packed) / len(self.packed)


def second_windows(numbers: np.random.Generator, steps: int = STEPS) -> list[StepWindow]:
    """One second of every step, each with a typical latency of its own; one request of 100 fails."""
    made = []
    for step in range(steps):
        service = numbers.lognormal(np.log(4e6 * (1 + step % 10)), 0.35, REQUESTS).astype(np.int64)
        failed = service[numbers.random(REQUESTS) < 0.01]
        phases = {name: PhaseSum(REQUESTS, int(service.sum()), int(service.max())) for name in PHASES[-2:]}
        made.append(
            StepWindow(
                step=step,
                requests=REQUESTS,
                failures={"HTTP 500": len(failed)} if len(failed) else {},
                statuses={"200": REQUESTS - len(failed)},
                bytes_sent=REQUESTS * 400,
                bytes_received=REQUESTS * 2_000,
                checks_passed=REQUESTS,
                latency=Histogram.of_ns(service).pack(),
                from_plan=Histogram.of_ns(service + 90_000).pack(),
                failed=Histogram.of_ns(failed).pack(),
                phases=phases,
            )
        )
    return made


def drawn_spans(steps: int = STEPS) -> dict[int, Spans]:
    """The spans of every width, each made of some of the narrower ones."""
    numbers, choice = np.random.default_rng(1), random.Random(1)
    seconds = [second_windows(numbers, steps) for _ in range(DRAWN[1])]
    spans = {1: Spans(seconds, [SpanParts(window_blob.pack(each, ()), {}, {}) for each in seconds])}
    for narrower, width in pairwise(LEVELS):
        parts = [choice.choices(spans[narrower].windows, k=width // narrower) for _ in range(DRAWN[width])]
        whole = [[merged_window(step, [part[step] for part in each]) for step in range(steps)] for each in parts]
        spans[width] = Spans(whole, [packed(each) for each in whole])
    return spans


def packed(of_steps: list[StepWindow]) -> SpanParts:
    """The windows of a wider span as they are stored."""
    total = merged_window(TOTAL, of_steps)
    blobs = {window.step: window_blob.pack_steps([window]) for window in of_steps}
    summaries = {window.step: StepSummary.of(window) for window in (total, *of_steps)}
    return SpanParts(window_blob.pack_steps([], total), blobs, summaries)


async def fill(store: Store, spans: dict[int, Spans]) -> None:
    """Store the run."""
    user = await store.run(users.create, USER, "u@example.com", PasswordHasher().hash(PASSWORD))
    project = await store.run(projects.create, "p", "u", user.id)
    plan = await store.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
    steps = [{"name": f"step {number}", "request": {}} for number in range(STEPS)]
    spec = {
        "execution_id": RUN,
        "name": "x",
        "seed": 1,
        "scenes": [{"scene": {"name": "s", "steps": steps}}],
        "load": {"stages": [{"duration": HOURS * 3600, "target": 1}]},
    }
    start = datetime.fromtimestamp(T0, UTC)
    await store.run(executions.create, Execution(RUN, plan.id, user.id, RunState.RUNNING, spec, start, None, None))
    reason = EndReason(code="stopped_by_user", zh="用户停止", en="stopped by the user")
    await store.run(executions.finish, RUN, RunState.STOPPED, reason, datetime.fromtimestamp(END, UTC))
    for width in LEVELS:
        rows = list(rows_of(plan.id, width, spans))
        for first in range(0, len(rows), BATCH):
            await store.run(windows.insert, rows[first : first + BATCH], PERIODS[width])


def rows_of(plan_id: int, width: int, spans: dict[int, Spans]) -> Iterator[window_rows.Row]:
    """All rows of one width."""
    choice = random.Random(width)
    whole = one_second(T0)
    span = Span.of_second([(whole, STEPS * REQUESTS, 3)])
    for _ in range(width.bit_length() - 1):
        span = span.joined(span)
    starts = [*range(T0, T0 + EDGE), *range(END - EDGE, END)] if width == 1 else range(T0, END, width)
    for start in starts:
        parts = choice.choice(spans[width].packed)
        if width == 1:
            row = window_rows.encode(plan_id, RUN, one_second(start))
            yield window_rows.Row(plan_id, row.shard_key, row.seq, row.timestamp, row.data, parts.total)
        else:
            yield from window_rows.encode_span(plan_id, RUN, start, width, span, parts)


def one_second(second: int, of_steps: list[StepWindow] | None = None) -> Snapshot:
    """What the node reports of a second."""
    return Snapshot(
        node="n",
        seq=second,
        second=second,
        elapsed=float(second - T0),
        span_ns=10**9,
        vus=9,
        planned_vus=9,
        windows=of_steps or [],
    )


def sizes_of_a_second(steps: int) -> tuple[int, int]:
    """The bytes of a second of so many steps: as it is stored, and as JSON."""
    snapshot = one_second(T0, second_windows(np.random.default_rng(2), steps))
    row = window_rows.encode(1, RUN, snapshot)
    return len(row.windows) + len(row.data), len(msgspec.json.encode(snapshot))
