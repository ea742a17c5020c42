"""A generator that is kept from its core says that its figures are no good; the same run with room says nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import NamedTuple

import pytest

from tests.support.nginx import Nginx
from tests.support.service import BIN

LIMIT_S = 60
HELD_S = 0.2
"""Four times what counts as late."""

PLAN = """
name: modest
env: {{host: "{host}"}}
scenes:
  - name: browse
    steps:
      - name: page
        request: {{url: /}}
        think_time: {{type: constant, value: 0.1}}
config: {{hold_time: 5}}
"""


class Told(NamedTuple):
    """What the command said: its report, its summary, its exit code."""

    report: dict[str, Any]
    summary: str
    code: int


@pytest.fixture
def plan(tmp_path: Path, nginx: Nginx) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.format(host=nginx.url))
    return path


@contextmanager
def running(plan: Path, report: Path) -> Iterator[subprocess.Popen[str]]:
    """``perfsvc run`` of five users, a second after its start."""
    command = [str(BIN), "--lang", "en", "run", str(plan), "-u", "5", "--json", str(report)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "/5 s" in process.stderr.readline()
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def told(process: subprocess.Popen[str], report: Path) -> Told:
    """Wait for the end."""
    summary, _ = process.communicate(timeout=LIMIT_S)
    return Told(json.loads(report.read_text()), summary, process.returncode)


def starve(process: subprocess.Popen[str]) -> None:
    """Hold the process every other fifth of a second, to its end."""
    limit = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        process.send_signal(signal.SIGSTOP)
        time.sleep(HELD_S)
        process.send_signal(signal.SIGCONT)
        time.sleep(HELD_S)


def test_a_generator_with_room_is_valid(plan: Path, tmp_path: Path) -> None:
    with running(plan, tmp_path / "report.json") as process:
        report, summary, code = told(process, tmp_path / "report.json")
    assert report["validity"] == {"state": "VALID", "at_least": False, "causes": []}
    assert "validity: VALID\n" in summary
    assert code == 0
    assert report["summary"]["total_requests"] == pytest.approx(250, abs=25)


def test_a_starved_generator_is_invalid_and_says_at_least(plan: Path, tmp_path: Path) -> None:
    with running(plan, tmp_path / "report.json") as process:
        starve(process)
        report, summary, code = told(process, tmp_path / "report.json")
    validity = report["validity"]
    assert (validity["state"], validity["at_least"]) == ("INVALID", True)
    (lag,) = [cause for cause in validity["causes"] if cause["code"] == "loop_lag"]
    assert lag["state"] == "INVALID"
    assert lag["figures"]["worst_ms"] > 100
    throughput = report["summary"]["throughput"]
    assert report["warnings"][0]["en"] == (
        f"the generator was at its own limit: throughput is at least {throughput:g} requests per second"
    )
    assert report["performance_score"]["score"] <= 50
    assert "validity: INVALID (the generator's event loop ran 50 ms late or more" in summary
    assert code == 0
