"""A clock that a test moves by hand."""

from __future__ import annotations

START = 1_700_000_000.0


class ManualClock:
    """Both readings move together, by ``advance`` only."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def advance(self, seconds: float) -> None:
        self.elapsed += seconds

    def now_ns(self) -> int:
        return int(self.elapsed * 1e9)

    def wall(self) -> float:
        return START + self.elapsed
