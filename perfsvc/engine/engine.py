"""One node's part of a run: users that send requests, and once a second a snapshot of what they measured."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.error_samples import LimitedLog
from perfsvc.engine.executors.closed import ClosedExecutor
from perfsvc.engine.executors.open import OpenExecutor
from perfsvc.engine.lease import Lease
from perfsvc.engine.masking import Masker
from perfsvc.engine.meetings import Meetings
from perfsvc.engine.meetings import OnWaiting
from perfsvc.engine.meetings import points_of
from perfsvc.engine.outcome import Outcome
from perfsvc.engine.pacing import LAST_MOMENT_S
from perfsvc.engine.pattern_time import refill
from perfsvc.engine.probe import Probe
from perfsvc.engine.probe import check_open_files
from perfsvc.engine.probe import raise_open_files_limit
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.engine.row_supply import NoSupply
from perfsvc.engine.row_supply import RowSupply
from perfsvc.engine.scene_draw import SceneDraw
from perfsvc.engine.scene_draw import draws_before
from perfsvc.engine.setup_teardown import OncePerRun
from perfsvc.engine.share import WHOLE
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.share import StartTime
from perfsvc.engine.snapshots import SnapshotBuilder
from perfsvc.engine.ticker import Ticker
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.user_pool import leave_all
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.errors import SetupFailed
from perfsvc.event_loop import off_loop
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Scope


async def here() -> bool:
    """A node that runs alone runs the teardown steps."""
    return True


@dataclass(frozen=True)
class Callbacks:
    """Callbacks of an engine. None of them may block.

    ``on_snapshot`` gets a snapshot each second and a last one at the end. ``on_ending`` is called when the load profile
    is over. ``teardown_here`` is awaited when all users have left: whether this node runs the teardown steps.
    ``on_waiting`` is for runs of many nodes: users have come to a rendezvous.
    """

    on_snapshot: Callable[[Snapshot], None]
    on_ending: Callable[[], None] = lambda: None
    teardown_here: Callable[[], Awaitable[bool]] = here
    on_waiting: OnWaiting | None = None


@dataclass(frozen=True)
class Node:
    """The node's resources for a run. ``slot`` is its part of the run's load."""

    protocol_class: Callable[[str], type[Protocol]]
    clock: Clock
    policy: TargetPolicy
    name: str = "local"
    slot: Slot = WHOLE


class Engine:
    """Runs one node's part of ``spec``.

    The order is ``compile()``, ``await prepare()``, ``start()``, any of ``pause()``, ``resume()``, ``stop()``, then
    ``await wait()``. All methods belong to the loop that the engine was made on, but ``compile`` may run in a thread.

    ``supply`` is the source of rows of test data. The load is aborted when ``lease`` is over.
    """

    def __init__(self, spec: RunSpec, node: Node, callbacks: Callbacks, supply: RowSupply | None = None) -> None:
        self.spec = spec
        self._node = node
        self._callbacks = callbacks
        supply = supply or NoSupply()
        self.rows = RowBuffer(self, supply, spec.data.allocation, spec.graceful_stop_s) if spec.data else None
        self.time = ProfileClock(node.clock)
        self.warn = LimitedLog(spec.execution_id, Masker(spec.secrets))
        self.probe = Probe()
        self.variables: dict[str, object] = {}
        self.stopping = False
        self._aborted = False
        self.lease = Lease(node.clock)
        self.tick_ns = 0
        self.loop = asyncio.get_running_loop()
        needed = [point.users for point in points_of([weighted.scene for weighted in spec.scenes])]
        self.meetings = Meetings(self.loop, needed, callbacks.on_waiting)
        self._outcome = Outcome(self.loop)
        self._ticker = Ticker(self.loop, self._tick)

    def compile(self) -> None:
        """Compile the scenes. Raises InvalidInput with every fault, and for more users than can have connections."""
        check_open_files(self._node.slot.share.of(self.spec.load.most_users), raise_open_files_limit())
        self._assemble()

    def _assemble(self) -> None:
        spec, node = self.spec, self._node
        rng = random.Random(f"{spec.seed}/node/{node.slot.share.index}")  # noqa: S311 - repeatable on purpose
        resolver = Resolver(node.policy, cached=spec.dns_cache)
        weights = [weighted.weight for weighted in spec.scenes]

        def begin(user: VirtualUser, number: int) -> None:
            self.executor.first_iteration(user, number)

        def on_start_failed(user: VirtualUser, back: int) -> int:
            return self.executor.on_start_failed(user, back)

        self._run = CompiledRun(spec, node.protocol_class, resolver, node.clock, rng, self.rows, on_start_failed)

        draw = SceneDraw(weights, draws_before(spec.load, node.slot.share, weights))
        self._users = UserPool(self._run.mains, draw, self._make_user, begin)
        self.errors = self._run.errors
        self._setup = OncePerRun(self._run.setups, self._make_user, spec, SetupFailed)
        self._teardown = OncePerRun(self._run.teardowns, self._make_user, spec)
        self._pools = (self._users, self._setup.pool, self._teardown.pool)
        executor_class = OpenExecutor if spec.load.open else ClosedExecutor
        self.executor: ClosedExecutor | OpenExecutor = executor_class(self, self._users, node.slot)
        self._snapshots = SnapshotBuilder(
            node.name, self.time, self._run, self.executor, self._pools, self.probe, self.rows
        )

    async def prepare(self, variables: Mapping[str, object] | None = None) -> None:
        """Run the setup steps, or take over the ``variables`` of the node that did. Raises SetupFailed."""
        if self._run.stale:
            await self._run.close(self.warn)
            await off_loop(self._assemble)
            if self.stopping:  # the parts that were stopped meanwhile are gone
                self._users.stop()
                self._setup.stop()
        self._ticker.start()
        if variables is None:
            await self._setup.run(self.variables)
        else:
            self.variables.update(variables)

    def start(self, start: StartTime | None = None, paused_ns: int = 0) -> None:
        """Begin the load: now, or as if it had begun at ``start``, which is the same moment on all nodes."""
        self.tick_ns = self._node.clock.now_ns()
        self.time.begin(start, paused_ns=paused_ns)
        self._snapshots.begin(self.tick_ns)
        self._drive()

    def pause(self, at_ns: int | None = None) -> None:
        """Start no new request and let those in flight end; profile time stands still, from ``at_ns`` on."""
        if not self.idle:
            self.time.pause(at_ns)
            self._users.pause()
            self.executor.paused()

    def resume(self, at_ns: int | None = None) -> None:
        """Go on where ``pause`` left off; profile time does so at ``at_ns`` where it is given."""
        if self.time.paused and not self.stopping:
            self.time.resume(at_ns)
            self._users.resume()
            self.executor.resumed()

    def check_level(self, level: float) -> None:
        """Raises InvalidInput for more users than can have connections."""
        if not self.spec.load.open:
            check_open_files(self._node.slot.share.of(int(level)), raise_open_files_limit())

    def set_level(self, level: float, at: float | None = None) -> None:
        """Set the run's load (virtual users, or arrivals per second) from profile time ``at`` on, or from now."""
        if not self.stopping and (self.time.begun or at is not None):
            self.executor.set_level(self.time.elapsed() if at is None else at, level)
            self._drive()

    def resplit(self, share: Share, at: float, iterations: int = 0) -> None:
        """Set this node's part of the run from profile time ``at`` on, s, and give it more ``iterations``."""
        if not self.stopping:
            self.executor.resplit(at, share)
            self.executor.add_iterations(iterations)
            self._drive()

    def abort(self) -> None:
        """Stop at once: give up requests in flight and run no further step."""
        self._aborted = True
        self.stop()
        self._setup.cut_off()
        self._teardown.cut_off()
        self._users.cut_off()

    def stop(self) -> None:
        """Start no new request; those in flight get ``graceful_stop_s`` to end, then they are cut off."""
        if self.stopping:
            return
        if self._aborted:
            self.executor.paused()
        elif self.time.begun:
            self.executor.stopped(self.time.elapsed())
        self.stopping = True
        self._users.stop()
        self._setup.stop()
        self._finishing = self.loop.create_task(self._finish())

    async def wait(self) -> None:
        """Wait until the last snapshot was emitted. Raises the error that ended the run."""
        await self._outcome.wait()

    # For users, executors and the row buffer.

    def fail(self, error: Exception) -> None:
        """End the run; ``wait`` raises the first such error."""
        self._outcome.fail(error)
        self.stop()

    @property
    def active_users(self) -> Collection[VirtualUser]:
        """The users that have started and not left."""
        return self._users.active

    @property
    def idle(self) -> bool:
        """Whether no request may start, for now or for good."""
        return self.time.paused or self.stopping or self.lease.over

    @property
    def at_work(self) -> bool:
        """Whether the load has begun and the last snapshot is still to come."""
        return self.time.begun and not self._outcome.settled

    # Time.

    def _tick(self, late_ns: int) -> None:
        self.tick_ns = self._node.clock.now_ns()
        refill()
        for pool in self._pools:
            pool.sweep(self.tick_ns)
        if self.lease.over and not self._aborted:
            self.abort()
        if not self.time.begun:
            return
        self.probe.loop_late(late_ns)
        try:
            if self._snapshots.due(self.tick_ns):
                self._callbacks.on_snapshot(self._snapshots.build(self.tick_ns, self.stopping))
            self._drive()
        except Exception as error:  # a run that only logs it would never end
            self.fail(error)

    def _drive(self) -> None:
        """Start what is due, or end the load."""
        if self.idle or not self.time.begun:
            return
        elapsed, duration = self.time.elapsed_ns(self.tick_ns) / NS_PER_S, self.spec.load.duration
        if self.executor.exhausted and (end := self.executor.all_stopped) is not None:
            self.fail(end)
        elif elapsed >= duration or self.executor.exhausted or (self.rows is not None and self.rows.over()):
            self.executor.tick(min(elapsed, duration - LAST_MOMENT_S))
            self._callbacks.on_ending()
            self.stop()
        else:
            self.executor.tick(elapsed)

    # Users.

    def _make_user(self, pool: UserPool, number: int, program: Program) -> VirtualUser:
        scope = Scope(self._node.slot.user_number(number), self.spec.seed)
        scope.variables.update(self.variables)
        return VirtualUser(self, pool, program, scope)

    # The end.

    async def _finish(self) -> None:
        try:
            await leave_all((self._users, self._setup.pool), self.spec.graceful_stop_s)
            if await self._runs_teardown():
                await self._teardown.run(self.variables)
        except RunError as error:
            self.warn(str(error))
        except Exception as error:  # a run that only logs it would count as clean
            self._outcome.fail(error)
        finally:
            self.meetings.close()
            await self._close()
            self._end()

    async def _close(self) -> None:
        """Close the test data and the sessions; an error ends the run and does not keep it from ending."""
        try:
            if self.rows is not None:
                self.rows.close()
        except Exception as error:
            self._outcome.fail(error)
        await self._run.close(self.warn)
        self._ticker.stop()
        self.tick_ns = self._node.clock.now_ns()

    async def _runs_teardown(self) -> bool:
        """Whether this node runs the teardown steps; decided when it is time to."""
        if self._aborted or not self._ticker.running or self._teardown.over:
            return False
        return await self._callbacks.teardown_here()

    def _end(self) -> None:
        """Emit the last snapshot and end ``wait``."""
        try:
            if self._setup.ran and not self.time.begun:  # its requests count though the load never began
                self.time.begin()
                self._snapshots.begin(self.tick_ns)
            if self.time.begun:
                self._callbacks.on_snapshot(self._snapshots.build(self.tick_ns, self.stopping))
        except Exception as error:
            self._outcome.fail(error)
        self._outcome.settle()
