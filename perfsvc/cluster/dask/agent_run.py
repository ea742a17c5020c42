"""One run on one agent: an engine that follows the controller's commands and reports back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Mapping
from typing import Any

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.cluster.dask import messages
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
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.event_loop import off_loop
from perfsvc.model.node_timeouts import LEASE_S
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin.protocol import Protocol

log = logging.getLogger(__name__)

NO_FAULT: Mapping[str, str] = {}
TEARDOWN_WAIT_S = 120.0
"""For the users of other nodes to leave; after that this node ends without teardown steps."""


class RemoteSupply:
    """Rows from the run's allocator, by messages. Grants and confirmations arrive through the agent's run."""

    def __init__(self, deploy: messages.Deploy, send: Callable[[messages.AgentMessage], None]) -> None:
        self.columns = deploy.columns
        self._assignment = deploy.assignment
        self._send = send
        self._receiver: RowReceiver | None = None

    def connect(self, receiver: RowReceiver) -> None:
        """Send grants and confirmations to ``receiver``."""
        self._receiver = receiver

    def request(self, count: int) -> None:
        """The grant comes later."""
        self._send(messages.RequestRows(assignment=self._assignment, count=count))

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """The confirmation comes later."""
        self._send(messages.ClaimRows(assignment=self._assignment, lease=lease, upto=upto, spent=spent))
        return False

    def release(self, spent: int, upto: int | None = None) -> None:
        """No reply comes."""
        self._send(messages.ReleaseRows(assignment=self._assignment, spent=spent, upto=upto))

    def handle(self, command: messages.GrantRows | messages.ConfirmClaim) -> None:
        """Pass on the allocator's reply."""
        if self._receiver is None:
            return
        if isinstance(command, messages.GrantRows):
            self._receiver.on_grant(command.grant)
        else:
            self._receiver.on_confirm()


class AgentRun:
    """A run on this agent. ``send`` sends a report; ``on_ended`` is called once, after the last report.

    The scenes are compiled by ``off_loop``, since other runs of this agent share the loop; commands wait meanwhile.
    """

    def __init__(
        self,
        deploy: messages.Deploy,
        protocol_class: Callable[[str], type[Protocol]],
        clock: Clock,
        send: Callable[[messages.AgentMessage], None],
        on_ended: Callable[[], None],
        off_loop: Callable[[Callable[[], Any]], Awaitable[Any]] = off_loop,
    ) -> None:
        self.assignment = deploy.assignment
        self._protocol_class = protocol_class
        self._clock = clock
        self._off_loop = off_loop
        self._send = send
        self._on_ended = on_ended
        self._index = deploy.index
        self._tasks: set[asyncio.Task[None]] = set()
        self._start_timer: asyncio.TimerHandle | None = None
        self._teardown: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ended = False
        self._supply = RemoteSupply(deploy, send)
        self._engine: Engine
        self._compiled = False
        self._early: list[messages.Command] = []
        self._in_background(self._compile(deploy))

    def renew_lease(self) -> None:
        """Let the load go on for another LEASE_S; called for every message of the controller."""
        if self._compiled:
            self._engine.lease.renew(LEASE_S)

    def handle(self, command: messages.Command) -> None:
        """Carry out a command."""
        self.renew_lease()
        if not self._compiled:
            self._early.append(command)
            return
        match command:
            case messages.Prepare():
                self._in_background(self._prepare(command))
            case messages.Start():
                self._schedule_start(command)
            case messages.Stop():
                self.stop()
            case messages.Teardown():
                self._decide_teardown(command.here)
            case messages.Abort():
                self.abort()
            case messages.GrantRows() | messages.ConfirmClaim():
                self._supply.handle(command)
            case _:
                self._change_load(command)

    def _change_load(self, command: messages.Command) -> None:
        engine = self._engine
        match command:
            case messages.Pause():
                engine.pause(command.at_ns)
            case messages.Resume():
                engine.resume(command.at_ns)
            case messages.SetLevel():
                engine.set_level(command.level, command.at)
            case messages.LetGo():
                engine.meetings.release(command.point, command.count)
            case messages.Resplit():
                engine.resplit(Share(self._index, command.weights), command.at, command.iterations)
            case _:
                return

    def stop(self) -> None:
        """End the load gracefully."""
        self._cancel_start()
        self._engine.stop()
        self._in_background(self._report_end())

    def abort(self) -> None:
        """End the load at once; also called when the controller is gone."""
        if not self._compiled:
            self._early.append(messages.Abort(assignment=self.assignment))
            return
        self._cancel_start()
        self._decide_teardown(False)
        self._engine.abort()
        self._in_background(self._report_end())

    async def _compile(self, deploy: messages.Deploy) -> None:
        """Make the engine ready, then carry out what came meanwhile. A run that cannot be compiled is over here."""
        slot = Slot(Share(deploy.index, deploy.weights), deploy.generation, deploy.since, deploy.levels)
        policy = TargetPolicy(deploy.allow, deploy.deny)
        try:
            spec = await self._off_loop(lambda: RunSpec.parse(json.loads(deploy.spec)))
            self._engine = Engine(
                spec,
                Node(self._protocol_class, self._clock, policy, deploy.node, slot),
                Callbacks(self._on_snapshot, self._on_ending, self._wait_for_teardown, self._on_waiting),
                self._supply,
            )
            await self._off_loop(self._engine.compile)
        except Exception as error:
            self._send(messages.Refusal(assignment=self.assignment, **fault_of(error)))
            self._end()
            return
        self._compiled = True
        self.renew_lease()
        self._send(messages.Compiled(assignment=self.assignment))
        for command in self._early:
            self.handle(command)

    async def _prepare(self, command: messages.Prepare) -> None:
        try:
            await self._engine.prepare(command.variables)
        except Exception as error:
            self._send(messages.Refusal(assignment=self.assignment, **fault_of(error)))
            return
        self._send(messages.Prepared(assignment=self.assignment, variables=dict(self._engine.variables)))

    def _schedule_start(self, command: messages.Start) -> None:
        """Start at the agreed moment; at once when it has passed, with the profile where it should be by now."""
        wait_s = (command.at_ns - self._clock.now_ns()) / NS_PER_S
        self._start_timer = self._engine.loop.call_later(max(wait_s, 0.0), self._start, command)

    def _start(self, command: messages.Start) -> None:
        self._start_timer = None
        self._engine.start(StartTime(command.at_ns, command.wall), command.paused_ns)
        self._in_background(self._report_end())

    def _cancel_start(self) -> None:
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None

    async def _report_end(self) -> None:
        """Report the end once, whichever of start, stop and abort waits for it first."""
        fault: dict[str, str] = {}
        try:
            await self._engine.wait()
        except Exception as error:
            log.exception("run %s failed on this node", self.assignment)
            fault = fault_of(error)
        self._end(fault)

    def _end(self, fault: Mapping[str, str] = NO_FAULT) -> None:
        if not self._ended:
            self._ended = True
            self._send(messages.Ended(assignment=self.assignment, **fault))
            self._on_ended()

    async def _wait_for_teardown(self) -> bool:
        """Report that all users of this node have left; return whether it runs the teardown steps."""
        self._send(messages.UsersLeft(assignment=self.assignment))
        try:
            return await asyncio.wait_for(asyncio.shield(self._teardown), TEARDOWN_WAIT_S)
        except TimeoutError:
            return False

    def _decide_teardown(self, here: bool) -> None:
        if not self._teardown.done():
            self._teardown.set_result(here)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._send(messages.SnapshotReport(assignment=self.assignment, snapshot=snapshot))

    def _on_ending(self) -> None:
        self._send(messages.Ending(assignment=self.assignment))

    def _on_waiting(self, point: int, count: int) -> None:
        self._send(messages.Came(assignment=self.assignment, point=point, count=count))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def fault_of(error: Exception) -> dict[str, str]:
    """The fields of a message that carries an error: its text, and its code where it is a RunError."""
    return {**text_of(error)._asdict(), "code": error.code if isinstance(error, RunError) else ""}


def text_of(error: Exception) -> Text:
    """The message of an error; for invalid input, all problems with their paths."""
    if isinstance(error, InvalidInput):
        zh = "；".join(f"{problem.path}：{problem.text.zh}" for problem in error.problems)
        return Text(zh, str(error))
    if isinstance(error, PerfsvcError):
        return error.text
    return Text(f"内部错误：{error!r}", f"internal error: {error!r}")
