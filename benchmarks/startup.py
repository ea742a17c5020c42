"""How soon a command from the terminal sends its first request, and how soon it is over after the last.

Bars: one request, start to exit, 0.65 s; ``--processes 2`` 1.5 s to the first request, 1 s from the last to the exit.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

ROUNDS = 5
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
COMMAND = Path(sys.executable).with_name("perfsvc")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as on a user's machine; compiling them takes twice as long as all that is measured."""


class Took(NamedTuple):
    """Seconds from the start to the first request, from the last one to the exit, and in all."""

    first: float
    end: float
    total: float


class Target:
    """Replies to everything and remembers when it was asked first and last."""

    def __init__(self) -> None:
        self.request_times: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.request_times.append(perf_counter())
                writer.write(REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def command(target: Target, *words: str) -> Took:
    """Run a command against the target."""
    target.request_times.clear()
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(str(COMMAND), "run", *words, "-q", env=ENVIRONMENT)
    code = await process.wait()
    over = perf_counter()
    assert code == 0, code
    return Took(target.request_times[0] - began, over - target.request_times[-1], over - began)


async def benchmark() -> None:
    """Alternating rounds of both commands."""
    target = Target()
    server = await asyncio.start_server(target.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    commands = {
        "one request": [url, "--iterations", "1"],
        "--processes 2": [url, "--processes", "2", "-u", "2", "-d", "1"],
    }
    found: dict[str, list[Took]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, words in commands.items():
            took = await command(target, *words)
            if number:  # the first round compiles modules
                found[name].append(took)
    server.close()
    print(f"\nfrom the terminal, medians of {ROUNDS} rounds (best)")
    one, two = found.values()
    show("one request, start to exit", [each.total for each in one], 0.65)
    show("--processes 2, start to the first request", [each.first for each in two], 1.5)
    show("--processes 2, last request to exit", [each.end for each in two], 1.0)


def show(what: str, seconds: list[float], bar: float) -> None:
    """Print a line."""
    print(f"  {what:<44}{statistics.median(seconds):6.2f} s  ({min(seconds):.2f} s)  bar {bar:g} s")


def main() -> None:
    """Start and end of commands."""
    asyncio.run(benchmark())
