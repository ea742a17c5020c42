"""One simulated client: a small machine that runs a compiled scene.

A program is a list of instructions. An instruction is called with the virtual user and answers the position of the
next one, or WAIT when something (a reply, a timer, the end of a pause) will call ``run`` again. There is no task and
no future per user: a reply's callback runs the user on to its next request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Protocol as Interface

from perfsvc.engine.probe import Probe
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.run import RunSpec
from perfsvc.model.template import MissingVariable
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session

WAIT = -1

UNSENT_PAUSE_S = 0.1
"""After a request that could not be sent (a dead target, a missing variable) a user pauses, so as not to spin."""

Instruction = Callable[["VirtualUser"], int]


class PauseGate:
    """Whether new requests may start. One is shared by all users; a user told to leave gets a closed one."""

    __slots__ = ("closed",)

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed


CLOSED = PauseGate(closed=True)


class Step(Interface):
    """A request step, compiled: what a user must know of it when its reply is there."""

    @property
    def name(self) -> str: ...
    @property
    def step_index(self) -> int: ...
    @property
    def following(self) -> int:
        """Where the program goes on."""
        ...

    @property
    def recorder(self) -> StepRecorder: ...
    @property
    def extracts(self) -> Sequence[tuple[str, Callable[[Reply], Any]]]:
        """Variables and how each is found in a reply; MISSING where it is not."""
        ...

    @property
    def blind(self) -> bool:
        """Whether nothing of a reply is looked at."""
        ...

    @property
    def think(self) -> Callable[[], float] | None: ...

    def judge(self, reply: Reply) -> str | None:
        """The error class of a reply that arrived whole, or None."""
        ...


class Program:
    """What a virtual user runs. ``start`` is where it begins: the once-per-user steps, then the loop.

    ``planned``: whether iterations have a planned start.
    """

    __slots__ = ("instructions", "planned", "protocols", "start")

    def __init__(self, instructions: list[Instruction], protocols: list[Protocol], planned: bool) -> None:
        self.instructions = instructions
        self.protocols = protocols
        self.planned = planned
        self.start = 0


class Cancellable(Interface):
    """What is to call a user later, and can be told not to."""

    def cancel(self) -> None: ...


class Host(Interface):
    """What users, and those who drive them, need of the engine they belong to."""

    loop: asyncio.AbstractEventLoop
    spec: RunSpec
    probe: Probe
    stopping: bool
    origin_ns: int
    paused_ns: int
    tick_ns: int

    @property
    def idle(self) -> bool:
        """Whether no request may start, for now or for good."""
        ...

    def hold(self, user: VirtualUser, position: int) -> int:
        """A user may not start its next request; what its instruction answers."""
        ...

    def iteration_ended(self, user: VirtualUser, back: int) -> int:
        """What the last instruction of an iteration answers."""
        ...

    def setup_done(self, user: VirtualUser) -> int:
        """What the last instruction of setup or teardown answers."""
        ...

    def cut_off_one(self, user: VirtualUser) -> None:
        """A request was given up because the run, or the user, ended."""
        ...

    def count_failure(self, step: Step, error_class: str, message: str, reply: Reply | None) -> None:
        """A request failed."""
        ...

    def complain(self, message: str) -> None:
        """Something that should not happen did."""
        ...

    def active_ns(self) -> int:
        """The clock without the run's pauses."""
        ...

    def elapsed_now(self) -> float:
        """Profile time, s."""
        ...


class VirtualUser:
    """The state of one user.

    ``deadline_ns`` is 0 while no request is in flight; ``retire_by_ns`` is 0 while the user is wanted. ``planned_ns``
    is the planned start of the iteration under way until its first request was sent, then 0; ``due_ns`` is the beat of
    a paced user; both are readings of the clock without pauses. ``resting_at`` is where a resting user goes on.
    """

    __slots__ = (
        "counters",
        "deadline_ns",
        "due_ns",
        "engine",
        "failures",
        "gate",
        "groups",
        "late_ns",
        "planned_ns",
        "program",
        "resting_at",
        "retire_by_ns",
        "scope",
        "sending",
        "sent",
        "sessions",
        "spins",
        "thought_ns",
        "timer",
    )

    def __init__(self, engine: Host, program: Program, scope: Scope, gate: PauseGate) -> None:
        self.engine = engine
        self.program = program
        self.scope = scope
        self.gate = gate
        self.sessions: list[Session | None] = [None] * len(program.protocols)
        self.counters: dict[int, int] | None = None
        self.sending: Step | None = None
        self.timer: Cancellable | None = None
        self.deadline_ns = 0
        self.planned_ns = 0
        self.late_ns = 0
        self.due_ns = 0
        self.resting_at = 0
        self.retire_by_ns = 0
        self.sent = False
        self.spins = 0
        self.failures = 0
        self.thought_ns = 0
        self.groups: list[tuple[int, int, int]] | None = None

    def run(self, position: int) -> None:
        """Go on from a position until the user has to wait."""
        instructions = self.program.instructions
        while position >= 0:
            position = instructions[position](self)

    def run_after(self, seconds: float, position: int) -> int:
        """Go on from a position later, or leave when the run is stopping; what an instruction answers to wait."""
        if self.gate.closed and self.engine.stopping:
            return self.engine.hold(self, position)
        self.timer = self.engine.loop.call_later(seconds, self.wake, position)
        return WAIT

    def think(self, seconds: float, position: int) -> int:
        """Go on after thinking, which is no part of a group's time."""
        self.thought_ns += int(seconds * 1e9)
        return self.run_after(seconds, position)

    def wake(self, position: int) -> None:
        """A timer rang."""
        self.timer = None
        self.run(position)

    def session(self, slot: int) -> Session:
        """The user's session of a protocol, opened when first used."""
        session = self.sessions[slot]
        if session is None:
            session = self.sessions[slot] = self.program.protocols[slot].session(self.scope, self.completed)
        return session

    def completed(self, reply: Reply) -> None:
        """A request ended: record it, check it, go on. The hot path."""
        step = self.sending
        if step is None:  # a session that calls twice would corrupt every figure
            self.engine.complain("a protocol session called done without a request in flight")
            return
        self.sending = None
        self.deadline_ns = 0
        if reply.counters is not None or reply.gauges is not None:
            step.recorder.count(reply.counters, reply.gauges)
        if reply.failure is not None:
            self._failed(step, reply)
            return
        recorder = step.recorder
        service = reply.ended_ns - reply.started_ns
        recorder.latency.append(service)
        recorder.waiting.append(reply.waiting_ns)
        recorder.bytes_sent += reply.bytes_sent
        recorder.bytes_received += reply.bytes_received
        statuses = recorder.statuses
        status = reply.status
        statuses[status] = statuses.get(status, 0) + 1
        if reply.connected is not None:
            recorder.connected.append(reply.connected)
        if self.program.planned:
            recorder.from_plan.append(service + self._lateness(reply))
        if not step.blind:
            failure = self._read(step, reply)
            if failure is not None:
                self._fail(step, failure, reply.message, reply)
        if step.think is None:
            self.run(step.following)
        else:
            self.think(step.think(), step.following)

    def tell(self) -> None:
        """Count what the request in flight has counted so far."""
        step = self.sending
        for session in self.sessions if step is not None else ():
            counters = None if session is None else session.partial_counters()
            if counters is not None:
                step.recorder.count(counters, None)  # type: ignore[union-attr]  # there is one

    def not_sent(self, step: Step, error: Exception) -> int:
        """A request that could not even begin. Answers what the instruction answers."""
        self.sending = None
        self.deadline_ns = 0
        step.recorder.unsent += 1
        if isinstance(error, MissingVariable | NotSent):
            error_class = error.error_class
        else:
            error_class = f"Plugin Error: {type(error).__name__}"
            self.engine.complain(f"starting {step.name!r} failed: {error!r}")
        self._fail(step, error_class, str(error), None)
        pause = UNSENT_PAUSE_S + (step.think() if step.think is not None else 0.0)
        return self.think(pause, step.following)

    def close_now(self) -> None:
        """Give up whatever is going on; the engine has already counted this user out."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.sending is not None:
            for session in self.sessions:
                if session is not None:
                    session.abort(ABORTED)

    async def end(self) -> None:
        """Close the sessions. An error in one is told and does not keep the others open."""
        for session in self.sessions:
            if session is None:
                continue
            try:
                await session.close()
            except Exception as error:
                self.engine.complain(f"closing a session failed: {error!r}")
        self.sessions = []

    def _failed(self, step: Step, reply: Reply) -> None:
        if reply.failure == ABORTED:
            self.engine.cut_off_one(self)
            return
        recorder = step.recorder
        recorder.bytes_sent += reply.bytes_sent
        recorder.bytes_received += reply.bytes_received
        if reply.connected is not None:
            recorder.connected.append(reply.connected)
        if reply.sent:
            self._record_cut_short(step, reply)
        else:
            recorder.unsent += 1
        self._fail(step, reply.failure or "", reply.message, reply)
        self._forget(step)
        pause = 0.0 if reply.sent else UNSENT_PAUSE_S
        if step.think is not None:
            pause += step.think()
        self.think(pause, step.following)

    def _record_cut_short(self, step: Step, reply: Reply) -> None:
        """A request that was sent and got no whole reply lasted until its failure."""
        service = reply.ended_ns - reply.started_ns
        step.recorder.latency.append(service)
        step.recorder.waiting.append(min(reply.waiting_ns, service))
        if self.program.planned:
            step.recorder.from_plan.append(service + self._lateness(reply))

    def _lateness(self, reply: Reply) -> int:
        """How much later than planned this request was sent, ns.

        The first request of an iteration is late by what passed since its planned start, connecting included; those
        after it inherit that, because they could only follow it.
        """
        if self.planned_ns:
            self.late_ns = max(reply.started_ns - self.engine.paused_ns - self.planned_ns, 0)
            self.planned_ns = 0
        return self.late_ns

    def _read(self, step: Step, reply: Reply) -> str | None:
        """Check and extract. What a plugin or a hostile body makes raise is this request's failure, not the run's."""
        try:
            failure = step.judge(reply)
            return self._extract(step, reply) or failure if step.extracts else failure
        except Exception as error:
            self.engine.complain(f"reading a reply of {step.name!r} failed: {error!r}")
            return f"Unreadable Reply: {type(error).__name__}"

    def _extract(self, step: Step, reply: Reply) -> str | None:
        variables = self.scope.variables
        failure = None
        for name, find in step.extracts:
            value = find(reply)
            if value is MISSING:
                variables.pop(name, None)
                failure = f"Extract: {name}"
            else:
                variables[name] = value
        return failure

    def _fail(self, step: Step, error_class: str, message: str, reply: Reply | None) -> None:
        self.failures += 1
        self.engine.count_failure(step, error_class, message, reply)

    def _forget(self, step: Step) -> None:
        """What a failed request should have given is not there; an older value must not pass for it."""
        for name, _ in step.extracts:
            self.scope.variables.pop(name, None)
