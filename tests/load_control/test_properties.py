"""What holds for every controller whatever the target does."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.errors import InvalidInput
from perfsvc.load_control import controller_for
from perfsvc.load_control.adaptive.controller import AdaptiveController
from perfsvc.load_control.controller import Scale
from perfsvc.load_control.error_rate.bisection import MOST_CONTRADICTIONS
from perfsvc.load_control.error_rate.bisection import Phase
from perfsvc.load_control.error_rate.bisection import SearchStrategy
from perfsvc.load_control.error_rate.bisection import Verdict
from perfsvc.load_control.error_rate.controller import ErrorRateController
from perfsvc.load_control.step.controller import StepTable
from perfsvc.model.config import PlanConfig
from perfsvc.model.load import Adaptive
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Load
from perfsvc.model.load import Variable
from perfsvc.model.profile import load_of
from tests.load_control.simulated import Outcome
from tests.load_control.simulated import closed_second

VARIABLES: list[Variable] = ["vus", "arrival_rate"]
METRICS = ["p50", "p90", "p95", "p99", "avg", "error_rate", "rps"]


@st.composite
def bounds(draw: st.DrawFn) -> tuple[float, float]:
    low = draw(st.floats(0.01, 10_000))
    return low, draw(st.floats(low, low * 10_000))


@st.composite
def searches(draw: st.DrawFn) -> ErrorSearch:
    low, high = draw(bounds())
    return ErrorSearch(
        low=low,
        high=high,
        first=draw(st.none() | st.floats(low, high)),
        step=draw(st.none() | st.floats(max((high - low) / 50, 0.001), high)),
        threshold=draw(st.floats(0.01, 100)),
        level_time=draw(st.floats(0.5, 20)),
        settle_time=draw(st.floats(0, 10)),
        precision=draw(st.floats(0.1, 50)),
        confirmations=draw(st.integers(0, 5)),
    )


def most_levels(spec: ErrorSearch) -> int:
    """How many levels a search can take at the very most: so many times up, in halves, and again, with rests."""
    raised = 60 if spec.step else math.ceil(math.log(spec.high / spec.low, 1.5)) + 60
    halved = math.ceil(math.log2(spec.high / spec.low * 100 / spec.precision)) + 20
    return (MOST_CONTRADICTIONS + 1) * (raised + 3 * halved + spec.confirmations + 3)


def wild_outcome(numbers: random.Random) -> Outcome:
    """A second of anything: nothing, failures only, tiny and huge latencies."""
    count = numbers.choice([0, 0, 1, 5, 100])
    latencies = [10 ** numbers.uniform(-3, 7) for _ in range(count)]
    unsent = numbers.choice([0, 0, 3])
    errors = numbers.choice([0, 0, numbers.randint(0, count), count]) + unsent
    return Outcome(latencies, errors, unsent, dropped=numbers.choice([0, 0, 50]), late=numbers.choice([0, 0, 50]))


@settings(max_examples=200)
@given(searches(), st.sampled_from(VARIABLES), st.integers(0, 2**32), st.floats(0, 1))
def test_every_search_ends_within_its_bounds(spec: ErrorSearch, variable: Variable, seed: int, bias: float) -> None:
    """Whatever the verdicts, even such as contradict each other."""
    numbers = random.Random(seed)
    scale = Scale.between(variable, spec.low, spec.high)
    course = SearchStrategy(spec, scale)
    move, levels = course.first, 0
    others = [Verdict.BAD, Verdict.SATURATED, Verdict.EMPTY]
    following = move
    while following is not None:
        move = following
        assert scale.low <= move.level <= scale.high
        assert variable == "arrival_rate" or move.level == int(move.level)
        levels += 1
        assert levels <= most_levels(spec)
        verdict = Verdict.GOOD if numbers.random() < bias else numbers.choice(others)
        following = course.after(move, verdict)
    if course.complete and course.best is not None:
        ceiling = course.ceiling
        assert ceiling is None or not scale.apart(course.best, ceiling, spec.precision)
        assert ceiling is not None or course.best == scale.high


@settings(max_examples=200)
@given(searches(), st.sampled_from(VARIABLES), st.floats(0, 1.2))
def test_a_sharp_limit_is_always_bracketed(spec: ErrorSearch, variable: Variable, where: float) -> None:
    scale = Scale.between(variable, spec.low, spec.high)
    limit = scale.low * (scale.high / scale.low) ** where
    course = SearchStrategy(spec, scale)
    following = course.first
    while following is not None:
        verdict = Verdict.GOOD if following.level <= limit else Verdict.BAD
        following = course.after(following, verdict)
    assert course.complete
    assert course.best is not None
    assert course.best <= limit
    assert course.ceiling is None or course.ceiling > limit
    assert course.at_least == (course.ceiling is None)


@settings(max_examples=60)
@given(searches(), st.sampled_from(VARIABLES), st.integers(0, 2**32))
def test_a_search_survives_any_seconds(spec: ErrorSearch, variable: Variable, seed: int) -> None:
    numbers = random.Random(seed)
    search = ErrorRateController(spec, variable)
    scale = Scale.between(variable, spec.low, spec.high)
    level = scale.low
    for number in range(1, 400):
        if numbers.random() < 0.01:
            search.changed_by_hand(numbers.choice([0.0, level / 2, level * 2, spec.high * 2]))
        level = search.observe(closed_second(number, level, wild_outcome(numbers))) or level
        assert scale.low <= level <= scale.high
    json.dumps(search.result(), allow_nan=False)


@settings(max_examples=100)
@given(bounds(), st.sampled_from(VARIABLES), st.sampled_from(METRICS), st.floats(0.01, 1e5), st.integers(0, 2**32))
def test_adaptive_survives_any_seconds(
    within: tuple[float, float], variable: Variable, metric: str, target: float, seed: int
) -> None:
    low, high = within
    wanted = {"low": low, "high": high, "metric": metric, "target": target, "settle": 50.0, "hold": 250.0}
    governor = AdaptiveController(Adaptive.parse(wanted), variable)
    scale = Scale.between(variable, low, high)
    numbers = random.Random(seed)
    level = scale.low
    for number in range(1, 301):
        if numbers.random() < 0.01:
            governor.changed_by_hand(numbers.choice([0.0, level / 2, level * 2, high * 2]))
        level = governor.observe(closed_second(number, level, wild_outcome(numbers))) or level
        assert scale.low <= level <= scale.high
        assert variable == "arrival_rate" or level == int(level)
    assert governor.finished
    result = governor.result()
    json.dumps(result, allow_nan=False)
    assert result is not None
    assert 0 <= result["in_band"] <= 100
    assert len(result["evidence"]) == 300


@settings(max_examples=60)
@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 2**32))
def test_a_staircase_survives_any_seconds(step: int, step_time: int, seed: int) -> None:
    config = {"concurrent_users": 100, "test_mode": "step", "step_users": step, "step_time": step_time}
    table = StepTable(load_of(PlanConfig.parse(config)))
    numbers = random.Random(seed)
    for number in range(1, 200):
        if numbers.random() < 0.01:
            table.changed_by_hand(numbers.uniform(0, 100))
        assert table.observe(closed_second(number, 1, wild_outcome(numbers))) is None
    json.dumps(table.result(), allow_nan=False)


@given(bounds(), st.sampled_from(VARIABLES), st.floats(0, 1e9))
def test_a_level_that_fits_stays_as_it_is(within: tuple[float, float], variable: Variable, wish: float) -> None:
    scale = Scale.between(variable, *within)
    level = scale.fit(wish)
    assert scale.low <= level <= scale.high
    assert scale.fit(level) == level
    assert level < scale.above(level) or level == scale.high


def controlled(mode: str, **more: object) -> Load:
    return load_of(PlanConfig.parse({"concurrent_users": 100, "test_mode": mode, **more}))


def test_each_mode_has_its_controller() -> None:
    target = {"metric": "p95", "target": 200}
    assert isinstance(controller_for(controlled("step", step_users=10, step_time=5)), StepTable)
    assert isinstance(controller_for(controlled("error_rate", error_threshold=1.0)), ErrorRateController)
    assert isinstance(controller_for(controlled("adaptive", adaptive_target=target)), AdaptiveController)
    assert controller_for(controlled("concurrent")) is None


@pytest.mark.parametrize(("step_users", "first"), [(None, 1), (10, 10), (500, 100)])
def test_a_search_begins_where_the_profile_does(step_users: int | None, first: float) -> None:
    config = {} if step_users is None else {"step_users": step_users}
    load = controlled("error_rate", error_threshold=1.0, **config)
    assert isinstance(load.control, ErrorSearch)
    course = SearchStrategy(load.control, Scale.between("vus", load.control.low, load.control.high))
    assert course.first == (first, Phase.RAISE, 0)
    assert load.stages[-1].target == first
    assert load.peak == 100


def test_an_adaptive_load_that_is_held_for_no_time_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        controlled("adaptive", adaptive_target={"metric": "p95", "target": 200}, ramp_up_time=10, hold_time=0)
    assert [problem.path for problem in refused.value.problems] == ["config.hold_time"]
