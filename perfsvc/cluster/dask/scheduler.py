"""Dask's scheduler in this process: agents join it, and commands and reports travel over its streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from typing import Protocol

import dask
import msgspec
from distributed import Scheduler
from distributed.diagnostics.plugin import SchedulerPlugin

from perfsvc.clock import Clock
from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import host_and_port
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.agents import reserved_name
from perfsvc.cluster.dask.dask_config import configure
from perfsvc.cluster.dask.dask_config import security_of
from perfsvc.errors import StartupError
from perfsvc.model.node_timeouts import HEARTBEAT_S
from perfsvc.temp_folders import scratch_folder

log = logging.getLogger(__name__)


class DisconnectWatcher(SchedulerPlugin):
    """Calls ``on_disconnect`` with the address of a worker whose connection ended."""

    name = "perfsvc"

    def __init__(self, on_disconnect: Callable[[str], None]) -> None:
        self._on_disconnect = on_disconnect

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **more: Any) -> None:
        """Called by Dask within milliseconds of the end of a connection."""
        self._on_disconnect(worker)


class AgentListener(Protocol):
    """Receives what agents report."""

    def on_report(self, agent: Agent, report: messages.Report) -> None:
        """An agent has sent a report."""
        ...

    def on_agent_gone(self, agent: Agent) -> None:
        """The connection of an agent ended."""
        ...

    def assignment_of(self, agent: Agent) -> str | None:
        """The assignment whose lease heartbeats renew."""
        ...


class AgentScheduler:
    """The agents that have joined, by address; reports and disconnections go to ``listener``."""

    def __init__(self, credentials: Credentials, clock: Clock, listener: AgentListener) -> None:
        self._credentials = credentials
        self._clock = clock
        self._listener = listener
        self.agents: dict[str, Agent] = {}
        self.changed = asyncio.Event()
        self._resources = ExitStack()

    async def open(self, listen: str) -> None:
        """Listen on ``host:port``. Raises StartupError."""
        configure()
        host, port = host_and_port(listen)
        # Dask looks for modules in its folder first, so that no other user may write to it.
        folder = self._resources.enter_context(scratch_folder("scheduler"))
        with dask.config.set({"temporary-directory": str(folder)}):
            scheduler = Scheduler(
                host=host,
                port=port,
                protocol="tls",
                security=security_of(self._credentials),
                dashboard_address="127.0.0.1:0",
                plugins=(DisconnectWatcher(self.on_disconnect),),
            )
        scheduler.stream_handlers[messages.OP] = self.on_message
        try:
            await scheduler
        except (OSError, ValueError, RuntimeError) as error:
            await scheduler.close()
            self._resources.close()
            raise StartupError(f"无法在 {listen} 监听：{error}", f"cannot listen on {listen}: {error}") from None
        self._scheduler = scheduler
        self.port = int(scheduler.port)
        self._heartbeats = asyncio.get_running_loop().create_task(self._send_heartbeats())

    async def close(self) -> None:
        """Disconnect all agents; whatever runs on them ends."""
        self._heartbeats.cancel()
        await self._scheduler.close()
        self._resources.close()

    def send(self, agent: Agent, command: messages.AgentMessage) -> None:
        """Send a command to an agent; dropped when the agent has just disconnected."""
        stream = self._scheduler.stream_comms.get(agent.address)
        if stream is None:
            return
        try:
            stream.send({"op": messages.OP, "data": messages.encode(command)})
        except OSError:
            log.debug("%s has disconnected; dropped %s", agent.name, type(command).__name__)

    def on_message(self, data: bytes, worker: str) -> None:
        """Handle a message from a worker. An exception here would end the worker's stream."""
        try:
            self._handle(worker, messages.decode_report(data))
        except msgspec.MsgspecError:
            log.exception("ignored an invalid message from %s", worker)
        except Exception:
            log.exception("a message from %s could not be handled", worker)

    def on_disconnect(self, worker: str) -> None:
        """Forget the agent at an address."""
        agent = self.agents.pop(worker, None)
        if agent is not None:
            log.info("agent %s has disconnected", agent.name)
            self.changed.set()
            self._listener.on_agent_gone(agent)

    def _handle(self, worker: str, report: messages.Report) -> None:
        now_ns = self._clock.now_ns()
        if isinstance(report, messages.Hello):
            self._accept(Agent(worker, report, now_ns, self._clock.wall()))
        agent = self.agents.get(worker)
        if agent is None:
            return
        agent.last_message_ns = now_ns
        if isinstance(report, messages.Pong):
            agent.on_pong(report, now_ns)
            if not agent.measured:
                self._send_heartbeat(agent)
        self.changed.set()
        self._listener.on_report(agent, report)

    def _accept(self, agent: Agent) -> None:
        """Add an agent, unless its name is reserved for the server's own nodes."""
        hello = agent.hello
        reserved = None if hello.started_here else reserved_name(hello.name)
        if reserved is not None:
            log.warning("agent on %s refused: %s", hello.host, reserved.en)
            self.send(agent, messages.Rejected(zh=reserved.zh, en=reserved.en))
            return
        self.agents[agent.address] = agent
        log.info("agent %s on %s has joined", hello.name, hello.host)
        if unfit := agent.unfit({}):
            log.warning("agent %s takes part in no run: %s", hello.name, unfit.en)
            self.send(agent, messages.Rejected(zh=unfit.zh, en=unfit.en))
        self._send_heartbeat(agent)

    async def _send_heartbeats(self) -> None:
        while True:
            for agent in list(self.agents.values()):
                self._send_heartbeat(agent)
            await asyncio.sleep(HEARTBEAT_S)

    def _send_heartbeat(self, agent: Agent) -> None:
        assignment = self._listener.assignment_of(agent)
        leases = () if assignment is None else (assignment,)
        self.send(agent, messages.Heartbeat(assignments=leases, sent_ns=self._clock.now_ns()))
