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

from tests.support.nginx import Nginx
from tests.support.outcomes import assert_passed
from tests.support.service import BIN

LIMIT_S = 60
REPORT = "report.json"
HELD_S = 0.2
"""Four times what counts as late."""
STARVED_RUN_S = 5
FROZEN_RUN_S, FROZEN_S = 8, 4
TICK_MS = 50
"""Its loop may have run up to a tick later than the test held it."""
ROOMY_RUN_S = 3
TRIES = 3

PLAN = """
name: modest
env: {{host: "{host}"}}
scenes:
  - name: browse
    steps:
      - name: page
        request: {{url: /}}
        think_time: {{type: constant, value: 0.1}}
config: {{hold_time: {seconds}}}
"""


class SnapshotReport(NamedTuple):
    """What the command said: its report, its summary, its exit code."""

    report: dict[str, Any]
    summary: str
    code: int


@contextmanager
def running(folder: Path, host: str, seconds: int) -> Iterator[subprocess.Popen[str]]:
    """``perfsvc run`` of five users, a second after its start; its report goes into the folder."""
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.format(host=host, seconds=seconds))
    command = [str(BIN), "--lang", "en", "run", str(plan), "-u", "5", "--json", str(folder / REPORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert f"/{seconds} s" in process.stderr.readline()
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def outcome_of(process: subprocess.Popen[str], folder: Path) -> SnapshotReport:
    """Wait for the end."""
    summary, _ = process.communicate(timeout=LIMIT_S)
    return SnapshotReport(json.loads((folder / REPORT).read_text()), summary, process.returncode)


def run_with_room(folder: Path, host: str) -> SnapshotReport:
    """A run that no other process disturbed, or the last of some."""
    for _ in range(TRIES):
        with running(folder, host, ROOMY_RUN_S) as process:
            outcome = outcome_of(process, folder)
        if outcome.report["validity"]["state"] == "VALID":
            break
    return outcome


def starve(process: subprocess.Popen[str]) -> None:
    """Hold the process every other fifth of a second, to its end."""
    limit = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        process.send_signal(signal.SIGSTOP)
        time.sleep(HELD_S)
        process.send_signal(signal.SIGCONT)
        time.sleep(HELD_S)


def test_a_generator_that_was_frozen_is_invalid_and_says_for_how_long(nginx: Nginx, tmp_path: Path) -> None:
    with running(tmp_path, nginx.url, FROZEN_RUN_S) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN_S)
        process.send_signal(signal.SIGCONT)
        report, summary, code = outcome_of(process, tmp_path)
    causes = {cause["code"]: cause for cause in report["validity"]["causes"]}
    assert (report["validity"]["state"], code) == ("INVALID", 98)
    still = causes["stood_still"]["figures"]
    assert still["worst_ms"] >= 1000 * FROZEN_S - TICK_MS
    assert causes["loop_lag"]["figures"]["seconds"] >= still["seconds"] >= FROZEN_S
    assert f"the generator stood still for {still['seconds']} s" in summary


def test_a_generator_with_room_is_valid(nginx: Nginx, tmp_path: Path) -> None:
    """Where other processes take the room away every time, that is what is said, and nothing else."""
    report, summary, code = run_with_room(tmp_path, nginx.url)
    assert_passed(code, report)
    disturbed = report["validity"]["causes"] != []
    assert (report["validity"]["state"] == "VALID", report["validity"]["at_least"]) == (not disturbed, disturbed)
    assert f"validity: {report['validity']['state']}" in summary
    assert 0 < report["summary"]["total_requests"] <= 5 * ROOMY_RUN_S / 0.1 + 5


def test_a_starved_generator_is_invalid_and_says_at_least(nginx: Nginx, tmp_path: Path) -> None:
    with running(tmp_path, nginx.url, STARVED_RUN_S) as process:
        starve(process)
        report, summary, code = outcome_of(process, tmp_path)
    validity = report["validity"]
    assert (validity["state"], validity["at_least"]) == ("INVALID", True)
    (lag,) = [cause for cause in validity["causes"] if cause["code"] == "loop_lag"]
    assert lag["state"] == "INVALID"
    assert lag["figures"]["worst_ms"] > 100
    throughput = report["summary"]["throughput"]
    assert report["warnings"][0]["en"] == (
        f"the generator was at its own limit: throughput is at least {round(throughput, 1):g} requests per second"
    )
    assert report["performance_score"]["score"] is None
    assert "validity: INVALID (the generator's event loop ran 50 ms late or more" in summary
    assert code == 98
