"""A private PostgreSQL server for tests: own data folder, own port on 127.0.0.1, stopped by the one who started it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port

LIMIT_S = 60
USER, PASSWORD = "tester", "s3cret/p@ss密"
OWNER = "postgres"
"""Who runs the server where we are root, as which it refuses to run."""


def programs() -> Path:
    """Where the server's programs are; fails the test when they are missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert found, "PostgreSQL is not installed, and these tests do not run without it: apt-get install postgresql"
    return found[-1]


def run(program: str, *arguments: str) -> None:
    command = [str(programs() / program), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", OWNER, "--", *command]
    # Output to a file: the server inherits it, and the end of a pipe would never be seen.
    with tempfile.TemporaryFile() as log:
        done = subprocess.run(command, stdout=log, stderr=log, cwd="/", timeout=LIMIT_S, check=False)
        log.seek(0)
        assert done.returncode == 0, log.read().decode(errors="replace")


@contextmanager
def server() -> Iterator[int]:
    """A running server; gives its port."""
    folder = Path(tempfile.mkdtemp(prefix="perfsvc-postgresql-"))
    data, word, port = folder / "data", folder / "password", free_port()
    word.write_text(PASSWORD, "utf-8")
    if os.geteuid() == 0:
        for place in (folder, word):
            shutil.chown(place, OWNER)
    try:
        run("initdb", "-D", str(data), "-U", USER, "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=8MB -k {folder}"
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
