"""Elasticity of the metric with respect to the load, estimated from the moves made so far."""

from __future__ import annotations

FIRST_GUESS = 1.0
FIRST_DOUBT = 1.0
DRIFT, RELATIVE_DRIFT = 0.3, 0.3
"""How far the elasticity may wander with each move: on a curve it is another one everywhere."""
WEAKEST, STRONGEST = 0.4, 20.0


class Elasticity:
    """The local elasticity, d log metric / d log load: recursive least squares that forget (a Kalman filter), bounded.

    It is 1 where the metric is in proportion to the load, as latency is when users queue and throughput when they do
    not; near 0 where latency is still flat; far above 1 close to the limit of an open queue. The lower bound keeps a
    metric that does not change from calling for huge moves. ``learnt`` once there has been a move to learn from.
    """

    def __init__(self) -> None:
        self.elasticity = FIRST_GUESS
        self.learnt = False
        self._variance = FIRST_DOUBT

    def learn(self, load: float, metric: float, variance: float) -> None:
        """A move changed the load's logarithm by ``load``, and thereupon the metric's by ``metric``.

        ``variance`` is that of the noise in ``metric``: a small move under much noise teaches little.
        """
        self.learnt = True
        self._variance += (DRIFT + RELATIVE_DRIFT * self.elasticity) ** 2
        trust = self._variance * load / (self._variance * load * load + variance)
        self._variance *= 1 - trust * load
        moved = self.elasticity + trust * (metric - self.elasticity * load)
        self.elasticity = min(max(moved, WEAKEST), STRONGEST)
