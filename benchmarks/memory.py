"""Memory per virtual user: 10,000 that think for 1 s between requests, and 5,000 WebSockets that mostly listen."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import echo_target
from benchmarks import websocket_echo
from benchmarks.rounds import BIN
from benchmarks.rounds import LOAD_CORE
from benchmarks.rounds import TARGET_CORE
from benchmarks.target import nginx

THINKING = 10_000
LISTENING = 5_000
RAMP_S = 10


def peak_memory(step: dict[str, Any], users: int, folder: Path) -> int:
    """The greatest resident memory of a run of one step with so many users, bytes."""
    plan = {
        "scenes": [{"name": "one step", "steps": [{"name": "step", **step}]}],
        "config": {"concurrent_users": users, "ramp_up_time": RAMP_S, "hold_time": 10},
    }
    file, report = folder / "plan.json", folder / "report.json"
    file.write_text(json.dumps(plan))
    command = ["taskset", "-c", str(LOAD_CORE), str(BIN / "perfsvc"), "run", str(file), "-q", "--json", str(report)]
    peak = 0
    with subprocess.Popen(command) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, watched.memory_info().rss)
            time.sleep(0.2)
    failed = json.loads(report.read_text())["summary"]["error_count"]
    if failed:
        print(f"  {failed:,} requests failed")
    return peak


def compare(what: str, step: dict[str, Any], users: int) -> None:
    """So many users beside one."""
    with tempfile.TemporaryDirectory() as name:
        one, many = (peak_memory(step, count, Path(name)) for count in (1, users))
    each = (many - one) / (users - 1) / 1024
    print(f"\n{users:,} {what}: {many / 1e6:.0f} MB, one: {one / 1e6:.0f} MB, so {each:.1f} KB each")


def main() -> None:
    """Virtual users that think, and those that listen."""
    with nginx(core=TARGET_CORE) as url:
        think = {"type": "constant", "value": 1}
        compare("virtual users", {"request": {"url": url + "/"}, "think_time": think}, THINKING)
    with echo_target.running(websocket_echo.MODULE) as port:
        # Longer than the ramp: all of them are open at a time.
        listen = {"text": "hello", "expect": {}, "hold": RAMP_S + 5}
        request = {"url": f"ws://127.0.0.1:{port}/", **listen}
        compare("WebSockets", {"protocol": "websocket", "request": request}, LISTENING)
