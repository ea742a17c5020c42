"""A scene compiled once per run: a flat list of instructions with every text, check and extractor made ready."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from functools import partial
from typing import Any
from typing import NamedTuple

from perfsvc.clock import NS_PER_MS
from perfsvc.engine import instructions as make
from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_checks
from perfsvc.engine.checks import unjudged
from perfsvc.engine.explanation import Explanation
from perfsvc.engine.extractors import compile_extractors
from perfsvc.engine.faults import Faults
from perfsvc.engine.meetings import points_of
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.engine.used_names import UsedNames
from perfsvc.engine.virtual_user import Instruction
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.problems import path_of
from perfsvc.model.scene import BreakStep
from perfsvc.model.scene import ChoiceStep
from perfsvc.model.scene import Condition
from perfsvc.model.scene import GroupStep
from perfsvc.model.scene import IfStep
from perfsvc.model.scene import LoopStep
from perfsvc.model.scene import RendezvousStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.scene import StopStep
from perfsvc.model.scene import ThinkStep
from perfsvc.model.scene import WhileStep
from perfsvc.model.scene import walk
from perfsvc.model.template import Template
from perfsvc.model.value_template import ValueTemplate
from perfsvc.plugin.protocol import Call
from perfsvc.plugin.protocol import Protocol

OPTIONS = "config.execution_config.protocol_options"
"""Where a plan has the options of protocols, by name."""


CONTINUE, ON_START = "continue", "on_start"
EXITS: dict[str, Instruction] = {"stop_user": make.stop_user, "stop_run": make.fail_run}

OnStartFailed = Callable[[VirtualUser, int], int]
"""Takes over a user that would repeat its steps from a position. Returns WAIT."""


class Compiler:
    """Compiles the scenes of one run on one node.

    ``protocol`` gives the run's protocol object of a name; ``default_protocol`` serves steps that name none.
    ``rows`` are the test data of a run that has any, ``rng`` draws think times and choices, ``names`` compiles all
    texts; ``used`` has each variable that they read with its step and the path of that.
    ``on_start_failed`` takes over a user whose ``on_start`` step failed. Step indexes are given out in document order
    over all scenes, as in ``RunSpec.step_names``.
    """

    def __init__(
        self,
        protocol: Callable[[str], Protocol],
        default_protocol: str,
        timeout_ms: int,
        recorder: Callable[[int], StepRecorder],
        rng: random.Random,
        rows: RowBuffer | None = None,
        names: UsedNames | None = None,
        on_start_failed: OnStartFailed | None = None,
    ) -> None:
        self._protocol = protocol
        self.on_start_failed = on_start_failed
        self._names = names or UsedNames({})
        self._template = self._names.template
        self.used: list[tuple[str, Step, str]] = []
        self.rows = rows
        self._default_protocol = default_protocol
        self._timeout_ms = timeout_ms
        self._recorder = recorder
        self.rng = rng
        self._next_index = 0
        self.points: list[int] = []
        self._faults = Faults()

    def scene(self, spec: SceneSpec, planned: bool, at: str) -> dict[str, Program]:
        """The programs of a scene: ``setup``, ``main`` and ``teardown``. Faults are kept for ``check``."""
        indexes = self._indexes(spec)
        self.points += [id(step) for step in points_of([spec])]
        assemblies = {part: _Assembly(self, indexes, planned) for part in ("setup", "main", "teardown")}
        assemblies["setup"].once(spec.setup, path_of(("setup",), at), failed=make.leave)
        assemblies["main"].looped(spec.on_start, spec.steps, at)
        assemblies["teardown"].once(spec.teardown, path_of(("teardown",), at))
        return {part: assembly.program for part, assembly in assemblies.items()}

    def check(self, more: Iterable[Problem] = ()) -> None:
        """Raises InvalidInput with every fault met so far, and ``more``."""
        self._faults.note(more)
        self._faults.check()

    def _indexes(self, spec: SceneSpec) -> dict[int, int]:
        """The number of each measured step (requests and groups), by identity."""
        indexes: dict[int, int] = {}
        for part in (spec.setup, spec.on_start, spec.steps, spec.teardown):
            for step in walk(part):
                if isinstance(step, RequestStep | GroupStep):
                    indexes[id(step)] = self._next_index
                    self._next_index += 1
        return indexes

    def send(self, step: RequestStep, at: int, index: int, slots: list[Protocol], path: str) -> make.Send | None:
        """A request step made ready, or None when it is at fault; every fault of it is noted."""
        before = len(self._faults)
        protocol = self._protocol_of(step, path)
        values = compile_variables(step, self._template, path, self._faults)
        call = self._call(step, protocol, path) if protocol is not None else None
        failures = StatusFailures(protocol.status_failure if protocol is not None else unjudged)
        checks = compile_checks(step, failures, self._template, path, self._faults)
        extracts = compile_extractors(step, path, self._faults, self.rng)
        self._note_names(step, path)
        if protocol is None or call is None or len(self._faults) > before:
            return None
        if protocol not in slots:
            slots.append(protocol)
        kind = make.SetAndSend if values else make.Send
        send = kind(at, step.name, index, slots.index(protocol), call, self._recorder(index))
        if isinstance(send, make.SetAndSend):
            send.values = values
        send.checks, send.extracts = checks, extracts
        send.explain = Explanation(step, failures, self._template)
        judges = type(protocol).status_failure is not Protocol.status_failure
        if judges and not any(check.type == "status" for check in step.checks):
            send.failures = lambda reply: failures[reply.status]
        send.ignores_reply = not (checks or extracts or send.failures)
        send.think = make.think_time(step.think_time, self.rng) if step.think_time else None
        return send

    def _protocol_of(self, step: RequestStep, path: str) -> Protocol | None:
        name = step.protocol or self._default_protocol
        try:
            return self._faults.noted(lambda: self._protocol(name), f"{OPTIONS}.{name}")
        except NotFound as error:
            self._faults.note([Problem(f"{path}.protocol", error.text)])
            return None

    def _call(self, step: RequestStep, protocol: Protocol, path: str) -> Call | None:
        timeout_ns = (step.timeout or self._timeout_ms) * NS_PER_MS
        return self._faults.noted(
            lambda: protocol.compile(type(protocol).Request.parse(step.request), timeout_ns, step.reply_parts),
            f"{path}.request",
        )

    def _note_names(self, step: Step, path: str) -> None:
        self.used += [(name, step, path) for name in self._names.take()]

    def condition(self, condition: Condition, step: Step, path: str) -> Callable[[VirtualUser], bool]:
        """A condition made ready; never true where its value is at fault, which is noted."""
        made = self._faults.noted(
            lambda: make.condition(condition, self._template, self._names.constants), f"{path}.condition.value"
        )
        self._note_names(step, path)
        return made or (lambda user: False)

    def recorder(self, index: int) -> StepRecorder:
        """Recorder of the samples of a measured step."""
        return self._recorder(index)


def compile_variables(
    step: RequestStep, template: Callable[[str], Template], path: str, faults: Faults
) -> list[tuple[str, ValueTemplate]]:
    """Make the variables ready that a step sets before its request; faults are noted by their paths."""
    made = [
        (name, faults.noted(partial(ValueTemplate, value, template), f"{path}.set.{name}"))
        for name, value in step.set_.items()
    ]
    return [(name, value) for name, value in made if value is not None]


class _Assembly:
    """One program being put together."""

    def __init__(self, compiler: Compiler, indexes: dict[int, int], planned: bool) -> None:
        self._compiler = compiler
        self._indexes = indexes
        self._failed: Callable[[VirtualUser], int] | None = None
        self._part = ""
        self._rule = CONTINUE
        self._exits: dict[str, list[make.Send]] = {}
        self._finish = _Label()
        self._first = _Label()
        self._loops: list[_Loop] = []
        self._groups = 0
        self.code: list[Instruction] = []
        self.program = Program(self.code, [], planned)

    def once(self, steps: Sequence[Step], path: str, failed: Callable[[VirtualUser], int] | None = None) -> None:
        self.guarded(steps, path, failed)
        self._finish.position = len(self.code)
        self.code.append(make.leave)
        self._connect_exits({"next_iteration", "stop_user"})

    def looped(self, on_start: Sequence[Step], steps: Sequence[Step], at: str) -> None:
        if self._compiler.rows is not None:
            self.code.append(self._compiler.rows.next_row(0))
        again = len(self.code)
        failed = self._compiler.on_start_failed
        stop = None if failed is None else lambda user: failed(user, again)
        self._part = ON_START
        self.guarded(on_start, path_of(("on_start",), at), stop)
        self._part = ""
        self._first.position = len(self.code)
        head = self.head(self._compiler.rows)
        self.code.append(make.begin(len(self.code) + 1))
        self.sequence(steps, path_of(("steps",), at))
        self._finish.position = len(self.code)
        self.code.append(make.finish(head))
        self._connect_exits({"next_iteration"})

    def _connect_exits(self, ending: set[str]) -> None:
        """Emit where steps go on whose failure has a rule; those of ``ending`` end the iteration."""
        for rule, sends in self._exits.items():
            for send in sends:
                send.after_failure = len(self.code)
            self.code.append(make.end_iteration(self._finish) if rule in ending else EXITS[rule])

    def head(self, rows: RowBuffer | None) -> int:
        """Begin of an iteration: with a row of its own, except the first, which has the row of ``on_start``."""
        here = len(self.code)
        if rows is None or rows.once:
            return here
        if here == 1:
            return 0
        self.code.append(make.jump(lambda: here + 2))
        self.code.append(rows.next_row(here + 1))
        return here + 1

    def guarded(self, steps: Sequence[Step], path: str, failed: Callable[[VirtualUser], int] | None) -> None:
        """Steps after each of whose requests ``failed`` takes over where it failed."""
        self._failed = failed
        self.sequence(steps, path)
        self._failed = None

    def sequence(self, steps: Sequence[Step], path: str) -> None:
        for number, step in enumerate(steps):
            _EMITTERS[type(step)](self, step, f"{path}[{number}]")

    def request_step(self, step: RequestStep, path: str) -> None:
        at = len(self.code)
        send = self._compiler.send(step, at, self._indexes[id(step)], self.program.protocols, path)
        if send is not None:
            self.code.append(send.execute)
            rule = step.on_failure if step.on_failure != CONTINUE else self._rule
            # What becomes of a user whose on_start fails is a rule of the run, but for the end of all.
            if rule != CONTINUE and (self._part != ON_START or rule == "stop_run"):
                self._exits.setdefault(rule, []).append(send)
            if self._failed is not None:
                self.code.append(make.guard(len(self.code) + 1, self._failed))

    def think_step(self, step: ThinkStep, path: str) -> None:
        pause = make.think_time(step.think_time, self._compiler.rng)
        self.code.append(make.think(pause, len(self.code) + 1))

    def group_step(self, step: GroupStep, path: str) -> None:
        recorder = self._compiler.recorder(self._indexes[id(step)])
        outer = self._rule
        self._rule = step.on_failure if step.on_failure != CONTINUE else outer
        self._groups += 1
        self.code.append(make.enter_group(recorder, len(self.code) + 1))
        self.sequence(step.steps, f"{path}.steps")
        self.code.append(make.leave_group(len(self.code) + 1))
        self._groups -= 1
        self._rule = outer

    def loop_step(self, step: LoopStep, path: str) -> None:
        self.repeated(step, path, lambda at, leave: make.count_loop(at, step.times, leave))

    def while_step(self, step: WhileStep, path: str) -> None:
        holds = self._compiler.condition(step.condition, step, path)
        self.repeated(step, path, lambda at, leave: make.while_loop(at, holds, step.max_times, leave))

    def repeated(
        self, step: LoopStep | WhileStep, path: str, head: Callable[[int, Callable[[], int]], Instruction]
    ) -> None:
        at, end = len(self.code), _Label()
        self.code.append(head(at, end))
        self._loops.append(_Loop(at, self._groups, end))
        self.sequence(step.steps, f"{path}.steps")
        self._loops.pop()
        self.code.append(make.jump_back(at))
        end.position = len(self.code)

    def break_step(self, step: BreakStep, path: str) -> None:
        loop = self._loops[-1]
        self._if(step.condition, step, path, make.leave_loop(loop.at, self._groups - loop.groups, loop.end))

    def stop_step(self, step: StopStep, path: str) -> None:
        ends = {"user": make.stop_user, "run": make.end_run(step.name)}
        on_start = self._part == ON_START  # what follows is the first iteration
        rest = make.end_iteration(self._first if on_start else self._finish)
        self._if(step.condition, step, path, ends.get(step.what, rest))

    def _if(self, condition: Condition | None, step: BreakStep | StopStep, path: str, then: Instruction) -> None:
        """An instruction that is left out where a condition does not hold."""
        if condition is not None:
            skip = _Label()
            self.code.append(make.branch(self._compiler.condition(condition, step, path), len(self.code) + 1, skip))
            skip.position = len(self.code) + 1
        self.code.append(then)

    def rendezvous_step(self, step: RendezvousStep, path: str) -> None:
        point = self._compiler.points.index(id(step))
        self.code.append(make.meet(point, step.timeout, len(self.code) + 1))

    def if_step(self, step: IfStep, path: str) -> None:
        otherwise, end = _Label(), _Label()
        self.code.append(
            make.branch(self._compiler.condition(step.condition, step, path), len(self.code) + 1, otherwise)
        )
        self.sequence(step.steps, f"{path}.steps")
        self.code.append(make.jump(end))
        otherwise.position = len(self.code)
        self.sequence(step.otherwise, f"{path}.otherwise")
        end.position = len(self.code)

    def choice_step(self, step: ChoiceStep, path: str) -> None:
        starts: list[int] = []
        end = _Label()
        self.code.append(make.choose([option.weight for option in step.options], starts, self._compiler.rng))
        for number, option in enumerate(step.options):
            starts.append(len(self.code))
            self.sequence(option.steps, f"{path}.options[{number}].steps")
            self.code.append(make.jump(end))
        end.position = len(self.code)


class _Loop(NamedTuple):
    """A loop around the steps being compiled: its head, the groups open there, and what follows it."""

    at: int
    groups: int
    end: _Label


class _Label:
    """A position that is known later."""

    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = 0

    def __call__(self) -> int:
        return self.position


_EMITTERS: dict[type, Callable[[_Assembly, Any, str], None]] = {
    RequestStep: _Assembly.request_step,
    ThinkStep: _Assembly.think_step,
    GroupStep: _Assembly.group_step,
    LoopStep: _Assembly.loop_step,
    WhileStep: _Assembly.while_step,
    IfStep: _Assembly.if_step,
    ChoiceStep: _Assembly.choice_step,
    BreakStep: _Assembly.break_step,
    StopStep: _Assembly.stop_step,
    RendezvousStep: _Assembly.rendezvous_step,
}
