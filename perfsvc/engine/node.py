"""One node's part of a run: it drives its virtual users and tells, once a second, what they measured."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from perfsvc.clock import Clock
from perfsvc.engine.crowd import Crowd
from perfsvc.engine.failures import FailureLog
from perfsvc.engine.instructions import IDLE_PAUSE_S
from perfsvc.engine.instructions import Send
from perfsvc.engine.pacing import share_of
from perfsvc.engine.pacing import users_at
from perfsvc.engine.probe import Probe
from perfsvc.engine.program import Compiler
from perfsvc.engine.program import Program
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.virtual_user import CLOSED
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Gate
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.run import RunSpec
from perfsvc.model.template import Template
from perfsvc.model.window import Snapshot
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import RunContext
from perfsvc.plugin.protocol import Scope

log = logging.getLogger(__name__)

TICK_S = 0.01
SWEEP_NS = 50_000_000
SECOND_NS = 1_000_000_000
CLOSE_TIMEOUT_S = 5.0
ERRAND_TIMEOUTS = 10
"""Setup or teardown steps of a scene may take this many request time-outs in all."""
MAX_COMPLAINTS = 20

Emit = Callable[[Snapshot], None]


class Engine:
    """Runs ``spec`` as node number ``index`` of ``count``.

    The order is ``compile()``, ``await prepare()``, ``start()``, any of ``pause()``, ``resume()``, ``stop()``, then
    ``await wait()``.
    ``emit`` gets a snapshot each second and a last one at the end; it must not block. ``ending`` is called when the
    load profile is over. All methods belong to the loop that ``compile`` ran on.
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
        node: str = "local",
        index: int = 0,
        count: int = 1,
    ) -> None:
        self.spec = spec
        self._protocol_class = protocol_class
        self._emit = emit
        self._ending = ending
        self._clock = clock
        self._node = node
        self._index = index
        self._count = count
        self._resolver = Resolver(policy)
        self._numbers = random.Random(f"{spec.seed}/node/{index}")  # noqa: S311 - repeatable on purpose
        self._classes = ErrorClasses()
        self._failures = FailureLog(self._classes)
        self._recorders: dict[int, StepRecorder] = {}
        self._protocols: dict[str, Protocol] = {}
        self._gate = Gate()
        self._probe = Probe()
        self._seq = 0
        self._iterations = 0
        self._cut_off = 0
        self._complaints = 0
        self.stopping = False
        self._paused_at = 0
        self._base: dict[str, object] = {}
        self._started = False
        self._ticker: asyncio.TimerHandle | None = None
        self.paused_ns = 0
        self.tick_ns = 0

    def compile(self) -> None:
        """Make the scenes ready. Raises InvalidInput with every fault, PluginMissing and the like as they come."""
        self.loop = asyncio.get_running_loop()
        self._ended = self.loop.create_future()
        compiler = self._compiler()
        made = [
            compiler.scene(weighted.scene, self.spec.pacing_s > 0, f"scenes[{number}]")
            for number, weighted in enumerate(self.spec.scenes)
        ]
        compiler.check()
        weights = [weighted.weight for weighted in self.spec.scenes]
        self._crowd = Crowd([programs["main"] for programs in made], weights, self._make_user)
        self._setups = [programs["setup"] for programs in made]
        self._teardowns = [programs["teardown"] for programs in made]

    async def prepare(self) -> None:
        """Run the setup steps. Raises RunError when they do not end."""
        self._swept_ns = 0
        self._tick_due = self.loop.time()
        self._tick()
        await self._errands(self._setups)

    def start(self) -> None:
        """Begin the load now."""
        self._origin_ns = self._fold_due_ns = self.tick_ns = self._clock.now_ns()
        self._folded_elapsed_ns = 0
        self._origin_second = int(self._clock.wall())
        self._started = True
        self._drive()

    def pause(self) -> None:
        """No new request starts; profile time stands still. Requests in flight end as they would."""
        if not self._paused_at and not self.stopping:
            self._paused_at = self._clock.now_ns()
            self._gate.closed = True

    def resume(self) -> None:
        """Go on where ``pause`` left off."""
        if self._paused_at and not self.stopping:
            self.paused_ns += self._clock.now_ns() - self._paused_at
            self._paused_at = 0
            self._gate.closed = False
            self._crowd.release()

    def stop(self) -> None:
        """No new request starts; those in flight get ``graceful_stop_s`` to end, then they are cut off."""
        if self.stopping:
            return
        self.stopping = True
        self._gate.closed = True
        self._crowd.leave_idle()
        self._background = self.loop.create_task(self._finish())

    async def wait(self) -> None:
        """Until the last snapshot was emitted."""
        await asyncio.shield(self._ended)

    # What instructions and users call.

    def hold(self, user: VirtualUser, position: int) -> int:
        """A user may not start its next request: it waits for the end of the pause, or leaves."""
        if self.stopping or user.gate is CLOSED:
            self._crowd.leave(user)
        else:
            self._crowd.hold(user, position)
        return WAIT

    def iteration_ended(self, user: VirtualUser, back: int) -> int:
        """Count an iteration, and say where the user goes on."""
        self._iterations += 1
        if user.retire_by_ns:
            self._crowd.leave(user)
            return WAIT
        if self.spec.pacing_s:
            return self._paced(user, back)
        if not user.sent:
            return user.run_after(IDLE_PAUSE_S, back)
        return back

    def errand_done(self, user: VirtualUser) -> int:
        """A user that ran setup or teardown steps is through."""
        self._base.update(user.scope.variables)
        self._crowd.leave(user)
        return WAIT

    def cut_off_one(self, user: VirtualUser) -> None:
        """A request was given up because the run, or the user, ended: not the target's fault."""
        self._cut_off += 1
        user.deadline_ns = 0
        self._crowd.leave(user)

    def count_failure(self, step: Send, error_class: str, message: str, reply: Reply | None) -> None:
        """A request failed: count it under its class, keep an example."""
        step.recorder.failures[error_class] += 1
        self._failures.note(step.step_index, error_class, message, reply, self._clock.wall())

    def active_ns(self) -> int:
        """The clock without the run's pauses."""
        return self._clock.now_ns() - self.paused_ns

    def complain(self, message: str) -> None:
        """Log something that should not happen, not without limit."""
        self._complaints += 1
        if self._complaints <= MAX_COMPLAINTS:
            log.warning("run %s: %s", self.spec.execution_id, message)

    # Time.

    def _elapsed_ns(self) -> int:
        """Profile time: running time since the start."""
        return (self._paused_at or self.tick_ns) - self._origin_ns - self.paused_ns

    def _tick(self) -> None:
        self.tick_ns = self._clock.now_ns()
        late = self.loop.time() - self._tick_due
        self._tick_due = max(self._tick_due, self.loop.time() - TICK_S) + TICK_S
        self._ticker = self.loop.call_at(self._tick_due, self._tick)
        if self.tick_ns - self._swept_ns >= SWEEP_NS:
            self._sweep()
        if self._started:
            self._probe.loop_late(int(late * SECOND_NS))
            self._drive()
            if self.tick_ns - self._fold_due_ns >= SECOND_NS:
                self._fold()

    def _drive(self) -> None:
        if self._paused_at or self.stopping:
            return
        elapsed = self._elapsed_ns() / SECOND_NS
        if elapsed >= self.spec.load.duration:
            self._ending()
            self.stop()
        else:
            self._crowd.adjust(self._share(elapsed), self.tick_ns + int(self.spec.graceful_stop_s * SECOND_NS))

    def _share(self, elapsed: float) -> int:
        return share_of(users_at(self.spec.load, elapsed), self._index, self._count)

    def _sweep(self) -> None:
        """The one look-out for deadlines: no request has a timer of its own."""
        self._swept_ns = self.tick_ns
        for user in self._crowd.overdue(self.tick_ns):
            user.deadline_ns = 0
            for session in user.sessions:
                if session is not None and user.sending is not None:
                    session.abort(TIMEOUT)
        self._crowd.leave_retired(self.tick_ns)

    def _fold(self) -> None:
        """Everything since the last fold as a snapshot, under the second of the run that it began in."""
        covered = (self._fold_due_ns - self._origin_ns) // SECOND_NS
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
            vus=len(self._crowd.active),
            planned_vus=0 if self.stopping else self._share(elapsed_ns / SECOND_NS),
            paused=bool(self._paused_at),
            iterations=self._iterations,
            cut_off=self._cut_off,
            windows=[window for index in sorted(self._recorders) if (window := self._recorders[index].fold(index))],
            health=self._probe.read(wall_span),
            errors=self._failures.drain(),
        )
        self._iterations = self._cut_off = 0
        self._emit(snapshot)

    # Users.

    def _make_user(self, number: int, program: Program) -> VirtualUser:
        scope = Scope(self._index + 1 + (number - 1) * self._count, self.spec.seed)
        scope.variables.update(self._base)
        return VirtualUser(self, program, scope, self._gate)

    def _make_errand(self, number: int, program: Program) -> VirtualUser:
        user = self._make_user(0, program)
        user.gate = Gate()
        return user

    def _paced(self, user: VirtualUser, back: int) -> int:
        now = self.active_ns()
        user.due_ns = (user.due_ns or now) + int(self.spec.pacing_s * SECOND_NS)
        user.planned_ns = user.due_ns
        return user.run_after(max(user.due_ns - now, 0) / SECOND_NS, back)

    async def _errands(self, programs: list[Program]) -> None:
        """Run setup or teardown programs, one after the other; their variables become everyone's."""
        crowd = self._crowd
        try:
            for program in programs:
                if len(program.instructions) > 1:
                    self._crowd = Crowd([program], [1], self._make_errand)
                    await self._errand(self._crowd)
        finally:
            self._crowd = crowd

    async def _errand(self, errand: Crowd) -> None:
        limit = self.spec.request_timeout_ms / 1000 * ERRAND_TIMEOUTS
        errand.adjust(1)
        try:
            await asyncio.wait_for(errand.empty.wait(), limit)
        except TimeoutError:
            errand.cut_off()
            zh, en = f"前置或后置步骤在 {limit:g} 秒内没有结束", f"setup or teardown did not end in {limit:g} s"
            raise RunError(zh, en) from None
        await errand.closed(CLOSE_TIMEOUT_S)

    # The end.

    async def _finish(self) -> None:
        try:
            await self._leave_all()
        except RunError as error:
            self.complain(str(error))
        finally:
            await self._close_protocols()
            if self._ticker is not None:
                self._ticker.cancel()
            self.tick_ns = self._clock.now_ns()
            if self._started:
                self._fold()
            self._ended.set_result(None)

    async def _leave_all(self) -> None:
        try:
            await asyncio.wait_for(self._crowd.empty.wait(), self.spec.graceful_stop_s)
        except TimeoutError:
            self._crowd.cut_off()
        await self._crowd.closed(CLOSE_TIMEOUT_S)
        await self._errands(self._teardowns)

    async def _close_protocols(self) -> None:
        for protocol in self._protocols.values():
            try:
                await asyncio.wait_for(protocol.close(), CLOSE_TIMEOUT_S)
            except Exception as error:  # one that cannot close must not keep the run from ending
                self.complain(f"closing {protocol.name} failed: {error!r}")

    # Compiling.

    def _compiler(self) -> Compiler:
        return Compiler(self._protocol, self.spec.protocol, self.spec.request_timeout_ms, self._recorder, self._numbers)

    def _protocol(self, name: str) -> Protocol:
        if name not in self._protocols:
            made = self._protocol_class(name)
            options = made.Options.parse(self.spec.protocol_options.get(name, {}), f"protocol_options.{name}")
            self._protocols[name] = made(options, self._context())
        return self._protocols[name]

    def _recorder(self, index: int) -> StepRecorder:
        return self._recorders.setdefault(index, StepRecorder(self._classes))

    def _context(self) -> RunContext:
        target = self.spec.target
        constants = {name: value for name, value in target.variables.items() if name not in self._extracted()}
        return RunContext(
            base_url=target.base_url,
            headers=target.headers,
            template=lambda text: Template(text, constants),
            now_ns=self._clock.now_ns,
            resolve=self._resolver.resolve,
        )

    def _extracted(self) -> set[str]:
        """Names that steps extract: these vary, even where the environment has a value for them."""
        steps = [step for weighted in self.spec.scenes for step in weighted.scene.walk()]
        return {extractor.name for step in steps if step.type == "request" for extractor in step.extract}
