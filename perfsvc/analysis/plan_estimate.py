"""Estimate of a plan before it is started: iterations, requests, users needed.

They stand on Little's law: users at work = iterations per second x time of an iteration. How long a request takes is
known only from an earlier report of the plan; without one, what hangs on it is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from itertools import pairwise
from typing import Any

from perfsvc.analysis.curve import curve_of
from perfsvc.errors import Text
from perfsvc.model.load import Adaptive
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Load
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import ChoiceStep
from perfsvc.model.scene import IfStep
from perfsvc.model.scene import LoopStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.scene import ThinkStep
from perfsvc.model.scene import inner_steps
from perfsvc.model.think_time import mean_think_time


@dataclass(frozen=True)
class KnownLatency:
    """Mean latencies of an earlier run in ms: of all requests, and by the name of a step."""

    report_id: int
    avg: float
    p50: float | None
    by_step: Mapping[str, float]


@dataclass(frozen=True)
class Iteration:
    """A scene's iteration on average: requests, s of thinking, s of waiting for replies where that is known."""

    requests: float
    thinking: float
    waiting: float | None

    @property
    def duration(self) -> float | None:
        return None if self.waiting is None else self.thinking + self.waiting


def iteration_of(scene: SceneSpec, latency: KnownLatency | None) -> Iteration:
    """Expected duration and requests of one pass through the steps of a scene."""
    total = [0.0, 0.0, 0.0]
    for step, times in expected(scene.steps, 1.0):
        if isinstance(step, RequestStep | ThinkStep) and step.think_time is not None:
            total[1] += times * mean_think_time(step.think_time)
        if isinstance(step, RequestStep):
            total[0] += times
            total[2] += times * (0.0 if latency is None else latency.by_step.get(step.name, latency.avg)) / 1000
    return Iteration(total[0], total[1], None if latency is None else total[2])


def expected(steps: Sequence[Step], times: float) -> list[tuple[Step, float]]:
    """Every step with how often an iteration takes it: both ways of a condition half the time, a ``while`` once."""
    found: list[tuple[Step, float]] = []
    for step in steps:
        found.append((step, times))
        if isinstance(step, ChoiceStep):
            whole = sum(option.weight for option in step.options)
            for option in step.options:
                found += expected(option.steps, times * option.weight / whole)
            continue
        inner = times * step.times if isinstance(step, LoopStep) else times
        inner = inner / 2 if isinstance(step, IfStep) and step.otherwise else inner
        for within in inner_steps(step):
            found += expected(within, inner)
    return found


def area_of(load: Load) -> float:
    """The area under the profile: user-seconds, or arrivals."""
    points = [(point["t"], point["level"]) for point in curve_of(load)]
    return sum((low + high) / 2 * (end - start) for (start, low), (end, high) in pairwise(points))


@dataclass(frozen=True)
class Estimate:
    """Estimate of a run. ``iteration_time``, ``iterations``, ``requests`` and ``users`` are None where unknown."""

    scenes: list[dict[str, Any]]
    iteration_time: float | None
    iterations: int | None
    requests: int | None
    users: int | None
    advice: list[dict[str, Any]]


def estimate(spec: RunSpec, latency: KnownLatency | None) -> Estimate:
    """The estimate, with advice where the numbers do not fit together."""
    parts = [iteration_of(weighted.scene, latency) for weighted in spec.scenes]
    share = shares_of(spec)
    mean = mean_duration(spec, parts, share)
    iterations = iterations_of(spec.load, mean)
    each = sum(part.requests * fraction for part, fraction in zip(parts, share, strict=True))
    scenes = [
        {
            "name": weighted.scene.name,
            "weight": weighted.weight,
            "share": round(100 * fraction, 3),
            "requests_per_iteration": round(part.requests, 3),
        }
        for weighted, part, fraction in zip(spec.scenes, parts, share, strict=True)
    ]
    return Estimate(
        scenes=scenes,
        iteration_time=None if mean is None else round(mean, 6),
        iterations=None if iterations is None else round(iterations),
        requests=None if iterations is None else round(iterations * each),
        users=users_needed(spec.load, mean),
        advice=advice_of(spec, mean, latency),
    )


def thinking_of(spec: RunSpec) -> float:
    """Seconds of an iteration over all scenes without any waiting for replies: think times, at least the pacing."""
    parts = [replace(iteration_of(weighted.scene, None), waiting=0.0) for weighted in spec.scenes]
    return mean_duration(spec, parts, shares_of(spec)) or 0.0


def shares_of(spec: RunSpec) -> list[float]:
    """The part of all iterations that each scene has."""
    weights = [weighted.weight for weighted in spec.scenes]
    return [weight / sum(weights) for weight in weights]


def mean_duration(spec: RunSpec, parts: Sequence[Iteration], share: Sequence[float]) -> float | None:
    """Seconds of an iteration over all scenes, at least the pacing; None where replies' times are not known."""
    durations = [part.duration for part in parts]
    finite = [duration for duration in durations if duration is not None]
    if len(finite) < len(durations):
        return None
    return max(sum(each * fraction for each, fraction in zip(finite, share, strict=True)), spec.pacing_s)


def iterations_of(load: Load, mean: float | None) -> float | None:
    """Iterations over the whole profile, which a search or an adaptive load does not follow."""
    if isinstance(load.control, ErrorSearch | Adaptive):
        return None
    planned = area_of(load) if load.open else area_of(load) / mean if mean else None
    limit = load.iterations
    if limit is None:
        return planned
    most = float(limit.count * (load.most_users if limit.scope == "per_vu" else 1))
    return most if planned is None else min(planned, most)


def users_needed(load: Load, mean: float | None) -> int | None:
    """Users at work at the peak of the load."""
    if not load.open:
        return load.most_users
    return None if mean is None else max(math.ceil(load.peak * mean - 1e-9), 1)


def advice_of(spec: RunSpec, mean: float | None, latency: KnownLatency | None) -> list[dict[str, Any]]:
    """What an earlier report adds to the plan's own numbers, in both languages."""
    load, found = spec.load, []
    needed = users_needed(load, mean)
    if load.open and mean is not None and needed is not None and needed > load.most_users:
        rate, ms = load.peak, mean * 1000
        zh = f"每秒 {rate:g} 次、每次迭代 {ms:.0f} 毫秒，至少需要 {needed} 个虚拟用户，而上限是 {load.most_users}"
        en = f"{rate:g}/s at {ms:.0f} ms an iteration needs at least {needed} users; the plan allows {load.most_users}"
        found.append(note_of("users_too_few", "warning", zh, en))
    if not load.open and mean:
        rate = load.peak / mean
        zh = f"{load.most_users} 个虚拟用户、每次迭代 {mean * 1000:.0f} 毫秒，约每秒 {rate:.0f} 次迭代"
        en = f"{load.most_users} users at {mean * 1000:.0f} ms an iteration make about {rate:.0f} iterations/s"
        found.append(note_of("expected_rate", "info", zh, en))
    if latency is None:
        zh = "没有以往的报告，无法按响应时间估算"
        found.append(
            note_of("no_latency", "info", zh, "no report of this plan yet, so nothing is known of its latency")
        )
    return found


def note_of(code: str, severity: str, zh: str, en: str) -> dict[str, Any]:
    """A piece of advice."""
    return {"code": code, "severity": severity, **Text(zh, en)._asdict()}
