"""The parts of a report: what each step and error class contributed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfsvc.analysis.blocks import counts_block
from perfsvc.analysis.blocks import latency_block
from perfsvc.analysis.blocks import own_blocks
from perfsvc.analysis.blocks import plan_summary
from perfsvc.analysis.blocks import rate
from perfsvc.metrics.figures import percent
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import PHASES
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import PhaseSum


def step_rows(metrics: RunMetrics) -> list[dict[str, Any]]:
    """One row per step, in the order of the scenes; steps that never ran, too."""
    return [
        {
            "index": index,
            "name": name,
            "type": "group" if index in metrics.groups else "request",
            "part": metrics.parts[index],
            **counts_block(totals, metrics.running_ns),
            **latency_block(totals.latency),
            **plan_summary(totals.from_plan),
            "phases": phase_blocks(totals.phases),
            "statuses": dict(sorted(totals.statuses.items())),
            "failures": by_count(totals.failures),
            "unsent": by_count(totals.unsent_by),
            **own_blocks(totals.counters, totals.gauges),
        }
        for index, (name, totals) in enumerate(zip(metrics.step_names, metrics.steps, strict=True))
    ]


def error_details(metrics: RunMetrics) -> list[dict[str, Any]]:
    """One entry per error class, the most frequent first, with its samples."""
    everything = metrics.everything
    return class_details(metrics, everything.failures, everything.requests)


def unsent_details(metrics: RunMetrics) -> list[dict[str, Any]]:
    """The same of requests that were never sent; their share is of those and all requests."""
    everything = metrics.everything
    return class_details(metrics, everything.unsent_by, everything.requests + everything.unsent)


def class_details(metrics: RunMetrics, counts: dict[str, int], total: int) -> list[dict[str, Any]]:
    """One entry per class, the most frequent first, with its samples."""
    samples: dict[str, list[ErrorSample]] = {}
    for sample in metrics.error_samples:
        samples.setdefault(sample.error_class, []).append(sample)
    return [
        {
            "error_class": error_class,
            "count": count,
            "share": rate(percent(count, total)),
            "samples": [_sample(sample, metrics) for sample in samples.get(error_class, [])],
        }
        for error_class, count in by_count(counts).items()
    ]


def by_count(counts: dict[str, int]) -> dict[str, int]:
    """Counts with the greatest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def phase_blocks(phases: Mapping[str, PhaseSum]) -> dict[str, Any]:
    """The phases that took place, in their order."""
    return {phase: _phase(phases[phase]) for phase in PHASES if phase in phases}


def _phase(phase: PhaseSum) -> dict[str, Any]:
    average = to_ms(phase.total_ns / phase.count) if phase.count else None
    return {"count": phase.count, "avg": average, "max": to_ms(phase.max_ns)}


def _sample(sample: ErrorSample, metrics: RunMetrics) -> dict[str, Any]:
    known = 0 <= sample.step < len(metrics.step_names)
    return {
        "scene": metrics.scenes[sample.step] if known else None,
        "step": metrics.step_names[sample.step] if known else None,
        "index": sample.step if known else None,
        "timestamp": round(sample.timestamp, 3),
        "message": sample.message,
        "message_zh": sample.message_zh or sample.message,
        "request": sample.request,
        "response_head": sample.response_head,
        "body": sample.body,
    }
