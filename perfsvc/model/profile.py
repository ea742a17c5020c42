"""From a plan's config to its load profile."""

from __future__ import annotations

import math

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.config import RateRange
from perfsvc.model.load import LONGEST_BY_ITERATIONS_S
from perfsvc.model.load import Adaptive
from perfsvc.model.load import Control
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Iterations
from perfsvc.model.load import Load
from perfsvc.model.load import Stage
from perfsvc.model.load import Steps

MAX_STEPS = 5_000
LONGEST_SEARCH_S = 3600.0
"""Where the plan sets no hold time, a search may take this long."""
LEVEL_TIME_S = 10.0
SHORTEST_LEVEL_S = 2.0
SETTLE_SHARE = 0.2
SETTLE_S = 30.0
"""What adaptive usually needs to find its load, s."""
LEVELS_IN_HOLD = 30


def load_of(config: PlanConfig) -> Load:
    """The load profile that a config describes.

    Raises InvalidInput for a staircase of too many steps, and for an adaptive load that is held for no time.
    """
    execution = config.execution_config
    count = execution.max_iterations
    return Load(
        variable="vus" if execution.arrival_rate is None else "arrival_rate",
        stages=tuple(_STAGES[config.test_mode](config)),
        max_vus=execution.max_vus or config.concurrent_users,
        distribution=execution.distribution,
        when_late=execution.when_late,
        iterations=None if count is None else Iterations(count=count, scope=execution.iterations_scope),
        control=_CONTROLS[config.test_mode](config),
    )


def _concurrent(config: PlanConfig) -> list[Stage]:
    execution = config.execution_config
    if execution.stages:
        return list(execution.stages)
    rate = execution.arrival_rate
    if isinstance(rate, tuple):
        return [each.stage() for each in rate]
    target = float(rate) if isinstance(rate, float) else float(config.concurrent_users)
    return [Stage(duration=float(config.ramp_up_time), target=target), _hold(target, _hold_time(config))]


def _hold_time(config: PlanConfig) -> float:
    """The hold time, s; iterations decide the end where the plan limits them and sets no time."""
    counted = config.execution_config.max_iterations is not None and "hold_time" not in config.model_fields_set
    return LONGEST_BY_ITERATIONS_S if counted else float(config.hold_time)


def _staircase(config: PlanConfig) -> list[Stage]:
    low, high = _range(config)
    step, seconds = float(config.step_users or 1), config.step_time or 1
    first = step if config.execution_config.arrival_rate is None else low
    count = max(math.ceil((high - first) / step - 1e-9), 0) + 1
    if count > MAX_STEPS:
        zh, en = f"阶梯数 {count} 超过上限 {MAX_STEPS}", f"{count} steps are more than {MAX_STEPS}"
        raise InvalidInput.at("config.step_users", zh, en)
    levels = [min(first + number * step, high) for number in range(count)]
    return [stage for level in levels for stage in (_jump(level), _hold(level, seconds))]


def _searched(config: PlanConfig) -> list[Stage]:
    has_hold = "hold_time" in config.model_fields_set
    first = _first_level(config)
    return [_jump(first), _hold(first, config.hold_time if has_hold else LONGEST_SEARCH_S)]


def _adapted(config: PlanConfig) -> list[Stage]:
    if not config.hold_time:
        raise InvalidInput.at("config.hold_time", "adaptive 模式下必须大于 0", "must exceed 0 with test_mode adaptive")
    low, _ = _range(config)
    return [_jump(low), _hold(low, settle_time(config) + config.hold_time)]


def _no_control(config: PlanConfig) -> Control | None:
    return None


def _steps(config: PlanConfig) -> Control | None:
    return Steps(step=float(config.step_users or 1), step_time=float(config.step_time or 1))


def _error_search(config: PlanConfig) -> Control | None:
    low, high = _range(config)
    search = config.execution_config.search
    level_time = search.level_time or _level_time(config)
    settle = search.settle_time if search.settle_time is not None else level_time * SETTLE_SHARE
    return ErrorSearch(
        low=low,
        high=high,
        first=_first_level(config),
        step=None if config.step_users is None else float(config.step_users),
        threshold=config.error_threshold or 1.0,
        level_time=level_time,
        settle_time=min(settle, level_time / 2),
        precision=search.precision,
        confirmations=search.confirmations,
    )


def _adaptive(config: PlanConfig) -> Control | None:
    low, high = _range(config)
    target = config.adaptive_target
    if target is None:  # refused by the config itself
        return None
    return Adaptive(
        low=low,
        high=high,
        metric=target.metric,
        target=target.target,
        settle=settle_time(config),
        hold=float(config.hold_time),
    )


def _first_level(config: PlanConfig) -> float:
    """First level of a search: the users of one step, or the lowest arrival rate."""
    low, high = _range(config)
    users = config.execution_config.arrival_rate is None and config.step_users
    return min(float(users), high) if users else low


def settle_time(config: PlanConfig) -> float:
    """Seconds for finding the load to hold: the ramp-up time, or where the plan sets none, as long as it takes."""
    has_ramp = "ramp_up_time" in config.model_fields_set
    return float(config.ramp_up_time) if has_ramp else SETTLE_S


def _level_time(config: PlanConfig) -> float:
    """Seconds per level: as the plan says, or so that a search fits into its hold time."""
    if config.step_time is not None:
        return float(config.step_time)
    if "hold_time" not in config.model_fields_set:
        return LEVEL_TIME_S
    return min(max(config.hold_time / LEVELS_IN_HOLD, SHORTEST_LEVEL_S), LEVEL_TIME_S)


def _range(config: PlanConfig) -> tuple[float, float]:
    """The lowest and the highest load."""
    rate = config.execution_config.arrival_rate
    return (rate.min, rate.max) if isinstance(rate, RateRange) else (1.0, float(config.concurrent_users))


def _jump(level: float) -> Stage:
    return Stage(duration=0.0, target=level)


def _hold(level: float, seconds: float) -> Stage:
    return Stage(duration=float(seconds), target=level)


_STAGES = {"concurrent": _concurrent, "step": _staircase, "error_rate": _searched, "adaptive": _adapted}
_CONTROLS = {"concurrent": _no_control, "step": _steps, "error_rate": _error_search, "adaptive": _adaptive}
