"""``perfsvc run`` on several processes: ended at the terminal, and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tests.cluster.netns import until_silent
from tests.support.nginx import Nginx
from tests.support.processes import running
from tests.support.service import BIN
from tests.support.waiting import wait_until

LIMIT_S = 90.0
REPORT = "report.json"


CONFIG = {
    "hold_time": 60,
    "control_mode": "central",
    "node_count": 2,
    "execution_config": {"arrival_rate": 60},
}


@pytest.fixture
def terminal(tmp_path: Path, nginx: Nginx) -> Iterator[subprocess.Popen[str]]:
    """A run of two processes in the foreground of a terminal of its own, a second after its start."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump({"name": "two", "config": {"target_url": nginx.url, **CONFIG}}))
    with running([str(BIN), "run", str(plan), "--quiet", "--json", str(tmp_path / REPORT)]) as process:
        wait_until(lambda: len(nginx.log()) > 60, "60 requests")
        yield process


def test_ctrl_c_ends_the_run_gracefully_on_all_processes(
    terminal: subprocess.Popen[str], tmp_path: Path, nginx: Nginx
) -> None:
    os.killpg(terminal.pid, signal.SIGINT)
    assert terminal.wait(LIMIT_S) == 130
    report = json.loads((tmp_path / REPORT).read_text("utf-8"))
    assert report["reason"]["code"] == "stopped_by_user"
    assert len(nginx.log_of(report["summary"]["total_requests"])) == report["summary"]["total_requests"]
    assert [len(node["losses"]) for node in report["nodes"]] == [0, 0]


def test_nothing_goes_on_after_the_run_was_killed(terminal: subprocess.Popen[str], nginx: Nginx) -> None:
    processes = psutil.Process(terminal.pid).children(recursive=True)
    assert len(processes) >= 2
    terminal.kill()
    terminal.wait(LIMIT_S)
    wait_until(lambda: not any(map(works, processes)), "the end of the processes")
    stopped = until_silent(lambda: len(nginx.log()))
    assert len(nginx.log()) == stopped


def works(process: psutil.Process) -> bool:
    """Whether a process is more than a name that its parent has not asked for yet."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
