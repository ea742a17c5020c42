"""``perfsvc run`` on several processes: ended at the terminal, and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.nginx import Nginx
from tests.support.service import BIN

LIMIT_S = 60.0


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with Nginx(folder) as server:
        yield server


class Terminal:
    """A run of two processes in the foreground of a terminal of its own."""

    def __init__(self, folder: Path, nginx: Nginx, **config: Any) -> None:
        self.report = folder / "report.json"
        plan = {
            "name": "two",
            "config": {
                "target_url": nginx.url,
                "hold_time": 60,
                "control_mode": "central",
                "node_count": 2,
                "execution_config": {"arrival_rate": 60},
                **config,
            },
        }
        (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
        command = [str(BIN), "run", str(folder / "plan.yaml"), "--quiet", "--json", str(self.report)]
        self.process = subprocess.Popen(command, start_new_session=True)
        until(lambda: len(nginx.log()) > 60)


def until(condition: Callable[[], bool]) -> None:
    by = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.1)


def test_ctrl_c_ends_the_run_gracefully_on_all_processes(tmp_path: Path, nginx: Nginx) -> None:
    terminal = Terminal(tmp_path, nginx)
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(LIMIT_S) == 130
    report = json.loads(terminal.report.read_text("utf-8"))
    assert report["reason"]["code"] == "stopped_by_user"
    assert len(nginx.log_of(report["summary"]["total_requests"])) == report["summary"]["total_requests"]
    assert [len(node["losses"]) for node in report["nodes"]] == [0, 0]


def test_nothing_goes_on_after_the_run_was_killed(tmp_path: Path, nginx: Nginx) -> None:
    terminal = Terminal(tmp_path, nginx)
    terminal.process.kill()
    terminal.process.wait(LIMIT_S)
    killed = time.time()
    time.sleep(5.5)
    assert [line for line in nginx.log() if line.moment > killed + 5] == []
