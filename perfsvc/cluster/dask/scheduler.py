"""The scheduler of Dask's in this process: agents join it, and orders and words go over its streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import dask
import msgspec
from distributed import Scheduler
from distributed.diagnostics.plugin import SchedulerPlugin

from perfsvc.clock import Clock
from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import host_and_port
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.agents import name_refused
from perfsvc.cluster.dask.dask_config import configure
from perfsvc.cluster.dask.dask_config import security_of
from perfsvc.cluster.dask.messages import Message
from perfsvc.errors import StartupError
from perfsvc.model.liveness import HEARTBEAT_S
from perfsvc.temp_folders import scratch_folder

log = logging.getLogger(__name__)


class Watcher(SchedulerPlugin):
    """Tells the hub that an agent has gone."""

    name = "perfsvc"

    def __init__(self, gone: Callable[[str], None]) -> None:
        self._gone = gone

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **more: Any) -> None:
        """Called within milliseconds when its connection ends."""
        self._gone(worker)


class Hub:
    """The agents that have joined, by address.

    ``hear(agent, word)`` is called for every word, ``miss(agent)`` when one has gone, ``runs_of(agent)`` for the runs
    whose lease a beat renews.
    """

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        hear: Callable[[Agent, messages.Word], None],
        miss: Callable[[Agent], None],
        runs_of: Callable[[Agent], tuple[str, ...]],
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._hear = hear
        self._miss = miss
        self._runs_of = runs_of
        self.agents: dict[str, Agent] = {}
        self.changed = asyncio.Event()
        self._standing = ExitStack()

    async def open(self, listen: str) -> None:
        """Listen on ``host:port``. Raises StartupError."""
        configure()
        host, port = host_and_port(listen)
        # Dask looks for modules in its folder first, so nobody else may have a hand in it.
        folder = self._standing.enter_context(scratch_folder("scheduler"))
        with dask.config.set({"temporary-directory": str(folder)}):
            scheduler = Scheduler(
                host=host,
                port=port,
                protocol="tls",
                security=security_of(self._credentials),
                dashboard_address="127.0.0.1:0",
                plugins=(Watcher(self._gone),),
            )
        scheduler.stream_handlers[messages.OP] = self._take
        try:
            await scheduler
        except (OSError, ValueError, RuntimeError) as error:
            await scheduler.close()
            self._standing.close()
            raise StartupError(f"无法在 {listen} 监听：{error}", f"cannot listen on {listen}: {error}") from None
        self._scheduler = scheduler
        self.port = int(scheduler.port)
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def close(self) -> None:
        """Agents lose their scheduler, and with it whatever they do."""
        self._beating.cancel()
        await self._scheduler.close()
        self._standing.close()

    def send(self, agent: Agent, order: Message) -> None:
        """An order for an agent; one that has just gone gets none."""
        stream = self._scheduler.stream_comms.get(agent.address)
        if stream is None:
            return
        try:
            stream.send({"op": messages.OP, "data": messages.encode(order)})
        except OSError:
            log.debug("%s has gone and got no %s", agent.name, type(order).__name__)

    def _take(self, data: bytes, worker: str) -> None:
        """A word has come. An error here would end the agent's stream."""
        try:
            word = messages.decode_word(data)
            self._note(worker, word)
        except msgspec.MsgspecError:
            log.exception("%s said something that is no word of ours", worker)
        except Exception:
            log.exception("what %s said could not be taken in", worker)

    def _note(self, worker: str, word: messages.Word) -> None:
        now_ns = self._clock.now_ns()
        if isinstance(word, messages.Hello):
            self._welcome(Agent(worker, word, now_ns, self._clock.wall()))
        agent = self.agents.get(worker)
        if agent is None:
            return
        agent.heard_ns = now_ns
        if isinstance(word, messages.Pong):
            agent.answered(word, now_ns)
            if not agent.measured:
                self._beat_once(agent)
        self.changed.set()
        self._hear(agent, word)

    def _welcome(self, agent: Agent) -> None:
        """It has joined, unless its name belongs to another kind of node."""
        hello = agent.hello
        refused = None if hello.started_here else name_refused(hello.name)
        if refused is not None:
            log.warning("agent on %s refused: %s", hello.host, refused.en)
            self.send(agent, messages.Rejected(zh=refused.zh, en=refused.en))
            return
        self.agents[agent.address] = agent
        log.info("agent %s on %s has joined", hello.name, hello.host)
        self._beat_once(agent)

    def _gone(self, worker: str) -> None:
        agent = self.agents.pop(worker, None)
        if agent is not None:
            log.info("agent %s has gone", agent.name)
            self.changed.set()
            self._miss(agent)

    async def _beat(self) -> None:
        while True:
            for agent in list(self.agents.values()):
                self._beat_once(agent)
            await asyncio.sleep(HEARTBEAT_S)

    def _beat_once(self, agent: Agent) -> None:
        self.send(agent, messages.Heartbeat(runs=self._runs_of(agent), sent_ns=self._clock.now_ns()))
