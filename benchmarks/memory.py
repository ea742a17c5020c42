"""Memory per virtual user: 10,000 of them, a connection each, thinking for 1 s."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.rounds import BIN
from benchmarks.rounds import LOAD_CORE
from benchmarks.rounds import TARGET_CORE
from benchmarks.target import nginx

USERS = 10_000


def peak_memory(url: str, users: int, folder: Path) -> int:
    """The greatest resident memory of a run with so many users, bytes."""
    step = {"name": "get", "request": {"url": url + "/"}, "think_time": {"type": "constant", "value": 1}}
    plan = {
        "scenes": [{"name": "think", "steps": [step]}],
        "config": {"concurrent_users": users, "ramp_up_time": 10, "hold_time": 10},
    }
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    command = ["taskset", "-c", str(LOAD_CORE), str(BIN / "perfsvc"), "run", str(file), "-q"]
    peak = 0
    with subprocess.Popen(command) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, watched.memory_info().rss)
            time.sleep(0.2)
    return peak


def main() -> None:
    """Beside a run with one user."""
    with nginx(core=TARGET_CORE) as url, tempfile.TemporaryDirectory() as name:
        one, many = (peak_memory(url, users, Path(name)) for users in (1, USERS))
    each = (many - one) / (USERS - 1) / 1024
    print(f"\n{USERS:,} virtual users: {many / 1e6:.0f} MB, one: {one / 1e6:.0f} MB, so {each:.1f} KB each")
