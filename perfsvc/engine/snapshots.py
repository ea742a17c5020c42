"""Makes one node's snapshots: one for each second of a run, and a last one for the rest."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc.clock import NS_PER_S
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.executors.base import Executor
from perfsvc.engine.executors.base import Planned
from perfsvc.engine.pacing import LAST_MOMENT_S
from perfsvc.engine.probe import Probe
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.engine.user_pool import UserPool
from perfsvc.model.window import Snapshot


class SnapshotBuilder:
    """Folds what was measured since the last snapshot into the next one.

    ``pools`` are those whose requests count; the first one is that of the load.
    """

    def __init__(
        self,
        node: str,
        time: ProfileClock,
        run: CompiledRun,
        executor: Executor,
        pools: Sequence[UserPool],
        probe: Probe,
        rows: RowBuffer | None,
    ) -> None:
        self._node = node
        self._time = time
        self._run = run
        self._executor = executor
        self._users = pools[0]
        self._pools = pools
        self._probe = probe
        self._rows = rows
        self._seq = 0
        self._due_ns = 0
        self._elapsed_ns = 0
        self._over = False

    def begin(self, now_ns: int) -> None:
        """Begin with the second under way; a node that joins a run late has none of those before."""
        missed = max(now_ns - self._time.origin_ns, 0) // NS_PER_S
        self._due_ns = self._time.origin_ns + missed * NS_PER_S
        self._elapsed_ns = self._time.elapsed_ns(now_ns) if missed else 0

    def due(self, now_ns: int) -> bool:
        """Whether a second is over."""
        return now_ns - self._due_ns >= NS_PER_S

    def build(self, now_ns: int, stopping: bool) -> Snapshot:
        """Everything since the last snapshot, under the second of the run that it began in."""
        time, executor = self._time, self._executor
        covered = (self._due_ns - time.origin_ns) // NS_PER_S
        wall_span = now_ns - self._due_ns
        self._due_ns += wall_span // NS_PER_S * NS_PER_S
        elapsed_ns = time.elapsed_ns(now_ns)
        planned = self._planned(elapsed_ns / NS_PER_S)
        self._over = stopping
        span, self._elapsed_ns = elapsed_ns - self._elapsed_ns, elapsed_ns
        self._seq += 1
        return Snapshot(
            node=self._node,
            seq=self._seq,
            second=int(time.wall) + covered,
            elapsed=round(elapsed_ns / NS_PER_S, 3),
            span_ns=span,
            vus=self._users.reported_count(first=self._seq == 1),
            paused=time.paused,
            cut_off=sum(pool.drain_cut_off() for pool in self._pools),
            windows=self._run.fold(self._users.active),
            health=self._probe.read(wall_span, 0.0 if self._rows is None else self._rows.waited(span)),
            errors=self._run.errors.drain(),
            **planned._asdict(),
            **executor.drain_counters(),
        )

    def _planned(self, elapsed: float) -> Planned:
        """The load planned at ``elapsed``, the end of a snapshot; just before, in the one in which the load ends."""
        end = self._executor.profile.duration
        if self._over or self._elapsed_ns / NS_PER_S >= end:
            return Planned()
        return self._executor.planned(min(elapsed, end - LAST_MOMENT_S))
