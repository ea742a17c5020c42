"""An agent: a process that carries out its part of runs, as a worker of Dask's that runs no tasks.

The engine runs on the agent's own loop, beside the stream to the scheduler. In a thread of Dask's it would keep the
interpreter's lock, and commands would come seconds late.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NamedTuple

import msgspec
from distributed import Worker
from distributed import WorkerPlugin

from perfsvc import __version__
from perfsvc.clock import Clock
from perfsvc.clock import SystemClock
from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.certificates import agent_credentials
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import address_of
from perfsvc.cluster.dask.address import host_and_port
from perfsvc.cluster.dask.agent_run import AgentRun
from perfsvc.cluster.dask.agent_run import words_of
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import name_refused
from perfsvc.cluster.dask.dask_config import configure
from perfsvc.cluster.dask.dask_config import security_of
from perfsvc.cluster.dask.messages import Message
from perfsvc.cluster.process_stats import ProcessStats
from perfsvc.errors import InvalidInput
from perfsvc.event_loop import collecting_little
from perfsvc.event_loop import on_signals
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin.catalog import Catalog
from perfsvc.temp_folders import scratch_folder

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
FIRST_PAUSE_S = 0.5
JOIN_LIMIT_S = 10.0
"""Joining takes well under a second where the machine has one to spare."""
LONGEST_PAUSE_S = 5.0
"""Between two attempts to reach the scheduler."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


class AgentConfig(NamedTuple):
    """Where an agent works: the scheduler's address, the name it goes by, what it trusts and shows.

    ``started_here``: the server started it, and it ends when its standard input does.
    """

    scheduler: str
    name: str
    credentials: Credentials
    started_here: bool = False


class AgentPlugin(WorkerPlugin):
    """What makes a worker an agent: it takes the controller's orders. ``setup`` is called when it has joined."""

    name = "perfsvc"

    def __init__(self, employment: AgentConfig, catalog: Catalog, clock: Clock) -> None:
        self._employment = employment
        self._catalog = catalog
        self._clock = clock
        self._vitals = ProcessStats()
        self._hosted: dict[str, AgentRun] = {}

    def setup(self, worker: Worker) -> None:
        """Take orders from now on, and say who is here."""
        self._worker = worker
        worker.stream_handlers[messages.OP] = self._take
        self._tell(
            messages.Hello(
                name=self._employment.name,
                host=platform.node(),
                pid=os.getpid(),
                version=__version__,
                python=platform.python_version(),
                dask=DASK,
                plugins=plugins_of(self._catalog),
                started_here=self._employment.started_here,
            )
        )

    def teardown(self, worker: Worker) -> None:
        """The scheduler is gone: whatever runs here ends at once."""
        for hosted in list(self._hosted.values()):
            hosted.abort()

    def _take(self, data: bytes) -> None:
        """An order has come. An error here would end the stream, and with it everything."""
        try:
            self._obey(messages.decode_order(data))
        except msgspec.MsgspecError:
            log.exception("an order that is none was ignored")
        except Exception:
            log.exception("an order could not be carried out")

    def _obey(self, order: messages.Order) -> None:
        match order:
            case messages.Heartbeat():
                self._answer(order)
            case messages.Deploy():
                self._deploy(order)
            case messages.Rejected():
                log.error("the server does not take this agent: %s", order.en)
            case _:
                hosted = self._hosted.get(order.run)
                if hosted is not None:
                    hosted.obey(order)

    def _answer(self, beat: messages.Heartbeat) -> None:
        clock_ns = self._clock.now_ns()
        for run in beat.runs:
            if run in self._hosted:
                self._hosted[run].renew()
        self._tell(messages.Pong(sent_ns=beat.sent_ns, clock_ns=clock_ns, **self._vitals.read()._asdict()))

    def _deploy(self, order: messages.Deploy) -> None:
        run = order.run
        try:
            self._hosted[run] = AgentRun(
                order, self._catalog.protocol, self._clock, self._tell, lambda: self._forget(run)
            )
        except Exception as error:
            self._tell(messages.Refused(run=run, **words_of(error)._asdict()))
            self._tell(messages.Ended(run=run))

    def _forget(self, run: str) -> None:
        del self._hosted[run]

    def _tell(self, word: Message) -> None:
        try:
            self._worker.batched_stream.send({"op": messages.OP, "data": messages.encode(word)})
        except OSError:  # the scheduler is gone: there is nobody to tell
            log.debug("nobody was told %s", type(word).__name__)


def plugins_of(catalog: Catalog) -> dict[str, str]:
    """Every protocol there is, with the distribution and version that bring it."""
    loaded = [each for each in catalog.describe() if each["kind"] == "protocol"]
    return {each["name"]: f"{each['distribution']} {each['version']}" for each in loaded}


async def work(employment: AgentConfig) -> None:
    """Join, work, and join again when the scheduler was lost; for ever."""
    catalog, clock, pause_s = Catalog.load(), SystemClock(), FIRST_PAUSE_S
    with scratch_folder("agent") as folder:
        while True:
            worker = Worker(
                employment.scheduler,
                name=employment.name,
                nthreads=1,
                memory_limit=0,
                security=security_of(employment.credentials),
                plugins=(AgentPlugin(employment, catalog, clock),),
                dashboard_address="127.0.0.1:0",
                local_directory=str(folder),
                death_timeout=JOIN_LIMIT_S,
                # Nobody connects to agents; those of this machine are not to be seen from others.
                host=LOOPBACK if employment.started_here else None,
            )
            try:
                await worker
                pause_s = FIRST_PAUSE_S
                log.info("joined %s as %s", employment.scheduler, employment.name)
                await worker.finished()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.warning("cannot join %s: %s", employment.scheduler, error)
            finally:
                await worker.close()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def until_left_alone(working: asyncio.Task[None]) -> None:
    """An agent that the server started ends with it: when standard input does."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    working.cancel()


async def employed(employment: AgentConfig) -> None:
    """Work until there is nobody to work for, or until told to end."""
    working = asyncio.get_running_loop().create_task(work(employment))

    def told() -> None:
        working.cancel()

    on_signals(told)
    watching = asyncio.get_running_loop().create_task(until_left_alone(working)) if employment.started_here else None
    try:
        with collecting_little():
            await working
    except asyncio.CancelledError:
        log.info("%s goes", employment.name)
    finally:
        if watching is not None:
            watching.cancel()


def run_agent(employment: AgentConfig) -> None:
    """Be an agent until the process is told to end."""
    configure()
    run_on_loop(employed(employment))


def join(scheduler: str, certs: Path, name: str | None) -> None:
    """Be an agent of the scheduler at ``tls://host:port``. Raises StartupError, InvalidInput for a name."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    address = address_of(*host_and_port(scheduler))
    run_agent(AgentConfig(address, checked_name(name) if name else own_name(), agent_credentials(certs)))


def checked_name(name: str) -> str:
    """A name that can stand in the API's addresses. Raises InvalidInput."""
    if NAME.fullmatch(name) is None:
        zh, en = "只能包含字母、数字和 . _ -，至多 64 个字符", "may have 64 letters, digits and . _ - at most"
        raise InvalidInput.at("--name", zh, en)
    refused = name_refused(name)
    if refused is not None:
        raise InvalidInput.at("--name", *refused)
    return name


def own_name() -> str:
    """Host name and process id, of whatever can stand in a name."""
    name = NOT_IN_NAMES.sub("-", f"{platform.node()}-{os.getpid()}")[-64:]
    return f"agent-{name}" if name_refused(name) else name


def employment_of(document: Mapping[str, Any]) -> AgentConfig:
    """What the server wrote on a new agent's standard input."""
    credentials = Credentials(*map(Path, document["credentials"]))
    return AgentConfig(document["scheduler"], document["name"], credentials, started_here=True)


def main() -> None:
    """An agent that the server started: its first line of input says where it works."""
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    run_agent(employment_of(json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
