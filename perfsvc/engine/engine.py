"""One node's part of a run: it drives its virtual users and tells, once a second, what they measured."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping

from perfsvc.clock import Clock
from perfsvc.engine.compiled import CLOSE_TIMEOUT_S
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.error_samples import ErrorSamples
from perfsvc.engine.error_samples import LimitedLog
from perfsvc.engine.executors.closed import ClosedExecutor
from perfsvc.engine.executors.open import OpenExecutor
from perfsvc.engine.probe import Probe
from perfsvc.engine.probe import check_open_files
from perfsvc.engine.probe import raise_open_files_limit
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.engine.row_supply import NoSupply
from perfsvc.engine.row_supply import RowSupply
from perfsvc.engine.setup_teardown import begin_errand
from perfsvc.engine.setup_teardown import has_steps
from perfsvc.engine.setup_teardown import run_errand
from perfsvc.engine.share import WHOLE
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.share import StartTime
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import CLOSED
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import PauseGate
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import Step
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

TICK_S = 0.01
SWEEP_NS = 50_000_000
SECOND_NS = 1_000_000_000
LAST_MOMENT_S = 1e-6
"""What was due before the end is started, though the tick that notices the end comes a little after it."""

Emit = Callable[[Snapshot], None]


class Engine:
    """Runs one node's part of ``spec``, which its ``slot`` decides.

    The order is ``compile()``, ``await prepare()``, ``start()``, any of ``pause()``, ``resume()``, ``stop()``, then
    ``await wait()``.
    ``emit`` gets a snapshot each second and a last one at the end; it must not block. ``ending`` is called when the
    load profile is over, ``teardown_here`` when all users have left: whether this node is the one that runs the steps
    after the load, answered when it is time to. ``supply`` is where rows of test data come from. When the clock is past
    ``lease_ns``, unless that is 0, the load is aborted. All methods belong to the loop that ``compile`` ran on.
    """

    def __init__(
        self,
        spec: RunSpec,
        protocol_class: Callable[[str], type[Protocol]],
        emit: Emit,
        clock: Clock,
        policy: TargetPolicy,
        *,
        ending: Callable[[], None] = lambda: None,
        teardown_here: Callable[[], Awaitable[bool]] | None = None,
        node: str = "local",
        slot: Slot = WHOLE,
        supply: RowSupply | None = None,
    ) -> None:
        self.spec = spec
        self._protocol_class = protocol_class
        self._emit = emit
        self._ending = ending
        self._clock = clock
        self._teardown_here = teardown_here
        self._node = node
        self._slot = slot
        self._resolver = Resolver(policy, cached=spec.dns_cache)
        self._gate = PauseGate()
        self.rows = (
            RowBuffer(self, supply or NoSupply(), spec.data.allocation, spec.graceful_stop_s) if spec.data else None
        )
        self._seq = 0
        self._iterations = 0
        self._cut_off = 0
        self.complain = LimitedLog(spec.execution_id)
        self._paused_at = 0
        self._started = False
        self._aborted = False
        self._fault: Exception | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self.probe = Probe()
        self.variables: dict[str, object] = {}
        self.stopping = False
        self.lease_ns = 0
        self.origin_ns = 0
        self.paused_ns = 0
        self.tick_ns = 0

    def compile(self) -> None:
        """Make the scenes ready. Raises InvalidInput with every fault, and for more users than can have connections."""
        self.loop = asyncio.get_running_loop()
        check_open_files(self._slot.share.of(self.spec.load.most_users), raise_open_files_limit())
        self._ended = self.loop.create_future()
        self._assemble()

    def _assemble(self) -> None:
        numbers = random.Random(f"{self.spec.seed}/node/{self._slot.share.index}")  # noqa: S311 - repeatable on purpose
        self._run = CompiledRun(self.spec, self._protocol_class, self._resolver, self._clock, numbers, self.rows)
        self._failures = ErrorSamples(self._run.classes)
        weights = [weighted.weight for weighted in self.spec.scenes]
        driver = OpenExecutor if self.spec.load.open else ClosedExecutor
        self._users = UserPool(self._run.mains, weights, self._make_user, self._begin)
        self._driver: ClosedExecutor | OpenExecutor = driver(self, self._users, self._slot)

    async def prepare(self, variables: Mapping[str, object] | None = None) -> None:
        """Run the setup steps, or take over the ``variables`` of the node that did. Raises RunError."""
        if self._run.stale:
            await self._run.close(self.complain)
            self._assemble()
        self._swept_ns, self._tick_due = 0, self.loop.time()
        self._tick()
        if variables is None:
            await self._errands(self._run.setups)
        else:
            self.variables.update(variables)

    def start(self, origin: StartTime | None = None, paused_ns: int = 0) -> None:
        """Begin the load; where ``origin`` is given, that is when it began, or begins, on all nodes."""
        now_ns = self.tick_ns = self._clock.now_ns()
        began = origin or StartTime(now_ns, self._clock.wall())
        self.origin_ns, self._origin_second, self.paused_ns = began.clock_ns, int(began.wall), paused_ns
        missed = max(now_ns - self.origin_ns, 0) // SECOND_NS
        self._fold_due_ns = self.origin_ns + missed * SECOND_NS
        self._folded_elapsed_ns = self._elapsed_ns() if missed else 0
        self._started = True
        self._drive()

    def pause(self, at_ns: int | None = None) -> None:
        """No new request starts, those in flight end as they would; profile time stands still, from ``at_ns`` on."""
        if not self.idle:
            self._paused_at = self._clock.now_ns() if at_ns is None else at_ns
            self._gate.closed = True
            self._driver.paused()

    def resume(self, at_ns: int | None = None) -> None:
        """Go on where ``pause`` left off; profile time does so at ``at_ns`` where it is given."""
        if self._paused_at and not self.stopping:
            self.paused_ns += (self._clock.now_ns() if at_ns is None else at_ns) - self._paused_at
            self._paused_at = 0
            self._gate.closed = False
            self._users.release()
            self._driver.resumed()

    def set_level(self, level: float, at: float | None = None) -> None:
        """The run's load is ``level`` (virtual users, or arrivals per second) from profile time ``at`` on, or now."""
        if not self.stopping and (self._started or at is not None):
            self._driver.set_level(self.elapsed_now() if at is None else at, level)
            self._drive()

    def resplit(self, share: Share, at: float, iterations: int = 0) -> None:
        """This node's part of the run is ``share`` from profile time ``at`` on, s, with so many more iterations."""
        if not self.stopping:
            self._driver.resplit(at, share)
            self._driver.add_iterations(iterations)
            self._drive()

    def abort(self) -> None:
        """Stop at once: requests in flight are given up, and no step is run any more."""
        self._aborted = True
        self.stop()
        self._users.cut_off()

    def stop(self) -> None:
        """No new request starts; those in flight get ``graceful_stop_s`` to end, then they are cut off."""
        if self.stopping:
            return
        if self._aborted:
            self._driver.paused()
        elif self._started:
            self._driver.stopped(self.elapsed_now())
        self.stopping = self._gate.closed = True
        self._users.leave_idle()
        self._background = self.loop.create_task(self._finish())

    async def wait(self) -> None:
        """Until the last snapshot was emitted. Raises what made the run impossible to go on with."""
        await asyncio.shield(self._ended)

    # What instructions and users call.

    def hold(self, user: VirtualUser, position: int) -> int:
        """A user may not start its next request: it waits for the end of the pause, or leaves."""
        if self.stopping or user.gate is CLOSED:
            self._users.leave(user)
        else:
            self._users.hold(user, position)
        return WAIT

    def iteration_ended(self, user: VirtualUser, back: int) -> int:
        """Count an iteration, and say where the user goes on."""
        self._iterations += 1
        return self._driver.next_iteration(user, back)

    def setup_done(self, user: VirtualUser) -> int:
        """A user that ran setup or teardown steps is through."""
        self.variables.update(user.scope.variables)
        self._users.leave(user)
        return WAIT

    def cut_off_one(self, user: VirtualUser) -> None:
        """A request was given up because the run, or the user, ended: not the target's fault."""
        self._cut_off += 1
        user.deadline_ns = 0
        self._users.leave(user)

    def count_failure(self, step: Step, error_class: str, message: str, reply: Reply | None) -> None:
        """A request failed: count it under its class, keep an example."""
        step.recorder.failures[error_class] += 1
        self._failures.note(step.step_index, error_class, message, reply, self._clock.wall())

    @property
    def active_users(self) -> Collection[VirtualUser]:
        """The users that have started and not left."""
        return self._users.active

    def out_of_data(self, user: VirtualUser) -> None:
        """A user has no row of test data to work with, and there will be none."""
        self._driver.out_of_data(user)

    @property
    def idle(self) -> bool:
        """Whether no request may start, for now or for good."""
        return bool(self._paused_at) or self.stopping or self._lease_over

    @property
    def at_work(self) -> bool:
        """Whether the load has begun and the last snapshot is not yet told."""
        return self._started and not self._ended.done()

    @property
    def _lease_over(self) -> bool:
        return bool(self.lease_ns) and self._clock.now_ns() > self.lease_ns

    def active_ns(self) -> int:
        """The clock without the run's pauses."""
        return self._clock.now_ns() - self.paused_ns

    def elapsed_now(self) -> float:
        """Profile time, s: running time since the start."""
        return ((self._paused_at or self._clock.now_ns()) - self.origin_ns - self.paused_ns) / SECOND_NS

    def fail(self, error: Exception) -> None:
        """The run cannot go on: it ends, and ``wait`` raises the first such error."""
        self._fault = self._fault or error
        self.stop()

    # Time.

    def _elapsed_ns(self) -> int:
        """Profile time: running time since the start."""
        return (self._paused_at or self.tick_ns) - self.origin_ns - self.paused_ns

    def _tick(self) -> None:
        self.tick_ns = self._clock.now_ns()
        late = self.loop.time() - self._tick_due
        self._tick_due = max(self._tick_due, self.loop.time() - TICK_S) + TICK_S
        self._ticker = self.loop.call_at(self._tick_due, self._tick)
        if self.tick_ns - self._swept_ns >= SWEEP_NS:
            self._sweep()
        if self._lease_over and not self._aborted:
            self.abort()
        if self._started:
            self.probe.loop_late(int(late * SECOND_NS))
            self._go_on()

    def _go_on(self) -> None:
        """Tell the second that is over, start what is due. What goes wrong here ends the run, lest it never end."""
        try:
            if self.tick_ns - self._fold_due_ns >= SECOND_NS:
                self._fold()
            self._drive()
        except Exception as error:
            self.fail(error)

    def _drive(self) -> None:
        if self.idle or not self._started:
            return
        elapsed = self._elapsed_ns() / SECOND_NS
        if elapsed >= self.spec.load.duration or self._driver.exhausted or (self.rows and self.rows.over()):
            self._driver.tick(min(elapsed, self.spec.load.duration - LAST_MOMENT_S))
            self._ending()
            self.stop()
        else:
            self._driver.tick(elapsed)

    def _sweep(self) -> None:
        """The one look-out for deadlines: no request has a timer of its own."""
        self._swept_ns = self.tick_ns
        for user in self._users.overdue(self.tick_ns):
            user.deadline_ns = 0
            for session in user.sessions:
                if session is not None and user.sending is not None:
                    session.abort(TIMEOUT)
        self._users.leave_retired(self.tick_ns)

    def _fold(self) -> None:
        """Everything since the last fold as a snapshot, under the second of the run that it began in."""
        covered = (self._fold_due_ns - self.origin_ns) // SECOND_NS
        wall_span = self.tick_ns - self._fold_due_ns
        self._fold_due_ns += wall_span // SECOND_NS * SECOND_NS
        elapsed_ns = self._elapsed_ns()
        span, self._folded_elapsed_ns = elapsed_ns - self._folded_elapsed_ns, elapsed_ns
        self._seq += 1
        snapshot = Snapshot(
            node=self._node,
            seq=self._seq,
            second=self._origin_second + int(covered),
            elapsed=round(elapsed_ns / SECOND_NS, 3),
            span_ns=span,
            vus=self._users.told(first=self._seq == 1),
            planned_vus=0 if self.stopping else self._driver.planned_users(elapsed_ns / SECOND_NS),
            planned_rate=0.0 if self.stopping else self._driver.planned_rate(elapsed_ns / SECOND_NS),
            paused=bool(self._paused_at),
            iterations=self._iterations,
            cut_off=self._cut_off,
            dropped=self._driver.dropped,
            late=self._driver.late,
            windows=self._run.fold(self._users.active),
            health=self.probe.read(wall_span, 0.0 if self.rows is None else self.rows.waited(span)),
            errors=self._failures.drain(),
        )
        self._iterations = self._cut_off = self._driver.dropped = self._driver.late = 0
        self._emit(snapshot)

    # Users.

    def _make_user(self, number: int, program: Program) -> VirtualUser:
        scope = Scope(self._slot.user_number(number), self.spec.seed)
        scope.variables.update(self.variables)
        return VirtualUser(self, program, scope, self._gate)

    def _begin(self, user: VirtualUser, number: int) -> None:
        self._driver.first_iteration(user, number)

    async def _errands(self, programs: list[Program]) -> None:
        """Run setup or teardown programs, one after the other; their variables become everyone's."""
        users = self._users
        try:
            for program in programs:
                if has_steps([program]):
                    self._users = UserPool([program], [1], lambda _, code: self._make_user(0, code), begin_errand)
                    await run_errand(self._users, self.spec.request_timeout_ms)
        finally:
            self._users = users

    # The end.

    async def _finish(self) -> None:
        try:
            await self._leave_all()
        except RunError as error:
            self.complain(str(error))
        finally:
            if self.rows is not None:
                self.rows.close()
            await self._run.close(self.complain)
            if self._ticker is not None:
                self._ticker.cancel()
            self.tick_ns = self._clock.now_ns()
            self._tell_the_end()

    def _tell_the_end(self) -> None:
        try:
            if self._started:
                self._fold()
        except Exception as error:
            self._fault = self._fault or error
        if self._fault is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(self._fault)

    async def _leave_all(self) -> None:
        try:
            await asyncio.wait_for(self._users.empty.wait(), self.spec.graceful_stop_s)
        except TimeoutError:
            self._users.cut_off()
        await self._users.closed(CLOSE_TIMEOUT_S)
        if await self._runs_teardown():
            await self._errands(self._run.teardowns)

    async def _runs_teardown(self) -> bool:
        """Whether the steps after the load are for this node to run; answered when it is time to."""
        if self._aborted or self._ticker is None or not has_steps(self._run.teardowns):
            return False
        return self._teardown_here is None or await self._teardown_here()
