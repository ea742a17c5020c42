"""Statistics of this process: its CPU, its waits for a core, and the lateness of its event loop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from perfsvc.clock import NS_PER_S

SHORTEST_SPAN_NS = NS_PER_S // 1_000
PROC = Path("/proc")


class ProcessSample(NamedTuple):
    """Means over the last ``span_ns``, in percent of one core; ``loop_lag_ms`` is the worst lateness within it."""

    span_ns: int
    cpu: float
    cpu_wait: float
    loop_lag_ms: float


class ProcessSampler:
    """Samples this process at the interval of its user, who also reports the lateness of the loop's timers.

    All methods belong to the event loop's thread, whose waits for a core are measured.
    """

    def __init__(self) -> None:
        self._waited_ns = cpu_waited_ns()
        self._used_ns = time.process_time_ns()
        self._sampled_ns = time.perf_counter_ns()
        self._worst_ns = 0

    def loop_late(self, lateness_ns: int) -> None:
        """A timer of the loop fired this late."""
        self._worst_ns = max(self._worst_ns, lateness_ns)

    def sample(self, span_ns: int = 0) -> ProcessSample:
        """The statistics since the last sample, at least ``span_ns`` ago."""
        now_ns, used_ns, waited_ns = time.perf_counter_ns(), time.process_time_ns(), cpu_waited_ns()
        span_ns = max(span_ns, now_ns - self._sampled_ns, SHORTEST_SPAN_NS)
        sample = ProcessSample(
            span_ns=span_ns,
            cpu=round(100 * (used_ns - self._used_ns) / span_ns, 1),
            cpu_wait=round(min(100 * (waited_ns - self._waited_ns) / span_ns, 100.0), 1),
            loop_lag_ms=round(self._worst_ns / 1e6, 3),
        )
        self._sampled_ns, self._used_ns, self._waited_ns, self._worst_ns = now_ns, used_ns, waited_ns, 0
        return sample


def cpu_waited_ns() -> int:
    """Time that this thread was ready to run but had no core, since it began; 0 where that is not counted."""
    times = kernel_numbers(PROC / "thread-self/schedstat")
    return times[1] if len(times) > 1 else 0


def kernel_numbers(path: Path) -> list[int]:
    """The numbers in a file of the kernel; none where the file does not exist."""
    return [int(word) for word in read_bytes(path).split()]


def read_bytes(path: Path) -> bytes:
    """The bytes of a small file; none where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
