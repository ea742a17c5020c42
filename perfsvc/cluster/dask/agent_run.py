"""One run on one agent: an engine that does what the controller says and tells it what happens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any

from perfsvc.clock import Clock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.messages import Ended
from perfsvc.cluster.dask.messages import Message
from perfsvc.cluster.dask.messages import Prepared
from perfsvc.cluster.dask.messages import Refused
from perfsvc.cluster.dask.messages import SnapshotReport
from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.row_supply import RowReceiver
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.share import StartTime
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Text
from perfsvc.model.liveness import LEASE_S
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin.protocol import Protocol

log = logging.getLogger(__name__)

TEARDOWN_WAIT_S = 120.0
"""Other nodes may be let finish for so long before this one goes without its steps after the load."""
NS_PER_S = 1_000_000_000


class RemoteSupply:
    """Rows from the run's dealer, by messages. Grants and confirmations arrive through the agent's run."""

    def __init__(self, deploy: messages.Deploy, tell: Callable[[Message], None]) -> None:
        self.columns = deploy.columns
        self._run = deploy.run
        self._tell = tell
        self._receiver: RowReceiver | None = None

    def connect(self, receiver: RowReceiver) -> None:
        """Send grants and confirmations to ``receiver``."""
        self._receiver = receiver

    def request(self, count: int) -> None:
        """Answered by Granted, later."""
        self._tell(messages.Ask(run=self._run, want=count))

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """Answered by Confirmed."""
        self._tell(messages.Claim(run=self._run, lease=lease, upto=upto, spent=spent))
        return False

    def release(self, spent: int, upto: int | None = None) -> None:
        """Not answered."""
        self._tell(messages.GiveBack(run=self._run, spent=spent, upto=upto))

    def handle(self, order: messages.Granted | messages.Confirmed) -> None:
        """Pass on the reply of the dealer."""
        if self._receiver is None:
            return
        if isinstance(order, messages.Granted):
            self._receiver.on_grant(order.grant)
        else:
            self._receiver.on_confirm()


class AgentRun:
    """A run on this agent. ``tell`` sends a word to the controller; ``over`` is called when nothing follows."""

    def __init__(
        self,
        deploy: messages.Deploy,
        protocol_class: Callable[[str], type[Protocol]],
        clock: Clock,
        tell: Callable[[Message], None],
        over: Callable[[], None],
    ) -> None:
        self.run = deploy.run
        self._clock = clock
        self._tell = tell
        self._over = over
        self._index = deploy.index
        self._work: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._teardown: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._supply = RemoteSupply(deploy, tell)
        slot = Slot(Share(deploy.index, deploy.weights), deploy.generation, deploy.since, deploy.levels)
        self._engine = Engine(
            RunSpec.parse(json.loads(deploy.spec)),
            Node(protocol_class, clock, TargetPolicy(deploy.allow, deploy.deny), deploy.node, slot),
            Callbacks(self._emit, lambda: tell(messages.Ending(run=self.run)), self._teardown_here),
            self._supply,
        )
        self._engine.compile()
        self.renew()
        tell(messages.Compiled(run=self.run))

    def renew(self) -> None:
        """The controller is alive."""
        self._engine.lease_ns = self._clock.now_ns() + int(LEASE_S * NS_PER_S)

    def obey(self, order: messages.Order) -> None:
        """Do what the controller says."""
        self.renew()
        match order:
            case messages.Prepare():
                self._in_background(self._prepare(order))
            case messages.Start():
                self._start_at(order)
            case messages.Stop():
                self.stop()
            case messages.Teardown():
                self._answer_teardown(order.here)
            case messages.Abort():
                self.abort()
            case _:
                self._steer(order)

    def _steer(self, order: messages.Order) -> None:
        engine = self._engine
        match order:
            case messages.Pause():
                engine.pause(order.at_ns)
            case messages.Resume():
                engine.resume(order.at_ns)
            case messages.SetLevel():
                engine.set_level(order.level, order.at)
            case messages.Resplit():
                engine.resplit(Share(self._index, order.weights), order.at, order.iterations)
            case messages.Granted() | messages.Confirmed():
                self._supply.handle(order)
            case _:
                return

    def stop(self) -> None:
        """End the load gracefully."""
        self._cancel_start()
        self._engine.stop()
        self._in_background(self._until_ended())

    def abort(self) -> None:
        """End the load at once; also when the controller is gone."""
        self._cancel_start()
        self._answer_teardown(False)
        self._engine.abort()
        self._in_background(self._until_ended())

    async def _prepare(self, order: messages.Prepare) -> None:
        try:
            await self._engine.prepare(order.variables)
        except Exception as error:
            self._tell(Refused(run=self.run, **words_of(error)._asdict()))
            return
        self._tell(Prepared(run=self.run, variables=dict(self._engine.variables)))

    def _start_at(self, order: messages.Start) -> None:
        """Begin at the agreed moment; where that is over, as if it had been kept."""
        wait = (order.at_ns - self._clock.now_ns()) / NS_PER_S
        self._timer = self._engine.loop.call_later(max(wait, 0.0), self._start, order)

    def _start(self, order: messages.Start) -> None:
        self._timer = None
        self._engine.start(StartTime(order.at_ns, order.wall), order.paused_ns)
        self._in_background(self._until_ended())

    def _cancel_start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _until_ended(self) -> None:
        words = Text("", "")
        try:
            await self._engine.wait()
        except Exception as error:
            log.exception("run %s failed on this node", self.run)
            words = words_of(error)
        if self._over is not nothing:
            self._tell(Ended(run=self.run, **words._asdict()))
            over, self._over = self._over, nothing
            over()

    async def _teardown_here(self) -> bool:
        self._tell(messages.Left(run=self.run))
        try:
            return await asyncio.wait_for(asyncio.shield(self._teardown), TEARDOWN_WAIT_S)
        except TimeoutError:
            return False

    def _answer_teardown(self, here: bool) -> None:
        if not self._teardown.done():
            self._teardown.set_result(here)

    def _emit(self, snapshot: Snapshot) -> None:
        self._tell(SnapshotReport(run=self.run, snapshot=snapshot))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._engine.loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def nothing() -> None:
    """In place of what is called once only."""


def words_of(error: Exception) -> Text:
    """What an error says to people; of input that is wrong, every problem."""
    if isinstance(error, InvalidInput):
        zh = "；".join(f"{problem.path}：{problem.text.zh}" for problem in error.problems)
        return Text(zh, str(error))
    if isinstance(error, PerfsvcError):
        return error.text
    return Text(f"内部错误：{error!r}", f"internal error: {error!r}")
