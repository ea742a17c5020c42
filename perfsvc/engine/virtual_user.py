"""One simulated client: a small machine that runs a compiled scene.

A program is a list of instructions. An instruction is called with the virtual user and answers the position of the
next one, or WAIT when something (a reply, a timer, the end of a pause) will call ``run`` again. There is no task and
no future per user: a reply's callback runs the user on to its next request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from perfsvc.engine.jsonpath import MISSING
from perfsvc.model.template import MissingVariable
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session

if TYPE_CHECKING:
    from perfsvc.engine.instructions import Send
    from perfsvc.engine.node import Engine
    from perfsvc.engine.program import Program

WAIT = -1

UNSENT_PAUSE_S = 0.1
"""After a request that could not be sent (a dead target, a missing variable) a user pauses, so as not to spin."""

Instruction = Callable[["VirtualUser"], int]


class Gate:
    """Whether new requests may start. One is shared by all users; a user told to leave gets a closed one."""

    __slots__ = ("closed",)

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed


CLOSED = Gate(closed=True)


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

    def __init__(self, engine: Engine, program: Program, scope: Scope, gate: Gate) -> None:
        self.engine = engine
        self.program = program
        self.scope = scope
        self.gate = gate
        self.sessions: list[Session | None] = [None] * len(program.protocols)
        self.counters: dict[int, int] | None = None
        self.sending: Send | None = None
        self.timer: asyncio.TimerHandle | asyncio.Handle | None = None
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
        failure = self._read(step, reply)
        if failure is not None:
            self._fail(step, failure, reply.message, reply)
        if step.think is None:
            self.run(step.following)
        else:
            self.think(step.think(), step.following)

    def not_sent(self, step: Send, error: Exception) -> int:
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
        return self.run_after(UNSENT_PAUSE_S, step.following)

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

    def _failed(self, step: Send, reply: Reply) -> None:
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

    def _record_cut_short(self, step: Send, reply: Reply) -> None:
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

    def _read(self, step: Send, reply: Reply) -> str | None:
        """Check and extract. What a plugin or a hostile body makes raise is this request's failure, not the run's."""
        try:
            failure = step.judge(reply)
            return self._extract(step, reply) or failure if step.extracts else failure
        except Exception as error:
            self.engine.complain(f"reading a reply of {step.name!r} failed: {error!r}")
            return f"Unreadable Reply: {type(error).__name__}"

    def _extract(self, step: Send, reply: Reply) -> str | None:
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

    def _fail(self, step: Send, error_class: str, message: str, reply: Reply | None) -> None:
        self.failures += 1
        self.engine.count_failure(step, error_class, message, reply)

    def _forget(self, step: Send) -> None:
        """What a failed request should have given is not there; an older value must not pass for it."""
        for name, _ in step.extracts:
            self.scope.variables.pop(name, None)
