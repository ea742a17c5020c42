"""The seconds in which the generator was not fit, as spans of time: a viewer who joins late hatches the same ones.

The live page judges each second of its feed by the same limits; the points of a history may be too wide for that, and
have no nodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any
from typing import Literal

from perfsvc.metrics.validity import CPU_PERCENT
from perfsvc.metrics.validity import LAG_MS

Unfitness = Literal["lag", "cpu", "lost"]
MOST = 1_000
"""Spans that are kept; of more, those that lie close are joined."""
CLOSE_S = 10
WHOLE_PERCENT = 99.5
"""Below this the running nodes do not carry the whole load: shares are rounded."""


@dataclass(slots=True)
class UnfitSpan:
    """From ``start`` up to ``end``, Unix time."""

    start: int
    end: int
    kind: Unfitness


class UnfitSeconds:
    """All of them in a run, in bounded memory."""

    def __init__(self) -> None:
        self._spans: list[UnfitSpan] = []
        self._close_s = CLOSE_S

    def add(self, second: int, data: Mapping[str, Any]) -> None:
        """Judge a second by its frame; seconds come in order."""
        kind = None if data["paused"] else unfitness(data)
        if kind is None:
            return
        self._extend(UnfitSpan(second, second + data["width"], kind), gap=0)
        while len(self._spans) > MOST:
            spans, self._spans = self._spans, []
            for span in spans:
                self._extend(span, self._close_s)
            self._close_s *= 2

    def blocks(self) -> list[dict[str, Any]]:
        """The spans as the first frame has them."""
        return [asdict(span) for span in self._spans]

    def _extend(self, span: UnfitSpan, gap: int) -> None:
        last = self._spans[-1] if self._spans else None
        if last is not None and last.kind == span.kind and span.start <= last.end + gap:
            last.end = max(last.end, span.end)
        else:
            self._spans.append(span)


def unfitness(data: Mapping[str, Any]) -> Unfitness | None:
    """Why the generator was not fit in the second of a frame; None if it was."""
    if misses_load(data["nodes"]):
        return "lost"
    if max(data["loop_lag"] or 0.0, data["send_lag"] or 0.0) >= LAG_MS:
        return "lag"
    return "cpu" if (data["process_cpu"] or 0.0) >= CPU_PERCENT else None


def misses_load(nodes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a node is silent, or one is lost and the others have not taken over its share."""
    states = [(node["state"], node["share"]) for node in nodes]
    carried = sum(share for state, share in states if state == "running")
    return any(state == "silent" or (state == "lost" and carried < WHOLE_PERCENT) for state, _ in states)
