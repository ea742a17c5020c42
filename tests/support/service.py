"""The real service as a process of its own, and a client that speaks to it as users do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from typing import NamedTuple

import websocket

START_LIMIT_S = 90
PASSWORD = "correct horse"
BIN = Path(sys.executable).parent / "perfsvc"


class Answer(NamedTuple):
    status: int
    body: Any


class Service:
    """``perfsvc serve`` on a free port with its own data folder; ``url`` is where it is. A context ends it.

    ``language`` is the one that requests ask for; without it, replies and names that it makes are the service's own.
    """

    language = ""

    def __init__(self, data_dir: Path, program: Path = BIN, **settings: str) -> None:
        self.data_dir = data_dir
        self._program = program
        self._settings = settings
        self.start()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs:
            assert self.end() == 0

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def start(self) -> None:
        """Start, or start again after the end, with the same data."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PERFSVC_")}
        names = {f"PERFSVC_{name.upper()}": value for name, value in self._settings.items()}
        log = self.data_dir.parent / "service.log"
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [str(self._program), "--lang", "en", "serve", "--port", "0", "--data-dir", str(self.data_dir)],
                env={**clean, "PERFSVC_ADMIN_PASSWORD": PASSWORD, "PERFSVC_REGISTRATION": "true", **names},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            self._sign_in(log)
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def recovered(self) -> None:
        """Wait until what earlier processes left unfinished is taken up."""
        deadline = time.monotonic() + START_LIMIT_S
        while self.get("/healthz").body["recovering"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end; return the exit code. What does not end in time is killed."""
        assert self.process.stdout is not None
        with self.process.stdout:
            self.process.send_signal(number)
            try:
                return self.process.wait(START_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                return self.process.wait()

    def get(self, path: str) -> Answer:
        return self._call("GET", path, None)

    def post(self, path: str, body: Any = None) -> Answer:
        return self._call("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        return self._call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self._call("DELETE", path, None)

    def upload(self, project: int, name: str, content: bytes) -> Answer:
        """Send a data file."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/csv"}
        path = f"/api/datafiles/?project_id={project}&name={name}"
        with urllib.request.urlopen(urllib.request.Request(self.url + path, content, headers), timeout=60) as answer:
            return Answer(answer.status, json.loads(answer.read()))

    def watch(self, address: str) -> Iterator[dict[str, Any]]:
        """The frames of a live feed, to its end."""
        connection = websocket.create_connection(address, timeout=60, header={"Authorization": f"Bearer {self.token}"})
        try:
            while text := connection.recv():
                yield json.loads(text)
        finally:
            connection.close()
            connection.shutdown()  # close() alone leaves the socket open when the server closed first

    def _sign_in(self, log: Path) -> None:
        """Wait for the service's address and sign in as its administrator."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("perfsvc: http://"), line + log.read_text()
        self.url = line.removeprefix("perfsvc: ").strip()
        self.token = ""
        self.token = self.post("/api/users/login/", {"username": "admin", "password": PASSWORD}).body["token"]

    def _call(self, method: str, path: str, body: Any) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.language:
            request.add_header("Accept-Language", self.language)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, json.loads(refused.read()))
