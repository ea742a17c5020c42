"""A server and three agents that joined it from elsewhere, each by a wire of its own that can be cut."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from typing import Protocol

from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.namespaces import Network
from tests.support.nginx import LogLine
from tests.support.nginx import Nginx
from tests.support.processes import stop
from tests.support.relay import Relay
from tests.support.service import BIN
from tests.support.service import Service
from tests.support.waiting import wait_until

LIMIT_S = 90.0
NAMES = ("east", "north", "west")
RATE = 90
STEPS = [{"name": "get", "request": {"url": "/vu/{{$vu}}"}}]
CONFIG: dict[str, Any] = {
    "control_mode": "distributed",
    "node_count": 3,
    "hold_time": 60,
    "execution_config": {"arrival_rate": RATE, "max_vus": 30, "graceful_stop": 2},
}


class Wires(Protocol):
    """How agents reach a server that listens at ``address``. ``words`` stand before what an agent's host is to do."""

    address: str

    def lead_to(self, port: int) -> None: ...

    def scheduler(self, name: str) -> str: ...

    def words(self, name: str) -> list[str]: ...

    def cut(self, name: str) -> None: ...

    def mend(self, name: str) -> None: ...


class Relays:
    """All on one host; what agents and server say to each other goes through relays, agents reach targets directly."""

    address = "127.0.0.1"

    def __init__(self, standing: ExitStack) -> None:
        self._standing = standing

    def lead_to(self, port: int) -> None:
        self._relays = {name: self._standing.enter_context(Relay(port)) for name in NAMES}

    def scheduler(self, name: str) -> str:
        return f"tls://127.0.0.1:{self._relays[name].port}"

    def words(self, name: str) -> list[str]:
        return []

    def cut(self, name: str) -> None:
        self._relays[name].cut()

    def mend(self, name: str) -> None:
        self._relays[name].mend()


class Cables(Network):
    """Each agent on a host of its own, of which everything goes through one cable."""

    def __init__(self) -> None:
        super().__init__(NAMES)

    def lead_to(self, port: int) -> None:
        self._scheduler = f"tls://{self.address}:{port}"

    def scheduler(self, name: str) -> str:
        return self._scheduler


class Machines:
    """The server and its agents, up to the end of ``standing``."""

    def __init__(self, folder: Path, wires: Wires, standing: ExitStack) -> None:
        self.wires = wires
        with socket.create_server((wires.address, 0)) as free:
            self.port = free.getsockname()[1]
        perfsvc = [str(BIN), "certs", str(folder / "data/certs"), "--host", wires.address]
        subprocess.run(perfsvc, check=True, timeout=LIMIT_S, capture_output=True)
        self.service = standing.enter_context(Service(folder / "data", dask_scheduler=f"{wires.address}:{self.port}"))
        wires.lead_to(self.port)
        for name in NAMES:
            standing.callback(stop, self._agent(name, folder))
        self.until_ready()

    def _agent(self, name: str, folder: Path) -> subprocess.Popen[bytes]:
        certs = shutil.copytree(folder / "data/certs/agent", folder / name)
        command = [str(BIN), "worker", self.wires.scheduler(name), "--certs", str(certs), "--name", name]
        with (folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen([*self.wires.words(name), *command], stderr=log)

    def until_ready(self) -> None:
        wait_until(
            lambda: [node["state"] for node in self.nodes() if node["name"] in NAMES] == ["ready"] * 3,
            "three ready nodes",
        )

    def nodes(self) -> list[dict[str, Any]]:
        body = self.service.get("/api/nodes/").body
        return list(body["results"])

    def shares(self) -> dict[str, float]:
        """The agents' shares of what runs, in percent."""
        return {node["name"]: run["share"] for node in self.nodes() for run in node["running"]}


def by_place(nginx: Nginx) -> dict[str, list[LogLine]]:
    """What the target was asked by the users of each node's place."""
    places: dict[str, list[LogLine]] = {name: [] for name in NAMES}
    for line in nginx.log():
        places[NAMES[(int(line.path.split("/")[-1]) - 1) % 3]].append(line)
    return places


def until_silent(count: Callable[[], int]) -> int:
    """Wait until a count of requests has not grown for two seconds; return it."""
    by = time.monotonic() + LIMIT_S
    while True:
        before = count()
        time.sleep(2)
        if count() == before:
            return before
        assert time.monotonic() < by


def seen_in_the_last_second(nginx: Nginx) -> int:
    since = time.time() - 1
    return sum(line.moment >= since for line in nginx.log())


def cut_off_and_brought_back(machines: Machines, nginx: Nginx) -> dict[str, Any]:
    """A run in which ``north`` is cut off and brought back, with what must come of that anywhere; return the report.

    Of its 30 requests a second, some that were under way when it was cut off may arrive when it is back.
    """
    service, wires = machines.service, machines.wires
    plan = plan_of(service, nginx.url, STEPS, **CONFIG)
    service.post(f"/api/performance/plans/{plan}/start/")
    wait_until(lambda: len(nginx.log()) > RATE, "a second of requests")
    wires.cut("north")
    wait_until(lambda: machines.shares() == {"east": 50, "west": 50}, "the load on two nodes")
    stopped = until_silent(lambda: len(by_place(nginx)["north"]))
    wait_until(lambda: seen_in_the_last_second(nginx) >= 0.95 * RATE, "the planned rate")
    assert len(by_place(nginx)["north"]) == stopped
    wires.mend("north")
    wait_until(lambda: set(machines.shares().values()) == {33.333}, "the load on three nodes")
    back = time.time()
    wait_until(lambda: sum(line.moment > back for line in by_place(nginx)["north"]) > RATE / 3, "requests of north")
    service.post(f"/api/performance/plans/{plan}/stop/")
    machines.until_ready()
    report = report_of(service, plan)
    kinds = [event["kind"] for event in report["events"] if event["event"] == "node"]
    assert kinds == ["lost", "resplit", "returned", "replaced"]
    rows = {row["node"]: row for row in report["nodes"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "east": "running", "north": "lost", "west": "running", "north~2": "running",
    }  # fmt: skip
    (loss,) = rows["north"]["losses"]
    assert loss["share"] == 33.333
    summary = report["summary"]
    done = summary["total_requests"] + summary["dropped"] + summary["cut_off"]
    assert abs(RATE * summary["running_time"] - done - loss["missing"]["amount"]) <= RATE / 3 + 1
    assert loss["remark"]["en"] in [warning["en"] for warning in report["warnings"]]
    assert "node_lost" in [cause["code"] for cause in report["validity"]["causes"]]
    return report
