"""A private MariaDB server for tests: own data folder, own port on 127.0.0.1, own socket, stopped by its pid.

``shared`` starts one for a whole test run, however many workers it has; the process that entered ``claimed`` stops it.
Tests that kill a server start a ``Server`` of their own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pymysql

from perfsvc.temp_folders import scratch_folder
from tests.support.ports import free_port

DIRECTORY_VARIABLE = "PERFSVC_TEST_MARIADB"
START_LIMIT_S = 60
STOP_LIMIT_S = 60
MISSING = "mariadbd is not installed, and these tests do not run without it: apt-get install mariadb-server"
USER, PASSWORD = "perfsvc", "s3cret/p@ss密"

QUICK = [
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=200",
]


class Server:
    """A server in a folder. It keeps its port and data over ``stop`` and ``start``, a durable one over ``kill`` too."""

    def __init__(self, directory: Path, *options: str, durable: bool = False) -> None:
        self.directory = directory
        self._options = [*QUICK, f"--innodb-flush-log-at-trx-commit={int(durable)}", *options]
        self.socket = directory / "socket"
        self.port = self.pid = 0

    def install(self) -> None:
        """Make the data folder; fails the test when the program is missing."""
        if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
            raise AssertionError(MISSING)
        self.directory.mkdir(parents=True, exist_ok=True)
        data = f"--datadir={self.directory / 'data'}"
        options = ["--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", *as_root()]
        subprocess.run(["mariadb-install-db", *options], check=True, capture_output=True, timeout=START_LIMIT_S)

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        self.port = self.port or free_port()
        scratch = self.directory / "scratch"
        # In the common folder for temporary files, those of a killed server would stand in the way of another's.
        scratch.mkdir(exist_ok=True)
        places = [
            f"--datadir={self.directory / 'data'}",
            f"--tmpdir={scratch}",
            f"--socket={self.socket}",
            f"--port={self.port}",
        ]
        command = ["mariadbd", "--no-defaults", "--bind-address=127.0.0.1", *places, *self._options, *as_root()]
        log = (os.POSIX_SPAWN_OPEN, 1, str(self.directory / "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # No Popen: it warns when it is forgotten, and the shared server outlives the worker that started it.
        to_log = [log, (os.POSIX_SPAWN_DUP2, 1, 2)]
        self.pid = os.posix_spawnp("mariadbd", command, os.environ, file_actions=to_log, setpgroup=0)
        self._wait_until_up()
        execute(self.socket, f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
        execute(self.socket, f"GRANT ALL ON *.* TO '{USER}'@'%'")

    def stop(self) -> None:
        """Stop in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop as a power cut would."""
        self._end(signal.SIGKILL)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        try:
            execute(self.socket, f"CREATE DATABASE {name} CHARACTER SET latin1")
        except pymysql.err.OperationalError as error:
            raise AssertionError(f"mariadbd is gone: {error}; its last words: {self._log_tail()}") from error
        return url(self.port, name)

    def _end(self, how: signal.Signals) -> None:
        # A pid that is free again may belong to another process by now.
        pid, self.pid = self.pid, 0
        if pid:
            end_process(pid, how)

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and is_running(self.pid):
            if accepts(self.socket):
                return
            time.sleep(0.02)
        raise AssertionError(f"mariadbd did not start: {self._log_tail()}")

    def _log_tail(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-4000:]


@contextmanager
def claimed() -> Iterator[None]:
    """A folder for this test run's shared server, which is stopped at the end; to be entered before workers start."""
    with scratch_folder("mariadb") as directory:
        os.environ[DIRECTORY_VARIABLE] = str(directory)
        yield
        ready = directory / "ready"
        if ready.exists():
            end_process(int(ready.read_text().split()[0]), signal.SIGTERM)


def shared() -> Server:
    """The test run's server, started on first use."""
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    server = Server(directory)
    with locked(directory / "lock"):
        ready = directory / "ready"
        if not ready.exists():
            server.install()
            server.start()
            ready.write_text(f"{server.pid} {server.port}")
        server.port = int(ready.read_text().split()[1])
    return server


def url(port: int, database: str) -> str:
    """A URL whose password has characters that must be escaped."""
    return f"mariadb://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{database}"


def execute(socket_path: Path, sql: str) -> None:
    """Run a statement as the server's root, through its socket."""
    connection = pymysql.connect(user="root", unix_socket=str(socket_path), connect_timeout=5, charset="utf8mb4")
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()


def end_process(pid: int, how: signal.Signals) -> None:
    """Stop a process by its pid and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)
    deadline = time.monotonic() + STOP_LIMIT_S
    while is_running(pid):
        if time.monotonic() > deadline:
            raise AssertionError(f"process {pid} does not stop")
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether there is such a process, ours or not; one of ours that has ended is laid to rest."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def accepts(path: Path) -> bool:
    """Whether a server listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def as_root() -> list[str]:
    """Options for root, as whom mariadbd refuses to run without them."""
    return ["--user=root"] if os.geteuid() == 0 else []


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Between processes, one at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
