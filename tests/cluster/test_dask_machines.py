"""Agents that joined a server from elsewhere: cut off and brought back, and left alone by a server that is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.relay import Relay
from tests.support.service import BIN
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("dask-machines")

LIMIT_S = 60.0
NAMES = ("east", "north", "west")
STEPS = [{"name": "get", "request": {"url": "/vu/{{$vu}}"}}]
CONFIG: dict[str, Any] = {
    "control_mode": "distributed",
    "node_count": 3,
    "hold_time": 60,
    "execution_config": {"arrival_rate": 90, "max_vus": 30, "graceful_stop": 2},
}


class Machines:
    """A server, and three agents that reach it each through a relay of its own."""

    def __init__(self, folder: Path, standing: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.service = Service(folder / "data", dask_scheduler=f"127.0.0.1:{self.port}")
        standing.callback(lambda: self.service.process.poll() is None and self.service.end())
        self.relays = {name: standing.enter_context(Relay(self.port)) for name in NAMES}
        self.agents = {name: self._agent(name, folder) for name in NAMES}
        for agent in self.agents.values():
            standing.callback(ended, agent)
        self.until_ready()

    def _agent(self, name: str, folder: Path) -> subprocess.Popen[bytes]:
        address = f"tls://127.0.0.1:{self.relays[name].port}"
        with (folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(BIN), "worker", address, "--certs", str(folder / "data/certs"), "--name", name], stderr=log
            )

    def until_ready(self) -> None:
        until(lambda: [node["state"] for node in self.nodes() if node["name"] in NAMES] == ["ready"] * 3)

    def nodes(self) -> list[dict[str, Any]]:
        body = self.service.get("/api/nodes/").body
        return list(body["results"])


def ended(agent: subprocess.Popen[bytes]) -> None:
    """An agent goes when it is told to."""
    agent.terminate()
    assert agent.wait(LIMIT_S) == 0


def until(condition: Callable[[], bool]) -> None:
    by = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.1)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with ExitStack() as standing:
        yield Machines(tmp_path_factory.mktemp("machines"), standing)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with Nginx(folder) as server:
        yield server


def test_one_of_three_is_cut_off_and_brought_back(machines: Machines, nginx: Nginx) -> None:
    service = machines.service
    plan = plan_of(service, nginx.url, STEPS, **CONFIG)
    service.post(f"/api/performance/plans/{plan}/start/")
    until(lambda: len(nginx.log()) > 90)
    place = NAMES.index("north")
    machines.relays["north"].cut()
    cut = time.time()
    time.sleep(6)
    machines.relays["north"].mend()
    theirs = [line.moment for line in nginx.log() if (int(line.path.split("/")[-1]) - 1) % 3 == place]
    assert cut < max(theirs) < cut + 5
    until(lambda: any(line.moment > cut + 6 for line in nginx.log() if number_of(line.path) % 3 == place))
    service.post(f"/api/performance/plans/{plan}/stop/")
    report = report_of(service, plan)
    kinds = [event["kind"] for event in report["events"] if event["event"] == "node"]
    assert kinds == ["lost", "resplit", "returned", "replaced"]
    rows = {row["node"]: row for row in report["nodes"]}
    assert set(rows) == {"east", "north", "west", "north~2"}
    assert 1 < rows["north"]["losses"][0]["missing"]["amount"] / 30 < 6
    machines.until_ready()


@pytest.mark.parametrize("time_of_five", range(5))
def test_load_stops_when_the_server_is_killed(machines: Machines, nginx: Nginx, time_of_five: int) -> None:
    service = machines.service
    plan = plan_of(service, nginx.url, STEPS, **CONFIG)
    run = service.post(f"/api/performance/plans/{plan}/start/").body["execution_id"]
    figures = f"/api/performance/metrics/{run}/?metric_type=throughput"
    until(lambda: service.get(figures).body["metrics"]["throughput"]["total_requests"] > 180)
    time.sleep(1)  # what was told has had time to be stored
    killed = time.time()
    service.end(signal.SIGKILL)
    service.start()
    machines.until_ready()
    report = report_of(service, plan)
    assert report["status"] == "failed"
    assert report["reason"]["code"] == "interrupted"
    assert {row["node"] for row in report["nodes"]} == set(NAMES)
    time.sleep(max(killed + 5.5 - time.time(), 0))
    assert [line for line in nginx.log() if line.moment > killed + 5] == []


def test_an_agent_with_certificates_of_strangers_does_not_join(machines: Machines, tmp_path: Path) -> None:
    subprocess.run([str(BIN), "certs", str(tmp_path / "others")], check=True, timeout=LIMIT_S, capture_output=True)
    address = f"tls://127.0.0.1:{machines.port}"
    log = tmp_path / "stranger.log"
    with log.open("wb") as errors:
        stranger = subprocess.Popen(
            [str(BIN), "worker", address, "--certs", str(tmp_path / "others"), "--name", "stranger"], stderr=errors
        )
    try:
        until(lambda: b"cannot join" in log.read_bytes() or stranger.poll() is not None)
        assert "stranger" not in {node["name"] for node in machines.nodes()}
    finally:
        stranger.terminate()
        stranger.wait(LIMIT_S)


def number_of(path: str) -> int:
    """The user's number in a path, counted from 0."""
    return int(path.split("/")[-1]) - 1


def test_an_agent_says_what_is_wrong_with_its_address(tmp_path: Path) -> None:
    command = [str(BIN), "--lang", "en", "worker", "http://127.0.0.1:1", "--certs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env={**os.environ}, check=False)
    assert done.returncode == 1
    assert "not an address for the scheduler: http://127.0.0.1:1" in done.stderr
