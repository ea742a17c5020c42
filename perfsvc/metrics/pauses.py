"""When a run was paused, to a tenth of a second, from the running time of its seconds.

A pause that lies within one second is not seen there; it is known to a millisecond, from the commands.
"""

from __future__ import annotations

import math

from perfsvc.clock import NS_PER_S

MAX_PAUSES = 1_000

Span = tuple[float, float]


class Pauses:
    """The pauses of a run as (start, end), Unix time."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._brief: list[Span] = []

    def note_brief(self, start: float, seconds: float) -> None:
        """Take in a pause that is over, where it lies within one second."""
        end = start + seconds
        if math.floor(start) == math.floor(end) and len(self._brief) < MAX_PAUSES:
            self._brief.append((round(start, 3), round(end, 3)))

    def note(self, second: int, span_ns: int, *, paused: bool) -> None:
        """Take in a second with its running time, and whether it ended in a pause."""
        idle = min(max(1 - span_ns / NS_PER_S, 0.0), 1.0)
        started, ended = self._spans[-1] if self._spans else (0.0, 0.0)
        if ended != second:
            if paused and len(self._spans) < MAX_PAUSES:
                self._spans.append((second + 1 - idle, second + 1))
        elif paused or idle:
            self._spans[-1] = (started, second + (1 if paused else idle))

    def blocks(self, until: float = math.inf) -> list[dict[str, float]]:
        """The pauses with their lengths in s; none goes on after ``until``, the end of the run."""
        spans = [(round(start, 1), round(min(end, until), 1)) for start, end in self._spans if start < until]
        brief = [span for span in self._brief if not any(meets(span, other) for other in spans)]
        return [
            {"start": start, "end": end, "seconds": round(end - start, 3)} for start, end in sorted([*spans, *brief])
        ]


def meets(one: Span, other: Span) -> bool:
    """Whether two spans have a moment in common."""
    return one[0] <= other[1] and other[0] <= one[1]
