"""An agent: a process with engines of runs, as a Dask worker without tasks.

The engine runs on the agent's own loop, beside the stream to the scheduler. In one of Dask's threads it would hold the
interpreter's lock, and commands would come seconds late.
"""

from __future__ import annotations

import asyncio
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
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import reserved_name
from perfsvc.cluster.dask.dask_config import configure
from perfsvc.cluster.dask.dask_config import security_of
from perfsvc.cluster.process_stats import ProcessStats
from perfsvc.errors import InvalidInput
from perfsvc.event_loop import collecting_little
from perfsvc.event_loop import on_signals
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.on_demand import CatalogOnDemand
from perfsvc.temp_folders import scratch_folder

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
FIRST_PAUSE_S = 0.5
JOIN_LIMIT_S = 10.0
"""Joining takes well under a second on an idle machine."""
LONGEST_PAUSE_S = 5.0
"""Between two attempts to reach the scheduler."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


class AgentConfig(NamedTuple):
    """The scheduler's address, the agent's name and its certificate.

    ``started_here``: the server started this process, which ends when its standard input does.
    """

    scheduler: str
    name: str
    credentials: Credentials
    started_here: bool = False


class AgentPlugin(WorkerPlugin):
    """Makes an agent of a Dask worker: handles the controller's commands. ``setup`` is called once it has joined."""

    name = "perfsvc"

    def __init__(self, config: AgentConfig, catalog: Catalog, clock: Clock) -> None:
        self._config = config
        self._catalog = catalog
        self._clock = clock
        self._stats = ProcessStats()
        self._runs: dict[str, AgentRun] = {}

    def setup(self, worker: Worker) -> None:
        """Handle commands from now on, and introduce this agent."""
        self._worker = worker
        worker.stream_handlers[messages.OP] = self._on_message
        self._send(
            messages.Hello(
                name=self._config.name,
                host=platform.node(),
                pid=os.getpid(),
                version=__version__,
                python=platform.python_version(),
                dask=DASK,
                plugins=self._catalog.protocol_versions(),
                started_here=self._config.started_here,
            )
        )

    def teardown(self, worker: Worker) -> None:
        """Abort all runs: the scheduler is gone."""
        for run in list(self._runs.values()):
            run.abort()

    def _on_message(self, data: bytes) -> None:
        """Handle a message. An exception here would end the stream, and with it all runs."""
        try:
            self._handle(messages.decode_command(data))
        except msgspec.MsgspecError:
            log.exception("ignored an invalid message")
        except Exception:
            log.exception("a command failed")

    def _handle(self, command: messages.Command) -> None:
        match command:
            case messages.Heartbeat():
                self._on_heartbeat(command)
            case messages.Deploy():
                self._deploy(command)
            case messages.Rejected():
                log.error("the server gives this agent no load: %s", command.en)
            case _:
                run = self._runs.get(command.assignment)
                if run is not None:
                    run.handle(command)

    def _on_heartbeat(self, heartbeat: messages.Heartbeat) -> None:
        clock_ns = self._clock.now_ns()
        for assignment in heartbeat.assignments:
            if assignment in self._runs:
                self._runs[assignment].renew_lease()
        self._send(messages.Pong(sent_ns=heartbeat.sent_ns, clock_ns=clock_ns, **self._stats.read()._asdict()))

    def _deploy(self, command: messages.Deploy) -> None:
        assignment = command.assignment
        self._runs[assignment] = AgentRun(
            command, self._catalog.protocol, self._clock, self._send, lambda: self._forget(assignment)
        )

    def _forget(self, assignment: str) -> None:
        del self._runs[assignment]

    def _send(self, report: messages.AgentMessage) -> None:
        try:
            self._worker.batched_stream.send({"op": messages.OP, "data": messages.encode(report)})
        except OSError:
            log.debug("the scheduler is gone; dropped %s", type(report).__name__)


async def serve(config: AgentConfig, catalog: Catalog) -> None:
    """Join the scheduler and serve it until it is gone; then join again, until cancelled."""
    clock, pause_s = SystemClock(), FIRST_PAUSE_S
    if not config.started_here:
        log.info("connecting to %s as %s", config.scheduler, config.name)
    with scratch_folder("agent") as folder:
        while True:
            worker = Worker(
                config.scheduler,
                name=config.name,
                nthreads=1,
                memory_limit=0,
                security=security_of(config.credentials),
                plugins=(AgentPlugin(config, catalog, clock),),
                dashboard_address="127.0.0.1:0",
                local_directory=str(folder),
                death_timeout=JOIN_LIMIT_S,
                # No other process connects to agents; those of this machine listen on loopback only.
                host=LOOPBACK if config.started_here else None,
            )
            try:
                await worker
                pause_s = FIRST_PAUSE_S
                log.info("joined %s as %s", config.scheduler, config.name)
                await worker.finished()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.warning("cannot join %s: %s", config.scheduler, error)
            finally:
                await worker.close()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def exit_with_parent(serving: asyncio.Task[None]) -> None:
    """Cancel ``serving`` when standard input ends: the server that started this process is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    serving.cancel()


async def run_until_stopped(config: AgentConfig, catalog: Catalog) -> None:
    """Run until the parent exits or a signal arrives."""
    loop = asyncio.get_running_loop()
    serving = loop.create_task(serve(config, catalog))

    def stop() -> None:
        serving.cancel()

    on_signals(stop)
    watching = loop.create_task(exit_with_parent(serving)) if config.started_here else None
    try:
        with collecting_little():
            await serving
    except asyncio.CancelledError:
        log.info("%s stopped", config.name)
    finally:
        if watching is not None:
            watching.cancel()


def run_agent(config: AgentConfig, catalog: Catalog) -> None:
    """Run an agent in this process until it is stopped."""
    configure()
    run_on_loop(run_until_stopped(config, catalog))


def join(scheduler: str, certs: Path, name: str | None) -> None:
    """Run an agent of the scheduler at ``tls://host:port``. Raises StartupError, InvalidInput for a name."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    address = address_of(*host_and_port(scheduler))
    run_agent(
        AgentConfig(address, checked_name(name) if name else default_name(), agent_credentials(certs)), Catalog.load()
    )


def checked_name(name: str) -> str:
    """Return a name that can stand in the API's addresses. Raises InvalidInput."""
    if NAME.fullmatch(name) is None:
        zh, en = "只能包含字母、数字和 . _ -，至多 64 个字符", "may have at most 64 letters, digits and . _ -"
        raise InvalidInput.at("--name", zh, en)
    reserved = reserved_name(name)
    if reserved is not None:
        raise InvalidInput.at("--name", *reserved)
    return name


def default_name() -> str:
    """Host name and process id, reduced to the characters of a name."""
    name = NOT_IN_NAMES.sub("-", f"{platform.node()}-{os.getpid()}")[-64:]
    return f"agent-{name}" if reserved_name(name) else name


def config_of(document: Mapping[str, Any]) -> AgentConfig:
    """The config of an agent that the server starts."""
    credentials = Credentials(*map(Path, document["credentials"]))
    return AgentConfig(document["scheduler"], document["name"], credentials, started_here=True)


def run_forked(document: Mapping[str, Any]) -> None:
    """Run an agent in a process that the fork server has forked for it."""
    run_agent(config_of(document), CatalogOnDemand())
