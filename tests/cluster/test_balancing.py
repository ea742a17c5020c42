"""Weights: from plans, and step by step after the nodes' health."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.cluster.dask.balancing import LARGEST_STEP
from perfsvc.cluster.dask.balancing import SMALLEST_WEIGHT
from perfsvc.cluster.dask.balancing import first_weights
from perfsvc.cluster.dask.balancing import integer_weights
from perfsvc.cluster.dask.balancing import rebalanced
from perfsvc.cluster.dask.balancing import utilisation
from perfsvc.errors import Conflict
from perfsvc.model.placement import Placement
from perfsvc.model.window import NodeHealth


@pytest.mark.parametrize(
    ("weights", "whole"),
    [([1, 2], (1, 2)), ([0.5, 0.5], (500, 500)), ([1e-9, 1], (1, 1000)), ([2000, 1000], (667, 333)), ([0, 3], (0, 3))],
)
def test_integer_weights(weights: list[float], whole: tuple[int, ...]) -> None:
    assert integer_weights(weights) == whole


@pytest.mark.parametrize(
    ("placement", "weights"),
    [
        (Placement(), (1, 1, 1)),
        (Placement(strategy="dynamic"), (100, 100, 100)),
        (Placement(strategy="weight", weights={"b": 3}), (1, 3, 1)),
        (Placement(strategy="weight", weights={"a": 0.5, "b": 1, "c": 0.5}), (250, 500, 250)),
    ],
)
def test_first_weights(placement: Placement, weights: tuple[int, ...]) -> None:
    assert first_weights(placement, ["a", "b", "c"]) == weights


def test_a_weight_for_a_node_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(Conflict, match=r"names x, y, the available nodes are: a, b"):
        first_weights(Placement(strategy="weight", weights={"a": 1, "y": 1, "x": 2}), ["a", "b"])


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (NodeHealth(), 0),
        (NodeHealth(loop_lag_ms=20), 1),
        (NodeHealth(process_cpu=85), 1),
        (NodeHealth(loop_lag_ms=10, process_cpu=170), 2),
    ],
)
def test_utilisation(health: NodeHealth, expected: float) -> None:
    assert utilisation(health) == expected


@pytest.mark.parametrize(
    ("weights", "utilisations", "after"),
    [
        ((100, 100), (0.1, 0.2), (100, 100)),
        ((100, 100), (2.0, 2.0), (100, 100)),
        ((100, 100), (2.0, 0.1), (90, 110)),
        ((100, 100), (2.0, 0.9), (100, 100)),
        ((100, 100, 100), (2.0, 0.1, None), (90, 110, 100)),
        ((100, 100, 101), (2.0, 0.1, 0.2), (90, 105, 106)),
        ((12, 100), (2.0, 0.1), (11, 101)),
        ((10, 100), (2.0, 0.1), (10, 100)),
    ],
)
def test_rebalanced(weights: tuple[int, ...], utilisations: tuple[float | None, ...], after: tuple[int, ...]) -> None:
    assert rebalanced(weights, utilisations) == after


@given(st.lists(st.tuples(st.integers(0, 500), st.none() | st.floats(0, 5)), min_size=1, max_size=20))
def test_a_step_is_bounded_and_loses_nothing(nodes: list[tuple[int, float | None]]) -> None:
    weights, utilisations = [weight for weight, _ in nodes], [seen for _, seen in nodes]
    after = rebalanced(weights, utilisations)
    assert sum(after) == sum(weights)
    for before, now, seen in zip(weights, after, utilisations, strict=True):
        assert now >= before * (1 - LARGEST_STEP)
        assert now >= min(before, SMALLEST_WEIGHT)
        if seen is None:
            assert now == before
