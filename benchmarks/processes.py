"""``perfsvc run --processes 2`` beside one process, from the terminal.

The scene costs the generator much and the target little, so that the target is not the limit on two cores: each reply
is a document of 50 items in which five JSON paths are looked for. Bar: 1.8 times the requests per second.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cluster import BODY
from benchmarks.rounds import CORES
from benchmarks.target import nginx

ROUNDS, SECONDS, USERS = 5, 5, 20
BAR = 1.8
COMMAND = Path(sys.executable).with_name("perfsvc")
PATHS = ("$.items[*].id", "$.items[*].name", "$.items[7].id", "$.items[49].name", "$..id")


def plan_of(url: str) -> str:
    """The plan, as JSON."""
    checks = [{"type": "json", "path": path, "exists": True} for path in PATHS]
    step = {"name": "list", "request": {"url": "/"}, "checks": checks}
    config = {"concurrent_users": USERS, "hold_time": SECONDS}
    scenes = [{"name": "list", "steps": [step]}]
    return json.dumps({"name": "processes", "env": {"host": url}, "config": config, "scenes": scenes})


def throughput(plan: Path, processes: int) -> float:
    """One round; requests per second."""
    command = [str(COMMAND), "run", str(plan), "--processes", str(processes), "--json", "-", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    summary = json.loads(done.stdout)["summary"]
    assert summary["error_count"] == 0, summary
    return float(summary["throughput"])


def main() -> None:
    """Alternating rounds; the ratio is the median of the rounds' own ratios, as the machine's speed drifts."""
    with tempfile.TemporaryDirectory() as folder, nginx(CORES[0], BODY) as url:
        plan = Path(folder) / "plan.json"
        plan.write_text(plan_of(url))
        rounds = [(throughput(plan, 1), throughput(plan, 2)) for _ in range(ROUNDS)]
    ratios = [two / one for one, two in rounds]
    one, two = (statistics.median(figures) for figures in zip(*rounds, strict=True))
    print(f"\nfive JSON paths in 50 items, medians of {ROUNDS} alternating rounds of {SECONDS} s")
    print(f"  one process    {one:8,.0f} req/s")
    print(f"  --processes 2  {two:8,.0f} req/s")
    print(f"  ratio          {statistics.median(ratios):8.2f}x  ({min(ratios):.2f}-{max(ratios):.2f})  bar {BAR:g}x")


if __name__ == "__main__":
    main()
