"""Targets in virtual time: queues and limits that a controller drives once a second. Everything is seeded.

A target's ``second(level)`` simulates one second under a level (arrivals per second, or users) and returns its
replies. ``drive`` feeds that to a controller and applies what it says, as a run would.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple
from typing import Protocol

import numpy as np

from perfsvc.load_control import Controller
from perfsvc.metrics.figures import Health
from perfsvc.metrics.figures import Second
from perfsvc.metrics.histogram import Histogram

T0 = 1_700_000_000
PERCENTS = (50, 75, 90, 95, 99, 99.9)


@dataclass
class Outcome:
    """What came back within one second: latencies in ms of all requests sent, and counts."""

    latencies: list[float] | np.ndarray[Any, Any]
    errors: int = 0
    unsent: int = 0
    dropped: int = 0
    late: int = 0
    loop_lag_ms: float = 0.0
    iterations: int | None = None
    """Iterations completed, where they are not the requests."""


class Target(Protocol):
    def second(self, level: float) -> Outcome: ...


class Moment(NamedTuple):
    """A driven second: the level it ran at, and what the controller answered to it."""

    level: float
    second: Second
    answer: float | None


def closed_second(
    number: int, level: float, outcome: Outcome, *, paused: bool = False, elapsed: float | None = None
) -> Second:
    """The ``number``-th second of a run as the run's metrics would give it; without pauses that is what has elapsed."""
    latencies = np.asarray(outcome.latencies, dtype=float)
    some = len(latencies) > 0
    p50, p75, p90, p95, p99, p999 = np.percentile(latencies, PERCENTS).tolist() if some else (None,) * 6
    requests = len(latencies) + outcome.unsent
    return Second(
        second=T0 + number,
        width=1,
        elapsed=float(number if elapsed is None else elapsed),
        paused=paused,
        span_ns=0 if paused else 10**9,
        vus=int(level),
        planned_vus=int(level),
        iterations=requests if outcome.iterations is None else outcome.iterations,
        dropped=outcome.dropped,
        late=outcome.late,
        health=Health(loop_lag_ms=outcome.loop_lag_ms),
        requests=requests,
        errors=outcome.errors,
        rps=float(requests),
        error_rate=100 * outcome.errors / requests if requests else 0.0,
        check_rate=None,
        checks_passed=0,
        checks_failed=0,
        bytes_sent=0,
        bytes_received=0,
        avg=float(latencies.mean()) if some else None,
        min=float(latencies.min()) if some else None,
        max=float(latencies.max()) if some else None,
        p50=p50,
        p75=p75,
        p90=p90,
        p95=p95,
        p99=p99,
        p999=p999,
        latency=Histogram.of_ns((latencies * 1e6).astype(np.int64)),
    )


def drive(
    controller: Controller,
    target: Target,
    start: float,
    seconds: int,
    meddle: Callable[[int, Controller], float | None] | None = None,
) -> list[Moment]:
    """Run until the controller has finished, at most so many seconds.

    ``meddle`` is called before each of them, and may return a level, which is passed to the controller.
    """
    level, moments = start, []
    for number in range(1, seconds + 1):
        if meddle is not None:
            level = meddle(number, controller) or level
        second = closed_second(number, level, target.second(level))
        answer = controller.observe(second)
        moments.append(Moment(level, second, answer))
        level = level if answer is None else answer
        if controller.finished:
            break
    return moments


@dataclass
class Arrivals:
    """Arrival times within a second: evenly spaced over the run, or Poisson."""

    seed: int | None = None
    _owed: float = 0.0
    _numbers: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._numbers = np.random.default_rng(self.seed)

    def within(self, rate: float) -> np.ndarray[Any, Any]:
        if self.seed is not None:
            return np.sort(self._numbers.random(self._numbers.poisson(rate)))
        self._owed += rate
        count = int(self._owed)
        self._owed -= count
        return (np.arange(count) + 0.5) / max(count, 1)


class TokenBucket:
    """Serves ``rate`` requests per second and saves up to ``burst`` of them; above that it returns 503 at once."""

    def __init__(self, rate: float, burst: float = 10.0, seed: int | None = None) -> None:
        self.rate, self._burst, self._tokens = rate, burst, burst
        self._arrivals = Arrivals(seed)
        self._numbers = np.random.default_rng(seed)

    def second(self, level: float) -> Outcome:
        errors, last = 0, 0.0
        times = self._arrivals.within(level).tolist()
        for time in times:
            self._tokens = min(self._tokens + (time - last) * self.rate, self._burst)
            last = time
            if self._tokens >= 1:
                self._tokens -= 1
            else:
                errors += 1
        self._tokens = min(self._tokens + (1 - last) * self.rate, self._burst)
        served = 5 + self._numbers.exponential(5, len(times) - errors)
        return Outcome(np.concatenate([served, np.full(errors, 1.0)]), errors)


class OpenQueue:
    """M/M/c under arrivals, or D/M/c where these come evenly: ``servers``, mean service time in s.

    A reply after ``timeout`` s is an error then.
    """

    def __init__(
        self, servers: int, service_s: float, seed: int, timeout: float = 1e9, *, evenly: bool = False
    ) -> None:
        self.service_s, self._timeout = service_s, timeout
        self._free = [0.0] * servers
        self._arrivals = Arrivals(None if evenly else seed)
        self._numbers = np.random.default_rng(seed)
        self._now = 0.0
        self._pending: list[tuple[float, float, bool]] = []

    def second(self, level: float) -> Outcome:
        times = (self._now + self._arrivals.within(level)).tolist()
        works = self._numbers.exponential(self.service_s, len(times)).tolist()
        for time, work in zip(times, works, strict=True):
            start = max(time, self._free[0])
            if start - time > self._timeout:  # the client is gone before its turn: no work is done for it
                self._pending.append((time + self._timeout, self._timeout, True))
                continue
            heapq.heapreplace(self._free, start + work)
            waited = min(start + work - time, self._timeout)
            self._pending.append((time + waited, waited, waited == self._timeout))
        self._now += 1
        return self._ended()

    def _ended(self) -> Outcome:
        ended = [each for each in self._pending if each[0] <= self._now]
        self._pending = [each for each in self._pending if each[0] > self._now]
        return Outcome([1000 * latency for _, latency, _ in ended], sum(failed for *_, failed in ended))


class ClosedQueue:
    """M/M/c under users who think for ``think_s`` on average between requests; constant or exponential service."""

    def __init__(self, servers: int, service_s: float, think_s: float, seed: int, *, constant: bool = False) -> None:
        self.service_s, self._think_s, self._constant = service_s, think_s, constant
        self._free = [0.0] * servers
        self._numbers = np.random.default_rng(seed)
        self._draws: Iterator[float] = iter(())
        self._users: list[float] = []
        self._now = 0.0
        self._pending: list[tuple[float, float]] = []

    def second(self, level: float) -> Outcome:
        end = self._now + 1
        for number in range(int(level) - len(self._users)):
            heapq.heappush(self._users, self._now + number / max(level, 1))
        surplus = len(self._users) - int(level)
        while self._users and self._users[0] < end:
            if surplus > 0:
                heapq.heappop(self._users)
                surplus -= 1
                continue
            self._one(heapq.heappop(self._users))
        self._now = end
        latencies = []
        while self._pending and self._pending[0][0] <= end:
            latencies.append(1000 * heapq.heappop(self._pending)[1])
        return Outcome(latencies)

    def _one(self, time: float) -> None:
        start = max(time, self._free[0])
        work = self.service_s * (1.0 if self._constant else self._draw())
        heapq.heapreplace(self._free, start + work)
        heapq.heappush(self._pending, (start + work, start + work - time))
        heapq.heappush(self._users, start + work + self._think_s * self._draw())

    def _draw(self) -> float:
        for value in self._draws:
            return value
        self._draws = iter(self._numbers.exponential(1.0, 4096).tolist())
        return next(self._draws)


class Curve:
    """Latency as a function of the level, log-normal around it, sampled by a number of requests each second.

    It keeps up with every level: as many iterations complete as arrive.
    """

    def __init__(self, latency: Callable[[float], float], requests: int, seed: int, spread: float = 0.3) -> None:
        self.latency, self._requests, self._spread = latency, requests, spread
        self._numbers = np.random.default_rng(seed)

    def second(self, level: float) -> Outcome:
        latencies = self.latency(level) * self._numbers.lognormal(0, self._spread, self._requests)
        return Outcome(latencies, iterations=round(level))


class DeadTime:
    """A target that feels each level some seconds late."""

    def __init__(self, target: Target, seconds: int) -> None:
        self._target = target
        self._levels: deque[float] = deque(maxlen=seconds + 1)

    def second(self, level: float) -> Outcome:
        self._levels.append(level)
        return self._target.second(self._levels[0])


class Changing:
    """A target to which something happens at some seconds of its life."""

    def __init__(self, target: Target, events: dict[int, Callable[[], None]]) -> None:
        self._target, self._events = target, events
        self._number = 0

    def second(self, level: float) -> Outcome:
        self._number += 1
        self._events.get(self._number, lambda: None)()
        return self._target.second(level)


class Seats:
    """Serves so many users at a time, ten requests a second each; any other gets a 503."""

    def __init__(self, seats: int, base_error_share: float = 0.0, seed: int = 0) -> None:
        self.seats, self._base = seats, base_error_share
        self._numbers = np.random.default_rng(seed)

    def second(self, level: float) -> Outcome:
        requests = int(level) * 10
        refused = max(int(level) - self.seats, 0) * 10
        failed = self._numbers.binomial(requests - refused, self._base)
        return Outcome(np.full(requests, 20.0), refused + int(failed))


class Glass:
    """A target that breaks under more than ``most`` and never recovers, unless under less than ``mends``."""

    def __init__(self, most: float, mends: float = 0.0) -> None:
        self._most, self._mends, self.broken = most, mends, False

    def second(self, level: float) -> Outcome:
        self.broken = (self.broken or level > self._most) and level >= self._mends
        requests = int(level)
        return Outcome(np.full(requests, 20.0), requests if self.broken else 0)


class Dead:
    """A target from which nothing comes back."""

    def second(self, level: float) -> Outcome:
        return Outcome([])


class Hiccups:
    """A target that stops for a second now and then."""

    def __init__(self, target: Target, every: int) -> None:
        self._target, self._every, self._number = target, every, 0

    def second(self, level: float) -> Outcome:
        self._number += 1
        outcome = self._target.second(level)
        if self._number % self._every == 0:
            outcome.latencies = [10 * latency for latency in outcome.latencies]
        return outcome


class Stalling:
    """A generator that stands still for half of every seventh second, or of all of them above a level of ``most``.

    What it should have sent meanwhile it sends at once, and all of it is late; a bucket overflows.
    """

    def __init__(self, target: Target, most: float = math.inf) -> None:
        self._target, self._most, self._number = target, most, 0

    def second(self, level: float) -> Outcome:
        self._number += 1
        outcome = self._target.second(level)
        if self._number % 7 < 2 or level > self._most:
            outcome.latencies = [500 + latency for latency in outcome.latencies]
            outcome.errors = len(outcome.latencies) // 4
        if self._number % 7 == 0 or level > self._most:
            outcome.loop_lag_ms = 500.0
        return outcome


class Pool:
    """A generator with too few users in front of a target: it can offer ``most`` arrivals, the rest are dropped."""

    def __init__(self, target: Target, most: float) -> None:
        self._target, self._most = target, most

    def second(self, level: float) -> Outcome:
        outcome = self._target.second(min(level, self._most))
        outcome.dropped = int(max(level - self._most, 0))
        return outcome
