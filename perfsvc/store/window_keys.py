"""Keys of the rows of a run's snapshots: by node for single seconds, by run and by step for the coarser rows."""

from __future__ import annotations

import hashlib
from typing import Any
from typing import Literal

from perfsvc.metrics.window_sum import TOTAL
from perfsvc.store.tables import MetricsRow

Period = Literal["1s", "10s", "60s", "600s", "3600s"]
SECONDS: dict[Period, int] = {"1s": 1, "10s": 10, "60s": 60, "600s": 600, "3600s": 3600}
PERIODS: dict[int, Period] = {seconds: period for period, seconds in SECONDS.items()}

MAX_SHARD_KEY = 50
ALL_NODES = ""
"""The node of coarser rows."""
STEP_MARK = "#"
"""Stands in the keys of coarser rows of one step, between the run and the step."""


def shard_key(execution_id: str, node: str) -> str:
    """``execution:node``; a name too long for the column stands by its digest."""
    key = f"{execution_id}:{node}"
    if len(key) <= MAX_SHARD_KEY:
        return key
    room = MAX_SHARD_KEY - len(execution_id) - 1
    return f"{execution_id}:{hashlib.blake2s(node.encode()).hexdigest()[:room]}"


def step_key(execution_id: str, step: int) -> str:
    """The key of the coarser rows of a step."""
    return f"{execution_id}{STEP_MARK}{step}"


def summary_key(execution_id: str, step: int) -> str:
    """The key of the coarser rows that have a step in figures; ``TOTAL`` is all requests."""
    return shard_key(execution_id, ALL_NODES) if step == TOTAL else step_key(execution_id, step)


def step_rows_of(execution_id: str) -> Any:
    """The condition for the coarser rows of all steps of a run."""
    # "$" follows "#" in both databases' order of code points.
    return (MetricsRow.shard_key >= f"{execution_id}{STEP_MARK}") & (MetricsRow.shard_key < f"{execution_id}$")


def rows_of(execution_id: str, period: Period | None = None) -> Any:
    """The condition for a run's rows, of one period or of all; the coarser ones of its steps are apart."""
    if period not in (None, "1s"):
        return (MetricsRow.shard_key == shard_key(execution_id, ALL_NODES)) & (MetricsRow.aggregation_period == period)
    # A range, so that the index is used; ";" follows ":" in both databases' order of code points.
    condition = (MetricsRow.shard_key >= f"{execution_id}:") & (MetricsRow.shard_key < f"{execution_id};")
    return condition & (MetricsRow.aggregation_period == period) if period else condition
