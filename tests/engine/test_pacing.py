"""How much load there should be, by tables and by properties."""

from __future__ import annotations

import math
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.engine.pacing import Arrivals
from perfsvc.engine.pacing import Profile
from perfsvc.engine.pacing import arrival_areas
from perfsvc.engine.pacing import users_at
from perfsvc.engine.share import Share
from perfsvc.model.load import Stage


def profile(*stages: tuple[float, float]) -> Profile:
    return Profile([Stage(duration=duration, target=target) for duration, target in stages])


stages = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10_000)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("elapsed", "users"),
    [(-1, 0), (0, 1), (0.99, 1), (1, 2), (5.5, 6), (9.99, 10), (10, 10), (14.9, 10), (16, 9), (24.5, 0), (25, 0)],
)
def test_users_of_a_ramp(elapsed: float, users: int) -> None:
    assert users_at(profile((10, 10), (5, 10), (10, 0)), elapsed) == users


def test_a_stage_of_no_duration_is_a_jump() -> None:
    assert users_at(profile((0, 50), (1, 50)), 0) == 50
    assert users_at(profile((0, 50), (1, 50), (0, 5), (1, 5)), 1) == 5


@given(stages, st.floats(0, 5000))
def test_users_never_exceed_the_peak(drawn: list[tuple[float, float]], elapsed: float) -> None:
    assert 0 <= users_at(profile(*drawn), elapsed) <= max(target for _, target in drawn)


@given(stages, st.floats(0, 5000), st.floats(0, 5000))
def test_the_area_grows_with_time(drawn: list[tuple[float, float]], one: float, other: float) -> None:
    low, high = sorted((one, other))
    made = profile(*drawn)
    assert 0 <= made.area(low) <= made.area(high) + 1e-6


@given(stages, st.floats(0.001, 0.999))
def test_the_moment_of_an_area_is_when_it_is_reached(drawn: list[tuple[float, float]], share: float) -> None:
    made = profile(*drawn)
    whole = made.area(made.duration)
    if whole > 1:
        assert made.area(made.moment_of(whole * share)) == pytest.approx(whole * share, rel=1e-6)
    assert made.moment_of(whole + 1) == math.inf


def test_a_new_level_takes_over_from_now_on() -> None:
    made = profile((10, 100), (10, 100))
    made.set_level(5, 20)
    assert made.at(4.999) == pytest.approx(49.99)
    assert made.at(5) == made.at(19.9) == 20
    assert made.at(20) == 0
    assert made.area(20) == pytest.approx(125 + 300)
    made.set_level(20, 7)
    assert made.at(20) == 0


def due_moments(made: Profile, count: int, distribution: str = "constant", index: int = 0, of: int = 1) -> list[float]:
    arrivals = Arrivals(made, distribution, 42, Share(index, (1,) * of))  # type: ignore[arg-type]
    return [arrivals.take() for _ in range(count)]


def test_constant_arrivals_are_evenly_spaced_from_the_origin() -> None:
    assert due_moments(profile((0, 100), (60, 100)), 6001)[:-1] == pytest.approx([n / 100 for n in range(6000)])
    assert due_moments(profile((0, 100), (60, 100)), 6001)[-1] == math.inf


def test_ramping_arrivals_follow_the_integral() -> None:
    assert due_moments(profile((10, 10)), 4) == pytest.approx([0, math.sqrt(2), 2, math.sqrt(6)])


@given(st.integers(1, 5), st.sampled_from(["constant", "poisson"]))
def test_nodes_together_make_exactly_the_plan(nodes: int, distribution: str) -> None:
    whole = due_moments(profile((5, 50), (5, 50)), 60, distribution)
    shares = [due_moments(profile((5, 50), (5, 50)), 60 // nodes, distribution, index, nodes) for index in range(nodes)]
    together = sorted(moment for share in shares for moment in share)
    assert together == pytest.approx(whole[: len(together)])


def test_poisson_arrivals_repeat_with_the_seed_and_have_the_rate() -> None:
    gaps = list(islice(arrival_areas("poisson", 1), 20_000))
    assert gaps == list(islice(arrival_areas("poisson", 1), 20_000))
    assert gaps != list(islice(arrival_areas("poisson", 2), 20_000))
    assert gaps[-1] == pytest.approx(20_000, rel=0.03)


class Node:
    """Arrivals of one node, taken as time goes by."""

    def __init__(self, share: Share, distribution: str, since: float = 0.0) -> None:
        self.profile = profile((5, 50), (15, 50))
        first = self.profile.area(since)
        self.arrivals = Arrivals(self.profile, distribution, 7, share, first)  # type: ignore[arg-type]
        self.taken: list[float] = []

    def go_on(self, until: float) -> None:
        while self.arrivals.due <= until:
            self.taken.append(self.arrivals.take())


weights = st.lists(st.integers(0, 6), min_size=3, max_size=3).filter(any)
splits = st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.01, 1), weights), min_size=1, max_size=6)


@given(weights, splits, st.sampled_from(["constant", "poisson"]), st.floats(1, 60))
def test_no_arrival_is_lost_or_doubled_by_new_shares(
    first: list[int], changes: list[tuple[float, float, list[int]]], distribution: str, level: float
) -> None:
    nodes = [Node(Share(index, tuple(first)), distribution) for index in range(3)]
    whole = Node(Share(), distribution)
    now = 0.0
    for number, (gap, lead, shares) in enumerate(changes):
        now += gap
        for index, node in enumerate(nodes):
            node.go_on(now)
            if number == 1:
                node.profile.set_level(now + lead, level)
                node.arrivals.replan()
            node.arrivals.resplit(node.profile.area(now + lead), Share(index, tuple(shares)))
        if number == 1:
            whole.profile.set_level(now + lead, level)
            whole.arrivals.replan()
        now += lead
    for node in (*nodes, whole):
        node.go_on(20)
    assert sorted(moment for node in nodes for moment in node.taken) == pytest.approx(whole.taken)


@given(weights, weights, st.sampled_from(["constant", "poisson"]), st.floats(0.1, 9), st.floats(0.01, 2))
def test_new_shares_that_are_reported_too_late_count_from_when_they_should(
    before: list[int], after: list[int], distribution: str, since: float, late: float
) -> None:
    nodes = [Node(Share(index, tuple(before)), distribution) for index in range(3)]
    whole = Node(Share(), distribution)
    for index, node in enumerate(nodes):
        node.go_on(since + late if index == 0 else since / 2)
        node.arrivals.resplit(node.profile.area(since), Share(index, tuple(after)))
    for node in (*nodes, whole):
        node.go_on(20)
    together = sorted(moment for node in nodes for moment in node.taken if moment > since + late)
    assert together == pytest.approx([moment for moment in whole.taken if moment > since + late])


@pytest.mark.parametrize("distribution", ["constant", "poisson"])
def test_a_node_is_taken_back_where_the_others_are(distribution: str) -> None:
    nodes = [Node(Share(index, (1, 1)), distribution) for index in range(2)]
    whole = Node(Share(), distribution)
    for since, shares in ((3, (0, 1)), (12, (1, 1))):
        for index, node in enumerate(nodes):
            node.go_on(since - 0.1)
            node.arrivals.resplit(node.profile.area(since), Share(index, shares))
    for node in (*nodes, whole):
        node.go_on(20)
    assert sorted(nodes[0].taken + nodes[1].taken) == pytest.approx(whole.taken)
    assert not [moment for moment in nodes[0].taken if 3 < moment < 12]


def test_a_node_that_is_taken_back_need_not_walk_through_a_billion_arrivals() -> None:
    made = profile((0, 1e6), (10_000, 1e6))
    arrivals = Arrivals(made, "constant", 7, Share(0, (1, 1)))
    arrivals.resplit(made.area(0.001), Share(0, (0, 1)))
    while arrivals.due < math.inf:
        arrivals.take()
    arrivals.resplit(made.area(9000), Share(0, (1, 1)))
    assert arrivals.due == pytest.approx(9000)


@given(weights, st.floats(0.1, 19), st.sampled_from(["constant", "poisson"]))
def test_a_node_that_comes_later_takes_the_place_of_one_that_was_lost(
    shares: list[int], since: float, distribution: str
) -> None:
    nodes = [Node(Share(index, (1, 1, 1)), distribution) for index in range(3)]
    whole = Node(Share(), distribution)
    lost = nodes.pop()
    lost.go_on(math.nextafter(since, -1))
    for index, node in enumerate(nodes):
        node.go_on(since / 2)
        node.arrivals.resplit(node.profile.area(since), Share(index, tuple(shares)))
    nodes.append(Node(Share(2, tuple(shares)), distribution, since))
    for node in (*nodes, whole):
        node.go_on(20)
    together = sorted(moment for node in (*nodes, lost) for moment in node.taken)
    assert together == pytest.approx(whole.taken)


def test_what_is_overdue_is_shared_exactly() -> None:
    nodes = [Node(Share(index, (3, 1, 2)), "constant") for index in range(3)]
    for node in nodes:
        node.go_on(4)
    whole = Node(Share(), "constant")
    whole.go_on(4)
    assert sum(node.arrivals.overdue(9) for node in nodes) == whole.arrivals.overdue(9) > 100
