"""The instructions that scenes are compiled to. Each returns the position of the next one, or WAIT."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from perfsvc.engine.checks import CheckFunction
from perfsvc.engine.pattern_time import search
from perfsvc.engine.reply_values import Varying
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Instruction
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import StoppedByPlan
from perfsvc.errors import StoppedByStep
from perfsvc.errors import Text
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.problems import Fault
from perfsvc.model.scene import Condition
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.model.template import as_text
from perfsvc.model.think_time import ConstantThink
from perfsvc.model.think_time import ThinkTime
from perfsvc.model.think_time import UniformThink
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.model.value_template import ValueTemplate
from perfsvc.plugin.protocol import Call
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

IDLE_PAUSE_S = 0.01
"""Pause after an iteration that sent nothing and waited for nothing, so that it cannot block the loop."""

GROUP_FAILED = "Group Failed"
"""The error class of a group in which a request failed."""

UNSET = object()
"""Stands for the value of a variable that has none."""
MAX_JUMPS = 1000
"""Jumps back without waiting after which a user yields to others."""


def unexplained(error_class: str, reply: Reply, scope: Scope) -> None:
    """For steps without checks and extractors."""


class Send:
    """One request step, compiled."""

    __slots__ = (
        "after_failure",
        "at",
        "call",
        "checks",
        "explain",
        "extracts",
        "failures",
        "following",
        "ignores_reply",
        "name",
        "recorder",
        "slot",
        "step_index",
        "think",
    )

    def __init__(self, at: int, name: str, step_index: int, slot: int, call: Call, recorder: StepRecorder) -> None:
        self.at = at
        self.following = self.after_failure = at + 1
        self.name = name
        self.step_index = step_index
        self.slot = slot
        self.call = call
        self.recorder = recorder
        self.ignores_reply = False
        self.checks: Sequence[CheckFunction] = ()
        self.failures: Callable[[Reply], str | None] | None = None
        self.extracts: Sequence[tuple[str, Callable[[Reply], Any]]] = ()
        self.explain: Callable[[str, Reply, Scope], Text | None] = unexplained
        self.think: Callable[[], float] | None = None

    def execute(self, user: VirtualUser) -> int:
        """Begin the request, unless no new request may start now."""
        if user.gate.closed:
            return user.pool.hold(user, self.at)
        user.sending = self
        user.sent = True
        user.deadline_ns = user.engine.tick_ns + self.call.timeout_ns
        try:
            (user.sessions[self.slot] or user.session(self.slot)).start(self.call)
        except Exception as error:
            return user.not_sent(self, error)
        return WAIT

    def judge(self, reply: Reply, scope: Scope) -> str | None:
        """The error class of a reply that arrived whole, or None. Every check is counted."""
        failure = self.failures(reply) if self.failures is not None else None
        recorder = self.recorder
        for check in self.checks:
            try:
                broken = check(reply, scope)
            except MissingVariable as error:
                broken = error.error_class
            if broken is None:
                recorder.checks_passed += 1
            else:
                recorder.checks_failed += 1
                failure = failure or broken
        return failure


class SetAndSend(Send):
    """A request step that sets variables, each once, before the request is made."""

    __slots__ = ("values",)

    values: Sequence[tuple[str, ValueTemplate]]

    def execute(self, user: VirtualUser) -> int:
        """Set the variables and begin the request, unless no new request may start now."""
        if user.gate.closed:
            return user.pool.hold(user, self.at)
        try:
            set_variables(self.values, user.scope)
        except Exception as error:
            user.sent = True
            return user.not_sent(self, error)
        return super().execute(user)


def set_variables(values: Iterable[tuple[str, ValueTemplate]], scope: Scope) -> None:
    """Set variables of a user, in order: a value may use those before it. Raises MissingVariable and NotSent."""
    for name, value in values:
        scope.variables[name] = value.render(scope)


def think_time(spec: ThinkTime, rng: random.Random) -> Callable[[], float]:
    """A function that draws the next pause, s."""
    if isinstance(spec, ConstantThink):
        value = spec.value
        return lambda: value
    if isinstance(spec, UniformThink):
        low, span = spec.min, spec.max - spec.min
        return lambda: low + span * rng.random()
    mean, deviation = spec.mean, spec.deviation
    return lambda: max(rng.gauss(mean, deviation), 0.0)


def think(pause: Callable[[], float], following: int) -> Instruction:
    """Wait for a while."""
    return lambda user: user.think(pause(), following)


def begin(following: int) -> Instruction:
    """A new iteration."""

    def execute(user: VirtualUser) -> int:
        user.scope.iteration += 1
        user.sent = False
        return following

    return execute


def finish(back: int) -> Instruction:
    """The end of an iteration: the executor decides whether and when the next one begins."""

    def execute(user: VirtualUser) -> int:
        return user.engine.executor.iteration_ended(user, back)

    return execute


def guard(following: int, failed: Callable[[VirtualUser], int]) -> Instruction:
    """Go on unless a request of the user has failed."""
    return lambda user: failed(user) if user.failures else following


def leave(user: VirtualUser) -> int:
    """The end of a program that runs once: the user leaves."""
    user.pool.leave(user)
    return WAIT


def jump_back(to: int) -> Instruction:
    """Go to the head of a loop, yielding to others now and then."""

    def execute(user: VirtualUser) -> int:
        user.jumps += 1
        if user.jumps < MAX_JUMPS:
            return to
        user.jumps = 0
        return user.run_after(0.0, to)

    return execute


def enter_group(recorder: StepRecorder, following: int) -> Instruction:
    """Begin to time a group."""

    def execute(user: VirtualUser) -> int:
        _groups(user).append((recorder, user.engine.time.active_ns(), user.thought_ns, user.failures))
        return following

    return execute


def leave_group(following: int) -> Instruction:
    """End a group."""

    def execute(user: VirtualUser) -> int:
        end_group(user)
        return following

    return execute


def end_group(user: VirtualUser) -> None:
    """Record the innermost group: its time without thinking and pauses of the run; failed when a request in it is."""
    recorder, began_ns, thought_ns, failures = _groups(user).pop()
    took = user.engine.time.active_ns() - began_ns - (user.thought_ns - thought_ns)
    recorder.latency.append(took)
    recorder.waiting.append(0)
    if user.failures > failures:
        recorder.failures[GROUP_FAILED] += 1
        recorder.failed.append(took)


def abandon(user: VirtualUser) -> None:
    """Leave whatever the user is in the middle of: groups end, loops begin afresh."""
    while user.groups:
        end_group(user)
    user.counters = None


def end_iteration(finish: Callable[[], int]) -> Instruction:
    """Leave out the rest of the iteration."""

    def execute(user: VirtualUser) -> int:
        abandon(user)
        return finish()

    return execute


def stop_user(user: VirtualUser) -> int:
    """End the user; no other replaces it."""
    abandon(user)
    return user.engine.executor.user_stopped(user)


def fail_run(user: VirtualUser) -> int:
    """End the run as failed because a step failed."""
    abandon(user)
    user.engine.fail(StoppedByStep.at(*user.failure))
    return WAIT


def end_run(name: str) -> Instruction:
    """End the run, which is no failure."""

    def execute(user: VirtualUser) -> int:
        abandon(user)
        user.engine.fail(StoppedByPlan.at(name))
        return WAIT

    return execute


def leave_loop(at: int, groups: int, leave: Callable[[], int]) -> Instruction:
    """Go out of the loop whose head is at a position, with ``groups`` groups opened in it."""

    def execute(user: VirtualUser) -> int:
        for _ in range(groups):
            end_group(user)
        _counters(user)[at] = 0
        return leave()

    return execute


def meet(point: int, timeout_s: float, following: int) -> Instruction:
    """Wait at a rendezvous."""
    return lambda user: user.engine.meetings.wait(point, user, timeout_s, following)


def count_loop(at: int, times: int, leave: Callable[[], int]) -> Instruction:
    """The head of a loop: into its body ``times`` times, then out."""

    def execute(user: VirtualUser) -> int:
        counters = _counters(user)
        done = counters.get(at, 0)
        if done < times:
            counters[at] = done + 1
            return at + 1
        counters[at] = 0
        return leave()

    return execute


def while_loop(at: int, holds: Callable[[VirtualUser], bool], most: int, leave: Callable[[], int]) -> Instruction:
    """The head of a loop: into its body while a condition holds, at most ``most`` times, then out."""

    def execute(user: VirtualUser) -> int:
        counters = _counters(user)
        done = counters.get(at, 0)
        if done < most and holds(user):
            counters[at] = done + 1
            return at + 1
        counters[at] = 0
        return leave()

    return execute


def branch(holds: Callable[[VirtualUser], bool], following: int, otherwise: Callable[[], int]) -> Instruction:
    """One way when a condition holds, another when not."""
    return lambda user: following if holds(user) else otherwise()


def choose(weights: Sequence[int], starts: Sequence[int], rng: random.Random) -> Instruction:
    """Jump to one of several positions, drawn by weight."""
    bounds = list(accumulate(weights))
    total = bounds[-1]
    return lambda user: starts[bisect_right(bounds, rng.randrange(total))]


def jump(to: Callable[[], int]) -> Instruction:
    """Jump to a position that is known once the whole scene is compiled."""
    return lambda user: to()


def condition(
    spec: Condition, template: Callable[[str], Template], constants: Mapping[str, str]
) -> Callable[[VirtualUser], bool]:
    """A condition as a function of the user's variables. Raises Fault."""
    holds = condition_on(spec, template, constants)
    return lambda user: holds(user.scope)


def condition_on(
    spec: Condition, template: Callable[[str], Template], constants: Mapping[str, str]
) -> Callable[[Scope], bool]:
    """A condition as a function of a scope; without a variable that its value needs it does not hold. Raises Fault.

    ``constants`` are variables of the environment.
    """
    constant = constants.get(spec.variable, UNSET)
    if spec.is_ == "matches":
        return matches_on(spec, template, constant)
    name, compare, wanted = spec.variable, COMPARISONS[spec.is_], ValueTemplate(spec.value, template)

    def holds(scope: Scope) -> bool:
        value = scope.variables.get(name, constant)
        if value is UNSET:
            return spec.is_ == "absent"
        try:
            return compare(value, wanted.render(scope))
        except MissingVariable:
            return False

    return holds


def matches_on(spec: Condition, template: Callable[[str], Template], constant: object) -> Callable[[Scope], bool]:
    """Whether a variable matches a pattern somewhere; not where that takes too long. Raises Fault."""
    name, pattern = spec.variable, Varying(as_text(spec.value), template, compile_pattern, "")

    def holds(scope: Scope) -> bool:
        value = scope.variables.get(name, constant)
        if value is UNSET:
            return False
        try:
            return search(pattern.of(scope), as_text(value)) is not None
        except (MissingVariable, Fault, TimeoutError):
            return False

    return holds


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # compares false with everything


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value == wanted or str(value) == str(wanted),
    "not_equals": lambda value, wanted: value != wanted and str(value) != str(wanted),
    "contains": lambda value, wanted: str(wanted) in str(value),
    "less_than": lambda value, wanted: _number(value) < _number(wanted),
    "greater_than": lambda value, wanted: _number(value) > _number(wanted),
    "present": lambda value, wanted: True,
    "absent": lambda value, wanted: False,
}


def _counters(user: VirtualUser) -> dict[int, int]:
    if user.counters is None:
        user.counters = {}
    return user.counters


def _groups(user: VirtualUser) -> list[tuple[StepRecorder, int, int, int]]:
    if user.groups is None:
        user.groups = []
    return user.groups
