"""Agents that joined a server from elsewhere: cut off and brought back, and left alone by a server that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.netns import CONFIG
from tests.cluster.netns import LIMIT_S
from tests.cluster.netns import NAMES
from tests.cluster.netns import STEPS
from tests.cluster.netns import Machines
from tests.cluster.netns import Relays
from tests.cluster.netns import cut_off_and_brought_back
from tests.cluster.netns import until_silent
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.processes import running
from tests.support.service import BIN
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with ExitStack() as standing:
        yield Machines(tmp_path_factory.mktemp("machines"), Relays(standing), standing)


@pytest.fixture(scope="module", autouse=True)
def stranger(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The log of an agent with certificates of another authority, which tries to join from the first test on."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run([str(BIN), "certs", str(folder / "others")], check=True, timeout=LIMIT_S, capture_output=True)
    log = folder / "stranger.log"
    command = [str(BIN), "worker", f"tls://127.0.0.1:{machines.port}", "--certs", str(folder / "others")]
    with log.open("wb") as errors, running([*command, "--name", "stranger"], stderr=errors):
        yield log


def test_one_of_three_is_cut_off_and_brought_back(machines: Machines, nginx: Nginx) -> None:
    cut_off_and_brought_back(machines, nginx)


@pytest.mark.parametrize("turn", ["once", "again"])
def test_load_stops_when_the_server_is_killed(machines: Machines, nginx: Nginx, turn: str) -> None:
    service = machines.service
    plan = plan_of(service, nginx.url, STEPS, **CONFIG)
    run = service.post(f"/api/performance/plans/{plan}/start/").body["execution_id"]
    figures = f"/api/performance/metrics/{run}/?metric_type=throughput"
    wait_until(lambda: service.get(figures).body["metrics"]["throughput"]["total_requests"] > 180, "180 requests")
    time.sleep(1)  # what was reported has had time to be stored
    service.end(signal.SIGKILL)
    stopped = until_silent(lambda: len(nginx.log()))
    service.start()
    machines.until_ready()
    wait_until(lambda: service.get(f"/api/performance/reports/?plan_id={plan}").body["total"] == 1, "the report")
    report = report_of(service, plan)
    assert report["status"] == "failed"
    assert report["reason"]["code"] == "interrupted"
    assert {row["node"] for row in report["nodes"]} == set(NAMES)
    assert len(nginx.log()) == stopped


def test_a_drained_agent_stays_drained_when_the_server_restarts(machines: Machines) -> None:
    service, drain = machines.service, "/api/nodes/east/drain/"
    assert service.post(drain).body["state"] == "draining"
    assert service.end() == 0
    service.start()
    wait_until(
        lambda: {node["name"]: node["state"] for node in machines.nodes()}.get("east") == "draining", "east draining"
    )
    assert service.delete(drain).body["state"] == "ready"
    machines.until_ready()


def test_an_agent_with_certificates_of_strangers_does_not_join(machines: Machines, stranger: Path) -> None:
    wait_until(lambda: b"cannot join" in stranger.read_bytes(), "the refusal")
    assert "stranger" not in {node["name"] for node in machines.nodes()}


def test_an_agent_reports_an_invalid_scheduler_address(tmp_path: Path) -> None:
    command = [str(BIN), "--lang", "en", "worker", "http://127.0.0.1:1", "--certs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env={**os.environ}, check=False)
    assert done.returncode == 1
    assert "invalid scheduler address: http://127.0.0.1:1" in done.stderr
