"""What a sample costs on its way: appended by the engine, folded into a window, sent, merged into the run.

The engine pays for appending and folding in the loop that also sends requests, so these count against its budget of
10 µs per request. Printed are nanoseconds per sample; best of some rounds, because everything else only adds to it.
Then 10⁸ samples more, and the memory they take. A second of a run is kept for an hour in figures and for 5 min in a
histogram, a sample is not kept at all: so an hour almost without samples comes first, then 5 min to compare with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from typing import TypeVar

import msgspec
import numpy as np
import psutil

from perfsvc.metrics.recorder import StepRecorder
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

T = TypeVar("T")

ROUNDS = 30
SIZES = (100, 1_000, 10_000, 50_000)
START = 1_700_000_000
HOUR_S = 3_600
WARM_S = 300
MANY_S = 2_000
"""At the greatest of the sizes this is 10⁸ samples."""
REPORTS = 4

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Snapshot).decode


def main() -> None:
    """Print one row per number of samples in a second."""
    print("ns per sample    append      fold      send     merge     close       all    bytes/s")
    for size in SIZES:
        stages, sent = measure(size)
        print(f"{size:>10,}/s " + "".join(f"{each:>10.1f}" for each in (*stages, sum(stages))) + f"{sent:>11,}")
    show_memory()


def show_memory() -> None:
    """Print the process's memory while samples pour through it."""
    metrics, recorder, times = RunMetrics(["step"]), StepRecorder(), latencies(SIZES[-1])
    pour(metrics, recorder, times[:1], HOUR_S)
    pour(metrics, recorder, times, WARM_S)
    before = resident_mb()
    print(f"{metrics.total.requests:>12,} samples {before:>7.1f} MB")
    for _ in range(REPORTS):
        pour(metrics, recorder, times, MANY_S // REPORTS)
        now = resident_mb()
        print(f"{metrics.total.requests:>12,} samples {now:>7.1f} MB {100 * (now / before - 1):>+6.1f} %")


def pour(metrics: RunMetrics, recorder: StepRecorder, times: list[int], seconds: int) -> None:
    """So many seconds more of a run, with the same samples in each."""
    last = metrics.nodes["n"].sequence.highest if metrics.nodes else 0
    for seq in range(last + 1, last + seconds + 1):
        append(recorder, times)
        metrics.merge(snapshot_of(seq, recorder.fold(0)))
        metrics.close_seconds(START + seq)


def resident_mb() -> float:
    return float(psutil.Process().memory_info().rss / 1e6)


def latencies(size: int) -> list[int]:
    """A log-normal sample, ns."""
    return [int(each) for each in np.random.default_rng(1).lognormal(14.5, 0.6, size)]


def measure(size: int) -> tuple[list[float], int]:
    """Nanoseconds per sample of each stage, and how many bytes a second becomes between nodes."""
    times = latencies(size)
    rounds, sent = [], 0
    metrics, recorder = RunMetrics(["step"]), StepRecorder()
    for seq in range(1, ROUNDS + 1):
        appending, _ = timed(append, recorder, times)
        folding, window = timed(recorder.fold, 0)
        snapshot = snapshot_of(seq, window)
        sending, packed = timed(encode, snapshot)
        decoding, arrived = timed(decode, packed)
        merging, _ = timed(metrics.merge, arrived)
        closing, _ = timed(metrics.close_seconds, START + seq)
        rounds.append((appending, folding, sending + decoding, merging, closing))
        sent = len(packed)
    return [min(stage) / size for stage in zip(*rounds, strict=True)], sent


def append(recorder: StepRecorder, times: list[int]) -> None:
    """What the engine does per request, in a bare loop."""
    latency, waiting, statuses = recorder.latency.append, recorder.waiting.append, recorder.statuses
    for each in times:
        latency(each)
        waiting(each)
        statuses[200] += 1


def snapshot_of(seq: int, window: StepWindow | None) -> Snapshot:
    """A second with one window."""
    windows = [] if window is None else [window]
    second = START + seq
    return Snapshot(node="n", seq=seq, second=second, elapsed=seq, span_ns=10**9, vus=1, planned_vus=1, windows=windows)


def timed(work: Callable[..., T], *arguments: Any) -> tuple[int, T]:
    """How long a piece of work took, in ns, and its result."""
    began = time.perf_counter_ns()
    result = work(*arguments)
    return time.perf_counter_ns() - began, result


if __name__ == "__main__":
    main()
