"""The target of ``stamping_protocol``: it takes its time and keeps a log of the time that it took."""

from __future__ import annotations

import random
import shutil
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support import stamping_protocol


class LogLine(NamedTuple):
    """One request. ``moment`` is the Unix time of the reply, ``ns`` the service time."""

    word: str
    ns: int
    moment: float


class StampingTarget(socketserver.ThreadingTCPServer):
    """Replies after a time that is drawn for each request; ``log`` is in the order of the replies."""

    daemon_threads = True

    def __init__(self) -> None:
        self.log: list[LogLine] = []
        self._numbers = random.Random(11)
        super().__init__(("127.0.0.1", 0), Conversation)

    @property
    def url(self) -> str:
        return f"stamping://127.0.0.1:{self.server_address[1]}"

    def serve(self, word: str) -> tuple[int, int]:
        """Work, and return from when to when."""
        received = time.perf_counter_ns()
        time.sleep(min(self._numbers.lognormvariate(-6.8, 0.6), 0.2))
        replied = time.perf_counter_ns()
        self.log.append(LogLine(word, replied - received, time.time()))
        return received, replied


class Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, StampingTarget)
        while line := self.rfile.readline():
            received, replied = self.server.serve(line.decode().strip())
            self.wfile.write(f"{received} {replied}\n".encode())


@contextmanager
def stamping_target() -> Iterator[StampingTarget]:
    """A running target."""
    with StampingTarget() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def install_plugin(folder: Path) -> None:
    """Make the protocol one that a process with ``folder`` on its path discovers."""
    shutil.copy(stamping_protocol.__file__, folder / "stamping.py")
    info = folder / "stamping-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stamping\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[perfsvc.plugins]\nstamping = stamping\n")
