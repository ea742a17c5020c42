"""Whether the figures are right: beside a target's own log, against a frozen target, and what searches find."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rounds import BIN
from benchmarks.rounds import LOAD_CORE
from benchmarks.rounds import TARGET_CORE

SCRIPT = Path(__file__).with_name("honest_target.py")
LIMIT_S = 400
SEARCHES = 5


@contextmanager
def target(mode: str, log: Path, number: float = 0.0) -> Iterator[str]:
    """A target on a core of its own; its log is there once it has ended."""
    command = ["taskset", "-c", str(TARGET_CORE), sys.executable, str(SCRIPT), mode, str(log), str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.stdin.close()
        process.wait(30)


def run(plan: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One run of a plan on the load core; its report."""
    file, report = folder / "plan.json", folder / "report.json"
    file.write_text(json.dumps(plan))
    command = ["taskset", "-c", str(LOAD_CORE), str(BIN / "perfsvc"), "run", str(file), "-q", "--json", str(report)]
    subprocess.run(command, check=True, timeout=LIMIT_S, capture_output=True)
    return dict(json.loads(report.read_text()))


def config(url: str, **more: Any) -> dict[str, Any]:
    """A plan of one GET."""
    return {"config": {"target_url": url, "concurrent_users": 2000, "hold_time": 10, **more}}


def beside_the_log(folder: Path) -> None:
    """Percentiles of service time, ours and the target's."""
    for users, pacing, title in ((50, 0.0, "50 users"), (2000, 1.0, "2,000 users at one request per second each")):
        log = folder / "took.log"
        with target("service", log, 5.0) as url:
            execution = {"pacing": pacing, "seed": 1}
            report = run(config(url, concurrent_users=users, execution_config=execution), folder)
        took = np.array([float(line) for line in log.read_text().split()])
        ours = report["summary"]["percentiles"]
        print(f"\n{title}: {len(took):,} requests, {report['validity']['state']}")
        for name, rank in (("p50", 50), ("p99", 99), ("p99.9", 99.9)):
            exact = float(np.percentile(took, rank, method="inverted_cdf"))
            off = ours[name] - exact
            print(f"  {name:<6} ours {ours[name]:9.3f} ms  target's log {exact:9.3f} ms  off by {off:+.3f} ms")


def frozen(folder: Path) -> None:
    """A target that stands still for 5 s under 100 arrivals per second for 60 s."""
    log = folder / "took.log"
    with target("frozen", log) as url:
        plan = config(url, hold_time=60, execution_config={"arrival_rate": 100, "max_vus": 1000})
        report = run(plan, folder)
    exact = sorted(max(25 - number / 100, 0.0) if 20 <= number / 100 < 25 else 0.0 for number in range(6000))
    ours = report["latency_from_plan"]["percentiles"]["p99"]
    print(f"\nTarget frozen for 5 s under 100/s: p99 from plan {ours:.1f} ms, exact {exact[5939] * 1000:.1f} ms, "
          f"service p99 {report['summary']['percentiles']['p99']:.1f} ms")  # fmt: skip


def searches(folder: Path) -> None:
    """The breaking point of a target that takes 500 a second, and a target held at p95 = 50 ms."""
    for _ in range(SEARCHES):
        with target("bucket", folder / "took.log", 500) as url:
            execution = {"arrival_rate": {"min": 50, "max": 2000}, "max_vus": 200}
            plan = config(url, test_mode="error_rate", error_threshold=1, step_time=4, hold_time=300,
                          execution_config=execution)  # fmt: skip
            report = run(plan, folder)
        value, took, state = report["search"]["value"], report["summary"]["duration"], report["validity"]["state"]
        print(f"Breaking point of a target of 500/s: {value:g} in {took:.0f} s, {state}", flush=True)
    with target("rising", folder / "took.log", 0.25) as url:
        execution = {"arrival_rate": {"min": 5, "max": 1000}, "max_vus": 500}
        plan = config(url, test_mode="adaptive", adaptive_target={"metric": "p95", "target": 50}, hold_time=60,
                      execution_config=execution)  # fmt: skip
        report = run(plan, folder)
    search, state = report["search"], report["validity"]["state"]
    print(f"p95 held at 50 ms: load {search['value']:g}/s, in band {search['in_band']:g} % of the hold, {state}")


def main() -> None:
    """All of them."""
    with tempfile.TemporaryDirectory() as name:
        beside_the_log(Path(name))
        frozen(Path(name))
        searches(Path(name))
