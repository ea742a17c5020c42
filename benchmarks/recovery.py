"""How soon a service is there again that was killed in a run of 10 h and 20 steps, and when that run is closed.

``python -m benchmarks recovery``, from the start of the process: the first good answer of ``/healthz``, the moment at
which the run has its report, and the one at which nothing is being recovered. The same without the run is the time that
a start takes anyway.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import urllib.request
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from benchmarks.long_run import BATCH
from benchmarks.long_run import END
from benchmarks.long_run import RUN
from benchmarks.long_run import T0
from benchmarks.long_run import drawn_spans
from benchmarks.long_run import one_second
from benchmarks.long_run import rows_of
from perfsvc.clock import SystemClock
from perfsvc.model.config import PlanConfig
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.windows import PERIODS
from tests.support.service import PASSWORD
from tests.support.service import Service

HOURS, STEPS = 10, 20
NOT_ROLLED_UP_S = 600
"""At the end: a run that goes on is rolled up a while later."""
PROBES_S = 0.05
KEY = "k" * 32


async def fill(folder: Path) -> None:
    """Store the seconds of a run that no process ends any more."""
    store = await Store.open("sqlite:///perfsvc.db", clock=SystemClock(), data_dir=folder)
    user = await store.run(users.create, "admin", "a@example.com", PasswordHasher().hash(PASSWORD))
    project = await store.run(projects.create, "p", "u", user.id)
    plan = await store.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
    start = datetime.fromtimestamp(T0, UTC)
    await store.run(executions.create, Execution(RUN, plan.id, user.id, RunState.RUNNING, spec(), start, None, None))
    spans, choice = drawn_spans(STEPS), random.Random(1)
    for first in range(T0, END, BATCH):
        rows = [second(plan.id, at, choice.choice(spans[1].packed).total) for at in range(first, first + BATCH)]
        await store.run(windows.insert, rows)
    for width in LEVELS[1:]:
        coarser = [row for row in rows_of(plan.id, width, spans) if row.timestamp + width <= END - NOT_ROLLED_UP_S]
        for at in range(0, len(coarser), BATCH):
            await store.run(windows.insert, coarser[at : at + BATCH], PERIODS[width])
    await store.close()


def spec() -> dict[str, Any]:
    """The run as it was started."""
    steps = [{"name": f"step {number}", "request": {}} for number in range(STEPS)]
    return {
        "execution_id": RUN,
        "name": "x",
        "seed": 1,
        "scenes": [{"scene": {"name": "s", "steps": steps}}],
        "load": {"stages": [{"duration": HOURS * 3_600, "target": 1}]},
    }


def second(plan_id: int, at: int, blob: bytes) -> windows.Row:
    """The row of a second."""
    row = windows.encode(plan_id, RUN, one_second(at))
    return windows.Row(plan_id, row.shard_key, row.seq, row.timestamp, row.data, blob)


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
            asked = time.perf_counter()
            healthy(service)
            slowest = max(slowest, time.perf_counter() - asked)
            if not closed and service.get("/api/performance/reports/").body["total"]:
                closed = time.perf_counter() - began
            time.sleep(PROBES_S)
        recovered = time.perf_counter() - began
        told = f"; the run closed after {closed:.1f} s, all done after {recovered:.1f} s" if closed else ""
        print(f"  answers after {ready:.2f} s, then within {1000 * slowest:.0f} ms{told}", flush=True)
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
