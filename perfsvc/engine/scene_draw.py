"""Which scene comes next: each new user of a closed load and each arrival of an open one draws by weight."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc.engine.share import Share
from perfsvc.model.load import Load


class SceneDraw:
    """Draws the scene that is furthest behind its weight. ``before`` draws are taken as made by other nodes."""

    def __init__(self, weights: Sequence[int], before: int = 0) -> None:
        total = sum(weights) or 1
        self._weights = weights
        self._drawn = [before * weight // total for weight in weights]
        for _ in range(before - sum(self._drawn)):
            self.next()

    def next(self) -> int:
        """Return the index of the next scene."""
        weights, drawn = self._weights, self._drawn
        if len(weights) == 1:
            return 0
        behind = min(range(len(weights)), key=lambda i: ((drawn[i] + 1) / weights[i], i))
        drawn[behind] += 1
        return behind

    def put_back(self, index: int) -> None:
        """Undo a draw: who it was for is no longer there, and the next one takes the place."""
        self._drawn[index] -= 1


def draws_before(load: Load, share: Share, weights: Sequence[int]) -> int:
    """Return where a node begins in the order of draws, so that all nodes together keep the weights.

    In a closed load that is after the users of the nodes before it; in an open one nodes are spread over a round.
    """
    if load.open:
        return sum(weights) * share.index // len(share.weights)
    users = int(load.peak)
    return sum(Share(index, share.weights).of(users) for index in range(share.index))
