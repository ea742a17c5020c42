"""The targets of the echo benchmarks, on a core of their own, and plans that go there."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.rounds import TARGET_CORE


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]  # of a stream

    def data_received(self, data: bytes) -> None:
        self._write(data)


async def serve_lines() -> None:
    """Print the port, and run until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running(module: str) -> Iterator[int]:
    """A module's target (``serve``) as a process of its own; gives its port."""
    command = ["taskset", "-c", str(TARGET_CORE), sys.executable, "-m", module, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())  # type: ignore[union-attr]  # it is a pipe
        finally:
            server.terminate()


@contextmanager
def plan(protocol: str, host: str, request: dict[str, Any]) -> Iterator[str]:
    """A plan of one step; gives the path of its file."""
    steps = [{"name": "echo", "protocol": protocol, "request": request}]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        scenes = [{"name": "echo", "steps": steps}]
        json.dump({"name": "echo", "env": {"host": host}, "scenes": scenes, "config": {}}, file)
        file.flush()
        yield file.name
