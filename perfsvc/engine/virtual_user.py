"""One simulated client: a small state machine that runs a compiled scene.

A program is a list of instructions. An instruction is called with the virtual user and returns the position of the next
one, or WAIT when something (a reply, a timer, the end of a pause) will call ``run`` again. There is no task and no
future per user: a reply's callback runs the user on to its next request.

The state of a user is not a field of its own, which the hot path would have to keep: it follows from ``sending``, from
``timer``, and from the collection that the user is in.

=========  =========  ============  ======================  ==========================================================
state      sending    timer         is in                   what comes next
=========  =========  ============  ======================  ==========================================================
running    None       None          –                       an instruction: to any other state
in flight  the step   None          –                       reply or time-out: running; cut off: gone
waiting    None       timer handle  –                       think time, pacing or start delay is over: running
queued     None       QueueEntry    the row buffer's queue  a row: running; the end of the data: running or gone
resting    None       None          the executor's idle     an arrival: running, at ``resting_at``
held       None       None          the pool's ``held``     end of the pause: running
gone       None       None          not in ``active``       nothing: its sessions are being closed
=========  =========  ============  ======================  ==========================================================

A user comes to its gate before each request and each row. What happens there:

==============  ====================  ===================================  ===========================================
gate            closed by             the user                             opened by
==============  ====================  ===================================  ===========================================
open            –                     goes on                              –
closed          pause of the run      is held                              resume
closed, final   stop of the run       leaves                               –
CLOSED          cut-off, or time of   leaves; its request in flight is     –
                retirement is up      given up in a cut-off only
==============  ====================  ===================================  ===========================================

Three ways to leave: after a stop at the next request, or at once where none is in flight; after retirement (the load
goes down) at the end of the iteration, or past ``retire_by_ns`` at the next request; in a cut-off at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Protocol as Interface

from perfsvc.engine.probe import Probe
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.errors import Text
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.metrics.recorder import is_unsent
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.run import RunSpec
from perfsvc.model.template import MissingVariable
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session

log = logging.getLogger(__name__)

WAIT = -1

UNSENT_PAUSE_S = 0.1
"""After a request that could not be sent (a dead target, a missing variable) a user pauses, so as not to spin."""

Instruction = Callable[["VirtualUser"], int]


class Gate:
    """Whether new requests may start. Open; ``closed`` while the run is paused; ``final`` as well where it is for good.

    The users of a pool share one, so that a pause or a stop costs one assignment however many they are.
    """

    __slots__ = ("closed", "final")

    def __init__(self, closed: bool = False, final: bool = False) -> None:
        self.closed = closed
        self.final = final


CLOSED = Gate(closed=True, final=True)
"""The gate of a user that is to leave while the others stay."""

NO_REQUEST = 0
"""As deadline: no request is in flight."""
NO_PLAN = 0
"""As planned start: the iteration has none, or its first request has been sent."""
STAYS = 0
"""As time of retirement: the user is wanted."""


class Step(Interface):
    """A request step, compiled: what a user must know of it when its reply is there."""

    @property
    def name(self) -> str: ...
    @property
    def step_index(self) -> int: ...
    @property
    def following(self) -> int:
        """Position at which the program continues."""
        ...

    @property
    def after_failure(self) -> int:
        """Position at which the program goes on when the request failed."""
        ...

    @property
    def recorder(self) -> StepRecorder: ...
    @property
    def extracts(self) -> Sequence[tuple[str, Callable[[Reply], Any]]]:
        """Variables and how each is found in a reply; MISSING where it is not."""
        ...

    @property
    def ignores_reply(self) -> bool:
        """Whether nothing of a reply is looked at."""
        ...

    @property
    def think(self) -> Callable[[], float] | None: ...

    def judge(self, reply: Reply, scope: Scope) -> str | None:
        """The error class of a reply that arrived whole, or None."""
        ...

    def explain(self, error_class: str, reply: Reply, scope: Scope) -> Text | None:
        """What was found by the check or extractor whose failure gave this class."""
        ...


class Program:
    """The program of a virtual user. ``start`` is its first position: the once-per-user steps, then the loop.

    ``planned``: whether iterations have a planned start.
    """

    __slots__ = ("instructions", "planned", "protocols", "start")

    def __init__(self, instructions: list[Instruction], protocols: list[Protocol], planned: bool) -> None:
        self.instructions = instructions
        self.protocols = protocols
        self.planned = planned
        self.start = 0


class Cancellable(Interface):
    """A call that is due later and can be cancelled."""

    def cancel(self) -> None: ...


class Host(Interface):
    """Interface of the engine for users and executors."""

    loop: asyncio.AbstractEventLoop
    spec: RunSpec
    probe: Probe
    stopping: bool
    tick_ns: int
    time: ProfileClock

    @property
    def meetings(self) -> Meetings:
        """Where users wait for each other."""
        ...

    @property
    def idle(self) -> bool:
        """Whether no request may start, for now or for good."""
        ...

    @property
    def errors(self) -> Errors:
        """Counter of failed requests."""
        ...

    @property
    def executor(self) -> Executor:
        """Decides on the next iterations of users."""
        ...

    def fail(self, error: Exception) -> None:
        """End the run with an error."""
        ...

    def warn(self, message: str, error: Exception | None = None) -> None:
        """Log what should not happen, with the error that shows it."""
        ...


class Executor(Interface):
    """What decides on the next iterations of users."""

    def iteration_ended(self, user: VirtualUser, back: int) -> int:
        """Count an iteration. Return the user's next position."""
        ...

    def user_stopped(self, user: VirtualUser) -> int:
        """Let a user out after a failure; no other replaces it. Return WAIT."""
        ...

    def out_of_data(self, user: VirtualUser) -> None:
        """Let a user out for which there is no row of test data, and will be none."""
        ...


class Meetings(Interface):
    """Where users wait for each other."""

    def wait(self, point: int, user: VirtualUser, timeout_s: float, following: int) -> int:
        """Let a user wait at a rendezvous. Return WAIT."""
        ...


class Errors(Interface):
    """Counter of failed requests."""

    def count(self, step: Step, error_class: str, message: str, reply: Reply | None, scope: Scope) -> None:
        """Count a failed request under its class, and keep an example."""
        ...


class Pool(Interface):
    """Interface of the pool for its users."""

    @property
    def gate(self) -> Gate: ...

    def hold(self, user: VirtualUser, position: int) -> int:
        """Hold a user that came to a closed gate, or let it leave. Return WAIT."""
        ...

    def leave(self, user: VirtualUser) -> None:
        """Let a user out; nothing of it runs any more."""
        ...

    def leave_cut_off(self, user: VirtualUser) -> int:
        """Let a user out whose request was given up because the run, or the user, ended. Return WAIT."""
        ...


class VirtualUser:
    """The state of one user; the table in the module's docstring says which there are.

    ``deadline_ns`` is when the request in flight times out, or NO_REQUEST; ``retire_by_ns`` is when a user that is no
    longer wanted has to leave, or STAYS. ``planned_ns`` is the planned start of the iteration under way until its first
    request was sent, then NO_PLAN; ``due_ns`` is the next planned start of a paced user; both are readings of the clock
    without pauses. ``resting_at`` is where a resting user goes on. ``failure`` is the step and the error class of the
    latest failed request; ``attempts`` counts the retries of ``on_start``.
    """

    __slots__ = (
        "attempts",
        "counters",
        "deadline_ns",
        "due_ns",
        "engine",
        "failure",
        "failures",
        "gate",
        "groups",
        "jumps",
        "late_ns",
        "planned_ns",
        "pool",
        "program",
        "resting_at",
        "retire_by_ns",
        "scope",
        "sending",
        "sent",
        "sessions",
        "thought_ns",
        "timer",
    )

    def __init__(self, engine: Host, pool: Pool, program: Program, scope: Scope) -> None:
        self.engine = engine
        self.pool = pool
        self.program = program
        self.scope = scope
        self.gate = pool.gate
        self.sessions: list[Session | None] = [None] * len(program.protocols)
        self.counters: dict[int, int] | None = None
        self.sending: Step | None = None
        self.timer: Cancellable | None = None
        self.deadline_ns = NO_REQUEST
        self.planned_ns = NO_PLAN
        self.late_ns = 0
        self.due_ns = 0
        self.resting_at = 0
        self.retire_by_ns = STAYS
        self.sent = False
        self.jumps = 0
        self.failures = 0
        self.failure = ("", "")
        self.attempts = 0
        self.thought_ns = 0
        self.groups: list[tuple[StepRecorder, int, int, int]] | None = None

    def start_over(self, pause_s: float, position: int) -> int:
        """Repeat the ``on_start`` steps after a pause, as if they had not run. Return WAIT."""
        self.attempts += 1
        self.failures = 0
        self.counters = self.groups = None
        return self.run_after(pause_s, position)

    def begin(self) -> None:
        """Run the program from its start."""
        self.run(self.program.start)

    def run(self, position: int) -> None:
        """Go on from a position until the user has to wait."""
        instructions = self.program.instructions
        while position >= 0:
            position = instructions[position](self)

    def run_after(self, seconds: float, position: int) -> int:
        """Go on from a position later, or leave when the run is stopping. Return WAIT."""
        if self.pool.gate.final:
            return self.pool.hold(self, position)
        self.timer = self.engine.loop.call_later(seconds, self.wake, position)
        return WAIT

    def think(self, seconds: float, position: int) -> int:
        """Go on after thinking, which is no part of a group's time."""
        self.thought_ns += int(seconds * 1e9)
        return self.run_after(seconds, position)

    def wake(self, position: int) -> None:
        """Timer callback."""
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
            self.engine.warn("a protocol session called done without a request in flight")
            return
        self.sending = None
        self.deadline_ns = NO_REQUEST
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
        recorder.statuses[reply.status] += 1
        if reply.connected is not None:
            recorder.connected.append(reply.connected)
        if self.program.planned:
            recorder.from_plan.append(service + self._lateness(reply))
        following = step.following
        if not step.ignores_reply:
            failure = self._read(step, reply)
            if failure is not None:
                recorder.failed.append(service)
                self._fail(step, failure, reply.message, reply)
                following = step.after_failure
        if step.think is None:
            self.run(following)
        else:
            self.think(step.think(), following)

    def count_in_flight(self) -> None:
        """Count what the request in flight has counted so far."""
        step = self.sending
        for session in self.sessions if step is not None else ():
            counters = None if session is None else session.partial_counters()
            if counters is not None:
                step.recorder.count(counters, None)  # type: ignore[union-attr]  # there is one

    def not_sent(self, step: Step, error: Exception) -> int:
        """Record a request that could not be sent. Return WAIT."""
        self.sending = None
        self.deadline_ns = NO_REQUEST
        step.recorder.unconnected += not isinstance(error, MissingVariable)
        if isinstance(error, MissingVariable | NotSent):
            error_class = error.error_class
            if isinstance(error.__cause__, Exception) and log.isEnabledFor(logging.DEBUG):
                self.engine.warn(f"a function of {step.name!r} failed: {error}", error.__cause__)
        else:
            error_class = f"Plugin Error: {type(error).__name__}"
            self.engine.warn(f"starting {step.name!r} failed: {error!r}", error)
        self._fail(step, error_class, str(error), None)
        pause = UNSENT_PAUSE_S + (step.think() if step.think is not None else 0.0)
        return self.think(pause, step.after_failure)

    def time_out(self) -> None:
        """Give up the request in flight, whose time is up."""
        self.deadline_ns = NO_REQUEST
        for session in self.sessions:
            if session is not None and self.sending is not None:
                session.abort(TIMEOUT)

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
        """Close the sessions. An error in one is logged and does not keep the others open."""
        for session in self.sessions:
            if session is None:
                continue
            try:
                await session.close()
            except Exception as error:
                self.engine.warn(f"closing a session failed: {error!r}", error)
        self.sessions = []

    def _failed(self, step: Step, reply: Reply) -> None:
        if reply.failure == ABORTED:
            self.pool.leave_cut_off(self)
            return
        recorder = step.recorder
        recorder.bytes_sent += reply.bytes_sent
        recorder.bytes_received += reply.bytes_received
        if reply.connected is not None:
            recorder.connected.append(reply.connected)
        if reply.sent:
            self._record_cut_short(step, reply)
        elif not is_unsent(reply.failure or ""):
            recorder.unconnected += 1
        self._fail(step, reply.failure or "", reply.message, reply)
        self._forget(step)
        pause = 0.0 if reply.sent else UNSENT_PAUSE_S
        if step.think is not None:
            pause += step.think()
        self.think(pause, step.after_failure)

    def _record_cut_short(self, step: Step, reply: Reply) -> None:
        """A request that was sent and got no whole reply lasted until its failure."""
        service = reply.ended_ns - reply.started_ns
        step.recorder.latency.append(service)
        step.recorder.failed.append(service)
        step.recorder.waiting.append(min(reply.waiting_ns, service))
        if self.program.planned:
            step.recorder.from_plan.append(service + self._lateness(reply))

    def _lateness(self, reply: Reply) -> int:
        """Delay of this request against its planned start, ns.

        The first request of an iteration is late by what passed since its planned start, connecting included; those
        after it inherit that, because they could only follow it.
        """
        if self.planned_ns != NO_PLAN:
            self.late_ns = max(reply.started_ns - self.engine.time.paused_ns - self.planned_ns, 0)
            self.planned_ns = NO_PLAN
        return self.late_ns

    def _read(self, step: Step, reply: Reply) -> str | None:
        """Check and extract. What a plugin or a hostile body makes raise is this request's failure, not the run's."""
        try:
            failure = step.judge(reply, self.scope)
            missing = self._extract(step, reply) if step.extracts else None
            return failure or missing
        except Exception as error:
            self.engine.warn(f"reading a reply of {step.name!r} failed: {error!r}", error)
            return f"Unreadable Reply: {type(error).__name__}"

    def _extract(self, step: Step, reply: Reply) -> str | None:
        variables = self.scope.variables
        failure = None
        for name, find in step.extracts:
            value = find(reply)
            if value is MISSING:
                variables.pop(name, None)
                failure = failure or f"Extract: {name}"
            else:
                variables[name] = value
        return failure

    def _fail(self, step: Step, error_class: str, message: str, reply: Reply | None) -> None:
        self.failures += 1
        self.failure = (step.name, error_class)
        self.engine.errors.count(step, error_class, message, reply, self.scope)

    def _forget(self, step: Step) -> None:
        """Remove the variables that a failed request should have set: an older value must not pass for a new one."""
        for name, _ in step.extracts:
            self.scope.variables.pop(name, None)
