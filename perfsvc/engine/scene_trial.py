"""A scene tried once by one user, without load: every step with what was sent, what came back and what was made of it.

The steps are walked one after the other, not compiled to instructions, since a trial is for reading and not for speed;
requests, checks, extractors and conditions are those of a run.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from perfsvc.engine import files
from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_check
from perfsvc.engine.extractors import compile_extractors
from perfsvc.engine.faults import Faults
from perfsvc.engine.instructions import condition_on
from perfsvc.engine.instructions import set_variables
from perfsvc.engine.kept_reply import KeptReply
from perfsvc.engine.kept_reply import headers_read
from perfsvc.engine.program import compile_variables
from perfsvc.engine.protocol_options import options_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.trial_reading import CompiledStep
from perfsvc.engine.trial_reading import ReplyReader
from perfsvc.engine.trial_report import TriedStep
from perfsvc.engine.trial_report import phases_of
from perfsvc.engine.used_names import extracted_names
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.model.functions.library import Library
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import PARTS
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
from perfsvc.model.scene import inner_lists
from perfsvc.model.scene import walk
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.model.value_template import ValueTemplate
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import Call
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import RunContext
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session

log = logging.getLogger(__name__)

MOST_STEPS = 200
"""Steps that a trial takes at most: loops may be long."""
CLOSE_TIMEOUT_S = 2.0
NS_PER_MS = 1_000_000
CONTINUE, ITERATION = "continue", "iteration"
EVERYTHING = ReplyParts(headers=True, body=True)


class TooManySteps(Exception):
    """The trial has taken as many steps as it may."""


class Left(Exception):
    """The iteration, the user or the run ends before its steps are all taken: by a rule, or by a ``stop`` step."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class LoopLeft(Exception):
    """A ``break`` step."""


class TrialSurroundings:
    """Inputs that a run would provide: target, files, protocol options, and the values of a data row."""

    def __init__(
        self,
        protocol_class: Callable[[str], type[Protocol]],
        resolver: Resolver,
        target: Target,
        options: Mapping[str, Any],
        row: Mapping[str, Any],
        files: RunFiles,
    ) -> None:
        self.protocol_class = protocol_class
        self.resolver = resolver
        self.target = target
        self.options = options
        self.row = row
        self.files = files


class SceneTrial:  # size: one method for each kind of step, all of which share the scope and the sessions
    """One trial: ``compile``, then ``run`` once, then ``close``. ``steps`` grows as it goes on."""

    def __init__(
        self, scene: SceneSpec, surroundings: TrialSurroundings, *, protocol: str, timeout_ms: int, seed: int
    ) -> None:
        self.steps: list[TriedStep] = []
        self.scope = Scope(1, seed)
        self.scope.iteration = 1
        self.scope.variables.update(surroundings.row)
        self._scene = scene
        self._surroundings = surroundings
        self._default_protocol = protocol
        self._timeout_ms = timeout_ms
        self._rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._protocols: dict[str, Protocol] = {}
        self._library = Library(on_signed=lambda name, value: self._signed.append((name, value)))
        self._signed: list[tuple[str, Any]] = []
        self._sessions: dict[str, Session] = {}
        self._calls: dict[int, Call] = {}
        self._compiled: dict[int, CompiledStep] = {}
        self._sets: dict[int, list[tuple[str, ValueTemplate]]] = {}
        self._indexes = measured_indexes(scene)
        self._waiting: asyncio.Future[KeptReply | None] | None = None
        self._busy: Session | None = None
        self._began_ns = 0
        self._rule = CONTINUE
        varying = extracted_names([scene]) | set(surroundings.row)
        self._constants = {name: value for name, value in surroundings.target.variables.items() if name not in varying}
        self._template = self._context().template
        self._reader = ReplyReader(self.scope, self._template)

    def compile(self) -> None:
        """Make every request, check and extractor ready. Raises InvalidInput with every fault."""
        faults = Faults()
        for part in PARTS:
            self._compile(getattr(self._scene, part), part, faults)
        faults.check()

    async def run(self) -> None:
        """Take the steps: once per run, once per user, one iteration, after the run. Raises TooManySteps."""
        self._began_ns = time.perf_counter_ns()
        over = False
        for part in PARTS:
            if over and part != "teardown":
                continue
            try:
                await self._sequence(getattr(self._scene, part), part, part)
            except Left as left:
                over = left.what != ITERATION

    async def close(self) -> None:
        """Give up what is in flight, close connections."""
        await self._reader.close()
        if self._busy is not None:
            self._busy.abort(ABORTED)
        for session in self._sessions.values():
            await quietly(session.close())
        for protocol in self._protocols.values():
            await quietly(protocol.close())

    # Compiling.

    def _compile(self, steps: tuple[Step, ...], path: str, faults: Faults) -> None:
        for number, step in enumerate(steps):
            here = f"{path}[{number}]"
            if isinstance(step, RequestStep):
                self._compile_request(step, here, faults)
            if isinstance(step, IfStep | WhileStep):
                self._compile_condition(step.condition, here, faults)
            if isinstance(step, BreakStep | StopStep) and step.condition is not None:
                self._compile_condition(step.condition, here, faults)
            for name, inner in inner_lists(step):
                self._compile(inner, f"{here}.{name}", faults)

    def _compile_condition(self, condition: Condition, path: str, faults: Faults) -> None:
        faults.noted(partial(condition_on, condition, self._template, self._constants), f"{path}.condition.value")

    def _compile_request(self, step: RequestStep, path: str, faults: Faults) -> None:
        name = step.protocol or self._default_protocol
        try:
            protocol = faults.noted(lambda: self._protocol(name), f"protocol_options.{name}")
        except NotFound as error:
            faults.note([Problem(f"{path}.protocol", error.text)])
            return
        if protocol is None:
            return
        timeout_ns = (step.timeout or self._timeout_ms) * NS_PER_MS
        call = faults.noted(
            lambda: protocol.compile(type(protocol).Request.parse(step.request), timeout_ns, EVERYTHING),
            f"{path}.request",
        )
        failures = StatusFailures(protocol.status_failure)
        checks: list[Any] = [  # with None for what is wrong, and then nothing is tried
            faults.noted(partial(compile_check, check, failures, self._template), f"{path}.checks[{number}]")
            for number, check in enumerate(step.checks)
        ]
        self._sets[id(step)] = compile_variables(step, self._template, path, faults)
        self._compiled[id(step)] = CompiledStep(checks, compile_extractors(step, path, faults, self._rng), failures)
        if call is not None:
            self._calls[id(step)] = call

    def _protocol(self, name: str) -> Protocol:
        if name not in self._protocols:
            protocol_class = self._surroundings.protocol_class(name)
            around = self._surroundings
            options = options_of(protocol_class, around.options.get(name, {}), around.target.certificates)
            self._protocols[name] = protocol_class(options, self._context())
        return self._protocols[name]

    def _context(self) -> RunContext:
        around = self._surroundings
        library = self._library
        return RunContext(
            base_url=around.target.base_url,
            headers=around.target.headers,
            template=partial(Template, constants=self._constants, library=library),
            now_ns=time.perf_counter_ns,
            resolve=around.resolver.resolve,
            file=partial(files.find, around.files),
        )

    # Running.

    async def _sequence(self, steps: tuple[Step, ...], path: str, part: str) -> None:
        for number, step in enumerate(steps):
            if not step.enabled:
                self._note(step, f"{path}[{number}]", part).outcome = "skipped"
                continue
            await _TAKERS[type(step)](self, step, f"{path}[{number}]", part)

    def _note(self, step: Step, path: str, part: str, branch: str | None = None) -> TriedStep:
        if len(self.steps) >= MOST_STEPS:
            raise TooManySteps
        tried = TriedStep(
            path=path,
            part=part,
            index=self._indexes.get(id(step)),
            name=step.name,
            type=step.type,
            started=(time.perf_counter_ns() - self._began_ns) / NS_PER_MS,
            candidates={*self.scope.variables, *self._constants},
            branch=branch,
        )
        self.steps.append(tried)
        return tried

    async def request_step(self, step: RequestStep, path: str, part: str) -> None:
        tried = self._note(step, path, part)
        name = tried.protocol = step.protocol or self._default_protocol
        before = tried.before = dict(self.scope.variables)
        protocol = self._protocols[name]
        self._signed.clear()
        try:
            set_variables(self._sets[id(step)], self.scope)
            reply = await self._send(name, self._calls[id(step)], partial(self._kept, tried, step, protocol))
            if reply is not None:
                compiled = self._compiled[id(step)]
                await self._reader.in_thread(lambda: self._reader.read(tried, step, compiled, reply))
        except (NotSent, MissingVariable) as error:
            tried.fail(error.error_class, str(error))
        except Exception as error:  # a plugin's own mistake is the request's failure, as in a run
            tried.fail(f"Plugin Error: {type(error).__name__}", str(error))
        tried.note_signed(self._signed)
        variables = self.scope.variables
        tried.after = {
            each: variables[each] for each in variables if each not in before or variables[each] != before[each]
        }
        self._apply(step.on_failure, tried)

    async def _send(self, name: str, call: Call, keep: Callable[[Reply], KeptReply | None]) -> KeptReply | None:
        """One request from start to reply, which is copied immediately: the session may reuse it."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(name) or self._open(name)
        waiting: asyncio.Future[KeptReply | None] = loop.create_future()
        self._waiting = waiting
        self._keep = keep
        session.start(call)
        self._busy = session
        limit = loop.call_later(call.timeout_ns / 1e9, session.abort, TIMEOUT)
        try:
            kept = await waiting
        finally:
            limit.cancel()
        self._busy = None
        return kept

    def _open(self, name: str) -> Session:
        def done(reply: Reply) -> None:
            waiting = self._waiting
            if waiting is None or waiting.done():
                return
            try:
                waiting.set_result(self._keep(reply))
            except Exception as error:  # must not come back to a plugin that cannot know what to do with it
                waiting.set_exception(error)

        session = self._sessions[name] = self._protocols[name].session(self.scope, done)
        return session

    def _kept(self, tried: TriedStep, step: RequestStep, protocol: Protocol, reply: Reply) -> KeptReply | None:
        """A copy of a reply that arrived whole; of a failed request, what is shown is noted."""
        tried.note_signed(self._signed)  # before checks sign anything
        tried.note_reply(reply, phases_of(reply))
        if reply.failure is not None:
            tried.fail(reply.failure, reply.message)
            for extractor in step.extract:
                for name in extractor.variables:
                    self.scope.variables.pop(name, None)
            return None
        judges = not any(check.type == "status" for check in step.checks)
        failure = protocol.status_failure(reply.status) if judges else None
        if failure is not None:
            tried.fail(failure, reply.message)
        return KeptReply(reply, tried.body, headers_read(step))

    async def think_step(self, step: ThinkStep, path: str, part: str) -> None:
        self._note(step, path, part).outcome = "skipped"

    async def group_step(self, step: GroupStep, path: str, part: str) -> None:
        tried, first = self._note(step, path, part), len(self.steps)
        outer, self._rule = self._rule, step.on_failure if step.on_failure != CONTINUE else self._rule
        try:
            await self._sequence(step.steps, f"{path}.steps", part)
        finally:
            self._rule = outer
            if any(inner.outcome == "failed" for inner in self.steps[first:]):
                tried.fail("Group Failed")
            tried.duration = (time.perf_counter_ns() - self._began_ns) / NS_PER_MS - tried.started

    def _apply(self, rule: str, tried: TriedStep) -> None:
        """End what the rule of a failed step ends. Raises Left."""
        rule = rule if rule != CONTINUE else self._rule
        if tried.outcome == "failed" and rule != CONTINUE:
            raise Left(ITERATION if rule == "next_iteration" else rule)

    async def loop_step(self, step: LoopStep, path: str, part: str) -> None:
        with suppress(LoopLeft):
            for number in range(step.times):
                self._note(step, path, part, str(number + 1))
                await self._sequence(step.steps, f"{path}.steps", part)

    async def while_step(self, step: WhileStep, path: str, part: str) -> None:
        number = 0
        with suppress(LoopLeft):
            while number < step.max_times and await self._holds(step.condition):
                number += 1
                self._note(step, path, part, str(number))
                await self._sequence(step.steps, f"{path}.steps", part)
        if not number:
            self._note(step, path, part, "0").outcome = "skipped"

    async def break_step(self, step: BreakStep, path: str, part: str) -> None:
        if await self._taken(step, path, part):
            raise LoopLeft

    async def stop_step(self, step: StopStep, path: str, part: str) -> None:
        if await self._taken(step, path, part):
            raise Left(step.what)

    async def _taken(self, step: BreakStep | StopStep, path: str, part: str) -> bool:
        tried = self._note(step, path, part)
        taken = step.condition is None or await self._holds(step.condition)
        if not taken:
            tried.outcome = "skipped"
        return taken

    async def rendezvous_step(self, step: RendezvousStep, path: str, part: str) -> None:
        """Not waited for: there is one user."""
        self._note(step, path, part).outcome = "skipped"

    async def if_step(self, step: IfStep, path: str, part: str) -> None:
        holds = await self._holds(step.condition)
        self._note(step, path, part, "then" if holds else "otherwise")
        name, steps = ("steps", step.steps) if holds else ("otherwise", step.otherwise)
        await self._sequence(steps, f"{path}.{name}", part)

    async def choice_step(self, step: ChoiceStep, path: str, part: str) -> None:
        weights = [option.weight for option in step.options]
        (number,) = self._rng.choices(range(len(weights)), weights)
        self._note(step, path, part, str(number + 1))
        await self._sequence(step.options[number].steps, f"{path}.options[{number}].steps", part)

    async def _holds(self, condition: Condition) -> bool:
        return await self._reader.in_thread(
            lambda: condition_on(condition, self._template, self._constants)(self.scope)
        )


def measured_indexes(scene: SceneSpec) -> dict[int, int]:
    """The number of each request and group that a run takes, in document order, by identity."""
    measured = [step for part in PARTS for step in walk(getattr(scene, part), enabled_only=True)]
    return {
        id(step): number
        for number, step in enumerate(step for step in measured if isinstance(step, RequestStep | GroupStep))
    }


async def quietly(closing: Any) -> None:
    """Wait for a plugin to close something. It may fail, or never end: the trial is over all the same."""
    try:
        await asyncio.wait_for(closing, CLOSE_TIMEOUT_S)
    except Exception:
        log.warning("a plugin could not close what a trial had opened", exc_info=True)


_TAKERS: dict[type, Callable[..., Any]] = {
    RequestStep: SceneTrial.request_step,
    ThinkStep: SceneTrial.think_step,
    GroupStep: SceneTrial.group_step,
    LoopStep: SceneTrial.loop_step,
    WhileStep: SceneTrial.while_step,
    IfStep: SceneTrial.if_step,
    ChoiceStep: SceneTrial.choice_step,
    BreakStep: SceneTrial.break_step,
    StopStep: SceneTrial.stop_step,
    RendezvousStep: SceneTrial.rendezvous_step,
}
