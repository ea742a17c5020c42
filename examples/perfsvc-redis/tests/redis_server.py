"""A Redis server for tests: its own folder, its own port on 127.0.0.1, nothing kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import hiredis

LIMIT_S = 60
READY = "Ready to accept connections"


class RedisServer:
    """A running server. ``url`` is where it is; ``tls``, a certificate and its key, makes it speak TLS."""

    def __init__(self, folder: Path, *more: str, tls: tuple[Path, Path] | None = None) -> None:
        self._folder = folder
        self._more = more
        self._tls = tls
        self.port = 0

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.port}" if self._tls else f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> RedisServer:
        program = shutil.which("redis-server", path="/usr/bin:/usr/local/bin")
        assert program, "redis-server is not installed: apt-get install redis-server"
        for _ in range(5):  # another process may take the port between its choice and its use
            self.port = free_port()
            if self._started(program):
                return self
        raise AssertionError(f"redis-server did not start: {(self._folder / 'log').read_text()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate(timeout=LIMIT_S)

    def ask(self, *command: str | int | bytes) -> Any:
        """One command over the server's own socket, past everything that is tested."""
        reader = hiredis.Reader(encoding="utf-8", notEnoughData=None)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(str(self._folder / "socket"))
            connection.sendall(hiredis.pack_command(command))
            while (answer := reader.gets()) is None:
                reader.feed(connection.recv(65_536))
        if isinstance(answer, hiredis.ReplyError):
            raise answer
        return answer

    def calls(self, command: str) -> int:
        """How often the server says that it carried out a command."""
        rows = dict(line.split(":", 1) for line in self.ask("INFO", "commandstats").splitlines() if ":" in line)
        found = rows.get(f"cmdstat_{command.lower()}", "calls=0,")
        return int(found.partition("calls=")[2].partition(",")[0])

    def _started(self, program: str) -> bool:
        words = [program, "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "", "--unixsocket"]
        words += [str(self._folder / "socket"), "--unixsocketperm", "700", *self._ports(), *self._more]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        with (self._folder / "log").open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                if READY in line:
                    return True
        self.process.communicate(timeout=LIMIT_S)
        return False

    def _ports(self) -> list[str]:
        if self._tls is None:
            return ["--port", str(self.port)]
        certificate, key = map(str, self._tls)
        files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"]
        return ["--port", "0", "--tls-port", str(self.port), *files, "--tls-ca-cert-file", certificate]


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
