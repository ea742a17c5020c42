"""Faults that ``faults.py`` makes while a run goes on; each returns what the target saw and what the report has."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import NamedTuple

import psutil
import websocket

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.end_to_end.plans import Viewer  # noqa: E402
from tests.end_to_end.plans import plan_of  # noqa: E402
from tests.end_to_end.plans import report_of  # noqa: E402
from tests.support.mariadb import Server  # noqa: E402
from tests.support.nginx import LogLine  # noqa: E402
from tests.support.nginx import Nginx  # noqa: E402
from tests.support.service import BIN  # noqa: E402
from tests.support.service import Service  # noqa: E402
from tests.support.small_disk import small_disk  # noqa: E402

STEP = {"name": "page", "request": {"url": "/json"}, "think_time": {"type": "constant", "value": 0.05}}
STOPPED_S = 2.0
SETTLED_S = 0.5
"""Connections without a request from then on are those of a process that was killed."""
VIEWERS = 1_000
REPORT_S = 60
LAST_SECOND_S = 1.1
"""What is measured in a second is stored as it ends; the rest is the way into the database."""
MOVED_CLOCK = """
import time

real, steady, read = time.time, time.monotonic, [0.0, 0.0]


def moved():
    if steady() >= read[0]:
        with open({calendar!r}) as file:
            read[:] = steady() + 0.1, float(file.read() or read[1])
    return real() + read[1]


time.time = moved
time.time_ns = lambda: int(moved() * 1e9)
"""
HOUR_S = 3_600
LASTING_TOKEN = {"access_token_ttl": str(24 * HOUR_S)}
INTERRUPTED = "interrupted"
UNPROCESSABLE = 422
DISK_MB = 24
MOST_DESCRIPTORS = 200
"""A run of two users is counted on to need 102."""


class Outcome(NamedTuple):
    """What became of a run. ``may_lose`` requests may be missing in the report, if ``admitted`` there.

    ``span`` is the time of the missing ones, s; ``right`` is whether everything else is as it should be.

    The target's log has what was ``sent``: requests that timed out before they had a connection are counted apart from
    these, and so are those that were cut off at the end, of which the target may have seen any number.
    """

    sent: int
    report: dict[str, Any]
    more: str = ""
    may_lose: int = 0
    admitted: bool = False
    span: float = 0.0
    right: bool = True

    @property
    def missing(self) -> int:
        """Requests that the target saw and the report does not count."""
        beyond = self.sent - self.counted
        return max(beyond - self.report["summary"]["cut_off"], 0) if beyond > 0 else beyond

    @property
    def counted(self) -> int:
        """Requests that were sent as the report has it."""
        return int(self.report["summary"]["sent"])

    @property
    def held(self) -> bool:
        """Whether nothing is lost but what may be, and that is said."""
        return self.right and 0 <= self.missing <= self.may_lose and (self.admitted or not self.missing)


class Bench:
    """A service, a target and a run of two users that goes on; used for one run after the other."""

    def __init__(
        self, stack: ExitStack, folder: Path, program: Path = BIN, data_dir: Path | None = None, **settings: str
    ) -> None:
        (folder / "nginx").mkdir(parents=True)
        self.nginx = stack.enter_context(Nginx(folder / "nginx"))
        self.service = Service(data_dir or folder / "data", program, **LASTING_TOKEN, **settings)
        stack.callback(self.end)
        self._before = 0

    def start(self, url: str = "", **config: Any) -> None:
        """Start the run and wait for its first seconds."""
        step = {**STEP, "timeout": 500}
        self._before = len(self.nginx.log())
        url = url or self.nginx.url
        self.plan = plan_of(self.service, url, [step], concurrent_users=2, hold_time=600, **config)
        started = self.service.post(f"/api/performance/plans/{self.plan}/start/").body
        self.execution, self.feed = started["execution_id"], started["websocket_url"]
        self.viewer = Viewer(self.service, self.feed)
        self.viewer.await_seconds(2)

    def stop(self) -> dict[str, Any]:
        """Stop the run; return its report."""
        self.viewer.await_seconds(2)
        self.service.post(f"/api/performance/plans/{self.plan}/stop/")
        return self.report()

    def report(self) -> dict[str, Any]:
        """The report, once it is stored."""
        deadline = time.monotonic() + REPORT_S
        path = f"/api/performance/reports/?plan_id={self.plan}"
        while not (self.service.get(path).body or {}).get("total"):
            if time.monotonic() > deadline:
                raise TimeoutError("there is no report")
            time.sleep(0.2)
        return report_of(self.service, self.plan)

    def seen(self) -> int:
        """Requests of the run in the target's log, once no more come."""
        return len(self.log())

    def log(self) -> list[LogLine]:
        """What the target's log has of the run, once no more comes."""
        known = -1
        while known != len(now := self.nginx.log()[self._before :]) or not now:
            known = len(now)
            time.sleep(0.3)
        return now

    def end(self) -> None:
        if self.service.process.poll() is None:
            self.service.end()


class Lane:
    """What repeats use one after the other: each kind of bench is made when it is first needed, and kept."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._benches: dict[str, Bench] = {}

    @property
    def plain(self) -> Bench:
        """A service with SQLite."""
        return self._kept("plain", lambda folder: Bench(self._stack, folder))

    @property
    def beside_a_database(self) -> Bench:
        """A service with a MariaDB of its own, ``database``."""

        def make(folder: Path) -> Bench:
            self.database = self._stack.enter_context(database(folder))
            return Bench(self._stack, folder, database_url=self.database.new_database())

        return self._kept("database", make)

    @property
    def on_a_small_disk(self) -> Bench:
        """A service whose data are on ``disk``."""

        def make(folder: Path) -> Bench:
            folder.mkdir(parents=True)
            self.disk = self._stack.enter_context(small_disk(folder / "disk", DISK_MB))
            return Bench(self._stack, folder / "run", data_dir=self.disk.folder / "data")

        return self._kept("disk", make)

    @property
    def with_few_descriptors(self) -> Bench:
        """A service that may open few files."""

        def make(folder: Path) -> Bench:
            bench = Bench(self._stack, folder)
            process = psutil.Process(bench.service.process.pid)
            process.rlimit(psutil.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))
            return bench

        return self._kept("descriptors", make)

    @property
    def with_a_calendar(self) -> Bench:
        """A service whose wall clock is moved by what is written to ``calendar``."""

        def make(folder: Path) -> Bench:
            folder.mkdir(parents=True)
            self.calendar = folder / "calendar"
            self.calendar.write_text("+0")
            return Bench(self._stack, folder / "run", with_calendar(folder, self.calendar))

        return self._kept("calendar", make)

    def _kept(self, name: str, make: Callable[[Path], Bench]) -> Bench:
        if name not in self._benches:
            self._benches[name] = make(self._folder / name)
        return self._benches[name]


def held(process: psutil.Process) -> None:
    """Stop a process for a while."""
    process.suspend()
    time.sleep(STOPPED_S)
    process.resume()


def server_killed(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start()
    killed = time.time()
    bench.service.end(signal.SIGKILL)
    lines = bench.log()
    bench.service.start()
    bench.service.recovered()
    report = bench.report()
    return cut(report, [line.moment for line in lines], killed, len(lines), report["reason"]["code"] == INTERRUPTED)


def cut(report: dict[str, Any], moments: list[float], killed: float, sent: int, admitted: bool) -> Outcome:
    """The outcome where a process was killed whose requests came at ``moments``: the latest of them may be missing."""
    missing = sent - report["summary"]["sent"]
    late = sum(moment > killed - LAST_SECOND_S for moment in moments)
    span = killed - sorted(moments)[-missing] if 0 < missing <= len(moments) else 0.0
    return Outcome(sent, report, may_lose=late, admitted=admitted, span=span)


def server_stopped(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start()
    held(psutil.Process(bench.service.process.pid))
    report = bench.stop()
    return Outcome(bench.seen(), report)


def second_server(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start()
    command = [str(BIN), "--lang", "en", "serve", "--port", "0", "--data-dir", str(bench.service.data_dir)]
    # No shell; the arguments are our own.
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    report = bench.stop()
    more = f"the second ended with {second.returncode}"
    return Outcome(bench.seen(), report, more, right=second.returncode == 1)


def agents_of(bench: Bench) -> list[psutil.Process]:
    """The engine processes that the service started."""
    service = psutil.Process(bench.service.process.pid)
    servers = [child for child in service.children() if "perfsvc.cluster.dask.fork_server" in child.cmdline()]
    return [agent for server in servers for agent in server.children()]


def agent_killed(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start(control_mode="central", node_count=2)
    killed = time.time()
    agents_of(bench)[0].kill()
    bench.viewer.await_seconds(3)
    report = bench.stop()
    lines = bench.log()
    lasting = {line.connection for line in lines if line.moment > killed + SETTLED_S}
    moments = [line.moment for line in lines if line.connection not in lasting]
    return cut(report, moments, killed, len(lines), any(node["losses"] for node in report["nodes"]))


def agent_stopped(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start(control_mode="central", node_count=2)
    held(agents_of(bench)[0])
    report = bench.stop()
    return Outcome(bench.seen(), report)


INSTALLING = threading.Lock()


@contextmanager
def database(folder: Path) -> Iterator[Server]:
    server = Server(folder / "mariadb", durable=True)
    with INSTALLING:  # one at a time: it keeps a core busy
        server.install()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def database_killed(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.beside_a_database
    server = lane.database
    bench.start()
    server.kill()
    bench.viewer.await_seconds(3)
    server.start()
    report = bench.stop()
    return stored(bench, report)


def database_stopped(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.beside_a_database
    server = lane.database
    bench.start()
    held(psutil.Process(server.pid))
    report = bench.stop()
    return stored(bench, report)


def disk_full(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.on_a_small_disk
    bench.start()
    lane.disk.fill()
    bench.viewer.await_seconds(5)
    lane.disk.clear()
    report = bench.stop()
    return stored(bench, report)


def stored(bench: Bench, report: dict[str, Any]) -> Outcome:
    """The outcome where every second of the report must be in the database, too."""
    path = f"/api/performance/executions/{bench.execution}/figures/"
    deadline, wanted = time.monotonic() + REPORT_S, report["summary"]["total_requests"]
    while (found := bench.service.get(path).body["summary"]["requests"]) != wanted and time.monotonic() < deadline:
        time.sleep(0.3)
    return Outcome(bench.seen(), report, "all stored" if found == wanted else f"{found} stored", right=found == wanted)


def file_descriptors(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.with_few_descriptors
    bench.start()
    refused = bench.service.post(f"/api/performance/executions/{bench.execution}/load/", {"vus": 2_000}).status
    bench.viewer.await_seconds(2)
    report = bench.stop()
    return Outcome(bench.seen(), report, f"2,000 users: {refused}", right=refused == UNPROCESSABLE)


def slow_viewer(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start()
    lazy = websocket.create_connection(bench.feed, header={"Authorization": f"Bearer {bench.service.token}"})
    stack.callback(lazy.shutdown)
    bench.viewer.await_seconds(3)
    report = bench.stop()
    return Outcome(bench.seen(), report)


def many_viewers(lane: Lane, stack: ExitStack) -> Outcome:
    bench = lane.plain
    bench.start()
    admitted = 0
    for _ in range(VIEWERS):
        try:
            viewer = websocket.create_connection(bench.feed, header={"Authorization": f"Bearer {bench.service.token}"})
        except websocket.WebSocketBadStatusException:
            continue
        admitted += 1
        stack.callback(viewer.shutdown)
    report = bench.stop()
    return Outcome(bench.seen(), report, f"{admitted} of {VIEWERS} admitted")


def clock_jump(lane: Lane, stack: ExitStack) -> Outcome:
    """The calendar of the service and its agents is set back by an hour, then forward by two."""
    bench = lane.with_a_calendar
    began = time.monotonic()
    bench.start(control_mode="central", node_count=2)
    for jump in (-HOUR_S, HOUR_S):
        lane.calendar.write_text(f"{jump:+d}")
        bench.viewer.await_seconds(3)
    report = bench.stop()
    took, seconds = time.monotonic() - began, report["series"]["timestamps"]
    steady = seconds == list(range(seconds[0], seconds[0] + len(seconds)))
    duration = report["summary"]["duration"]
    more = f"{len(seconds)} seconds {'in a row' if steady else 'NOT in a row'}, {duration:.0f} s long"
    return Outcome(bench.seen(), report, more, right=steady and 0 < duration <= took)


def with_calendar(folder: Path, calendar: Path) -> Path:
    """A program that is perfsvc with the wall clock, and no other, moved by what the file ``calendar`` says.

    It is moved where Python reads it. libfaketime moves it for the C library, and with it the lock of the interpreter,
    which then takes all of a core.
    """
    (folder / "sitecustomize.py").write_text(MOVED_CLOCK.format(calendar=str(calendar)))
    program = folder / "perfsvc"
    program.write_text(f'#!/bin/sh\nexport PYTHONPATH="{folder}:$PYTHONPATH"\nexec {BIN} "$@"\n')
    program.chmod(0o700)
    return program


class OddTarget(threading.Thread):
    """Reads a request on each connection and then does ``react``; ``seen`` counts requests."""

    def __init__(self, react: Callable[[socket.socket], None]) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen = 0
        self._react = react
        self._kept: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if connection.recv(65_536):
                self.seen += 1
                self._react(connection)
            self._kept.append(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._kept:
            connection.close()


def garbage(connection: socket.socket) -> None:
    connection.sendall(os.urandom(100))
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def odd_target(react: Callable[[socket.socket], None]) -> Callable[[Lane, ExitStack], Outcome]:
    """A fault of the target itself."""

    def fault(lane: Lane, stack: ExitStack) -> Outcome:
        target = OddTarget(react)
        stack.callback(target.close)
        bench = lane.plain
        bench.start(target.url)
        report = bench.stop()
        return Outcome(target.seen, report)

    return fault


FAULTS: dict[str, Callable[[Lane, ExitStack], Outcome]] = {
    "server killed": server_killed,
    "server stopped": server_stopped,
    "agent killed": agent_killed,
    "agent stopped": agent_stopped,
    "database killed": database_killed,
    "database stopped": database_stopped,
    "disk full": disk_full,
    "file descriptors": file_descriptors,
    "clock jump": clock_jump,
    "second server": second_server,
    "slow viewer": slow_viewer,
    "1,000 viewers": many_viewers,
    "target garbage": odd_target(garbage),
    "target reset": odd_target(reset),
    "target silent": odd_target(lambda connection: None),
}
