"""Faults while a run goes on: what the target saw, what the report counts, and what it says was lost.

``faults.py [REPEATS [NAME …]]`` (``make faults REPEATS=20``). A jump of the clock is left out: one clock serves the
whole machine, and tests in virtual time have it. The full disk needs root, which may mount one.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
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
from tests.support.nginx import Nginx  # noqa: E402
from tests.support.service import BIN  # noqa: E402
from tests.support.service import Service  # noqa: E402
from tests.support.small_disk import small_disk  # noqa: E402

STEP = {"name": "page", "request": {"url": "/json"}, "think_time": {"type": "constant", "value": 0.05}}
STOPPED_S = 2.0
VIEWERS = 1_000
REPORT_S = 60


class Outcome(NamedTuple):
    """``sent`` is None where the target cannot tell."""

    sent: int | None
    report: dict[str, Any]
    more: str = ""


class Bench:
    """A service, a target and a run of two users that goes on."""

    def __init__(self, stack: ExitStack, folder: Path, url: str | None = None, **settings: str) -> None:
        (folder / "nginx").mkdir()
        self.nginx = stack.enter_context(Nginx(folder / "nginx"))
        self.service = Service(folder / "data", **settings)
        stack.callback(self.end)
        self._url = url or self.nginx.url

    def start(self, **config: Any) -> None:
        """Start the run and wait for its first seconds."""
        step = {**STEP, "timeout": 500}
        self.plan = plan_of(self.service, self._url, [step], concurrent_users=2, hold_time=600, **config)
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
        """Requests in the target's log, once no more come."""
        before = -1
        while before != (now := len(list(self.nginx.log()))):
            before = now
            time.sleep(0.3)
        return now

    def end(self) -> None:
        if self.service.process.poll() is None:
            self.service.end()


def held(process: psutil.Process) -> None:
    """Stop a process for a while."""
    process.suspend()
    time.sleep(STOPPED_S)
    process.resume()


def server_killed(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start()
    bench.service.end(signal.SIGKILL)
    sent = bench.seen()
    bench.service.start()
    bench.service.recovered()
    return Outcome(sent, bench.report())


def server_stopped(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start()
    held(psutil.Process(bench.service.process.pid))
    report = bench.stop()
    return Outcome(bench.seen(), report)


def second_server(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start()
    command = [str(BIN), "--lang", "en", "serve", "--port", "0", "--data-dir", str(bench.service.data_dir)]
    # No shell; the arguments are our own.
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    report = bench.stop()
    return Outcome(bench.seen(), report, f"the second ended with {second.returncode}")


def agents_of(bench: Bench) -> list[psutil.Process]:
    """The engine processes that the service started."""
    children = psutil.Process(bench.service.process.pid).children(recursive=True)
    return [child for child in children if "perfsvc.cluster.dask.agent" in " ".join(child.cmdline())]


def agent_killed(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start(control_mode="central", node_count=2)
    agents_of(bench)[0].kill()
    bench.viewer.await_seconds(3)
    report = bench.stop()
    return Outcome(bench.seen(), report)


def agent_stopped(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start(control_mode="central", node_count=2)
    held(agents_of(bench)[0])
    report = bench.stop()
    return Outcome(bench.seen(), report)


@contextmanager
def database(folder: Path) -> Iterator[Server]:
    server = Server(folder / "mariadb", durable=True)
    server.install()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def database_killed(stack: ExitStack, folder: Path) -> Outcome:
    server = stack.enter_context(database(folder))
    bench = Bench(stack, folder, database_url=server.new_database())
    bench.start()
    server.kill()
    bench.viewer.await_seconds(3)
    server.start()
    report = bench.stop()
    return Outcome(bench.seen(), report, stored(bench, report))


def database_stopped(stack: ExitStack, folder: Path) -> Outcome:
    server = stack.enter_context(database(folder))
    bench = Bench(stack, folder, database_url=server.new_database())
    bench.start()
    held(psutil.Process(server.pid))
    report = bench.stop()
    return Outcome(bench.seen(), report, stored(bench, report))


def disk_full(stack: ExitStack, folder: Path) -> Outcome:
    disk = stack.enter_context(small_disk(folder / "disk", 16))
    (folder / "run").mkdir()
    bench = Bench(stack, folder / "run")
    stack.callback(bench.end)
    bench.end()
    bench.service = Service(disk.folder / "data")
    bench.start()
    disk.fill()
    bench.viewer.await_seconds(5)
    disk.clear()
    report = bench.stop()
    return Outcome(bench.seen(), report, stored(bench, report))


def stored(bench: Bench, report: dict[str, Any]) -> str:
    """Whether every second of the report is in the database."""
    path = f"/api/performance/executions/{bench.execution}/figures/"
    deadline, wanted = time.monotonic() + REPORT_S, report["summary"]["total_requests"]
    while (found := bench.service.get(path).body["summary"]["requests"]) != wanted and time.monotonic() < deadline:
        time.sleep(0.3)
    return f"{found} stored"


def file_descriptors(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start()
    process = psutil.Process(bench.service.process.pid)
    most = process.num_fds() + 10
    process.rlimit(psutil.RLIMIT_NOFILE, (most, most))
    refused = bench.service.post(f"/api/performance/executions/{bench.execution}/load/", {"vus": 2_000}).status
    bench.viewer.await_seconds(2)
    report = bench.stop()
    return Outcome(bench.seen(), report, f"2,000 users: {refused}")


def slow_viewer(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
    bench.start()
    lazy = websocket.create_connection(bench.feed, header={"Authorization": f"Bearer {bench.service.token}"})
    stack.callback(lazy.shutdown)
    bench.viewer.await_seconds(3)
    report = bench.stop()
    return Outcome(bench.seen(), report)


def many_viewers(stack: ExitStack, folder: Path) -> Outcome:
    bench = Bench(stack, folder)
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


def odd_target(react: Callable[[socket.socket], None]) -> Callable[[ExitStack, Path], Outcome]:
    """A fault of the target itself."""

    def fault(stack: ExitStack, folder: Path) -> Outcome:
        target = OddTarget(react)
        stack.callback(target.close)
        bench = Bench(stack, folder, target.url)
        bench.start()
        return Outcome(target.seen, bench.stop())._replace(sent=target.seen)

    return fault


FAULTS: dict[str, Callable[[ExitStack, Path], Outcome]] = {
    "server killed": server_killed,
    "server stopped": server_stopped,
    "agent killed": agent_killed,
    "agent stopped": agent_stopped,
    "database killed": database_killed,
    "database stopped": database_stopped,
    "disk full": disk_full,
    "file descriptors": file_descriptors,
    "second server": second_server,
    "slow viewer": slow_viewer,
    "1,000 viewers": many_viewers,
    "target garbage": odd_target(garbage),
    "target reset": odd_target(reset),
    "target silent": odd_target(lambda connection: None),
}


def told(outcome: Outcome) -> str:
    """What a report says of the fault."""
    report = outcome.report
    reason = (report.get("reason") or {}).get("code")
    causes = [cause["code"] for cause in report["validity"]["causes"]]
    gaps = [f"{gap['seconds']} s" for gap in report["gaps"]]
    failures = report["metrics"]["errors"]["labels"]
    lost = [node["node"] for node in report["nodes"] if node.get("losses")]
    parts = {"causes": causes, "gaps": gaps, "errors": failures, "lost nodes": lost}
    listed = [f"{name}: {', '.join(map(str, values))}" for name, values in parts.items() if values]
    return "; ".join([str(reason), *listed, *([outcome.more] if outcome.more else [])])


def line_of(outcome: Outcome) -> str:
    """A fault in one line."""
    return f"{outcome.sent!s:>6} {outcome.report['summary']['total_requests']:>6}  {told(outcome)}"


def main(repeats: int, names: list[str]) -> int:
    """Print a line for each fault and repeat."""
    threading.excepthook = lambda _: None  # viewers whose service is killed
    print(f"{'fault':<18} {'sent':>6} {'report':>6}  what the report says")
    failed = 0
    for name in names or FAULTS:
        for _ in range(repeats):
            try:
                with tempfile.TemporaryDirectory(prefix="fault-") as folder, ExitStack() as stack:
                    line = line_of(FAULTS[name](stack, Path(folder)))
            except Exception as error:  # the other faults are tried all the same
                failed += 1
                line = f"{type(error).__name__}: {error}"
            print(f"{name:<18} {line}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2:]))
