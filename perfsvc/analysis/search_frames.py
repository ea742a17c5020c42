"""Live frames of searches and adaptive load: the rows that are new since the last frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfsvc.model.test_mode import TestMode

UNFINISHED = "unfinished"


class SearchFrames:
    """Follows the ``search`` object of a run second by second."""

    def __init__(self, mode: TestMode) -> None:
        self._mode = mode
        self._sent = 0
        self._last: dict[str, Any] | None = None

    def after(self, second: int, search: dict[str, Any], *, ended: bool = False) -> list[dict[str, Any]]:
        """A frame for each row that is complete and was not sent before. ``ended``: the row under way is the last."""
        bracket = {name: search[name] for name in ("low", "high", "value")}
        complete = bool(search.get("complete"))
        return [
            {
                "type": "search",
                "timestamp": second,
                "data": {"mode": self._mode, "row": row, "bracket": bracket, "complete": complete},
            }
            for row in self._new(search["evidence"], ended=ended)
        ]

    def _new(self, evidence: list[dict[str, Any]], *, ended: bool) -> Iterator[dict[str, Any]]:
        if self._mode == "adaptive":
            yield from self._newest(evidence)
            return
        done = [row for row in evidence if row.get("verdict") != UNFINISHED]
        if self._mode == "step" and not ended:
            done = done[:-1]
        yield from done[self._sent :]
        self._sent = max(self._sent, len(done))

    def _newest(self, trace: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The last row of a trace, which is thinned out as it grows."""
        if trace and trace[-1] != self._last:
            self._last = trace[-1]
            yield trace[-1]
