"""Two agents against one, and how soon a command reaches agents that have no processor time to spare.

On a machine of two cores the target takes its part of them, too. So the scene is one that costs the generator much and
the target little: each reply is a document of 50 items in which a JSON path with a wildcard is looked for. The target
then takes less than a tenth of what the generator does, and the generator is the limit with one agent and with two.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rounds import CORES
from benchmarks.target import nginx
from perfsvc.clock import SystemClock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.runs.run import Run

ROUNDS, SECONDS, USERS = 3, 5, 20
COMMANDS, APART_S = 1_000, 0.004
ITEMS = ",".join(f'{{\\"id\\":{number},\\"name\\":\\"item {number}\\"}}' for number in range(50))
BODY = f'{{\\"items\\":[{ITEMS}]}}'
CLOCK = SystemClock()


class Timed(DaskCluster):
    """A cluster that measures how long commands take to its agents and back, ns."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Catalog.load(), CLOCK, certificates=folder / "certs")
        self.took: list[int] = []
        self._on_report = self.pool.on_report
        self.pool.on_report = self._measure  # type: ignore[method-assign]

    async def command_all(self) -> None:
        """A thousand commands for each agent, answered from the loop that runs its engine."""
        await asyncio.sleep(1)  # the run has begun
        self.took.clear()
        for _ in range(COMMANDS):
            for agent, assignment in self.pool.assignments.items():
                self.pool.send(agent, messages.Heartbeat(assignments=(assignment,), sent_ns=CLOCK.now_ns()))
            await asyncio.sleep(APART_S)

    def _measure(self, agent: Agent, report: messages.Report) -> None:
        if isinstance(report, messages.Pong):
            self.took.append(CLOCK.now_ns() - report.sent_ns)
        self._on_report(agent, report)


def spec_of(url: str, nodes: int, number: int) -> RunSpec:
    """So many users on so many nodes, each asking as fast as it can."""
    check = {"type": "json", "path": "$.items[*].id", "exists": True}
    step = {"name": "list", "request": {"url": "/"}, "checks": [check]}
    document: dict[str, Any] = {
        "execution_id": f"bench-{nodes}-{number}",
        "name": "bench",
        "seed": 1,
        "scenes": [{"scene": {"name": "list", "steps": [step]}}],
        "load": {"stages": [{"duration": 0, "target": USERS}, {"duration": SECONDS, "target": USERS}]},
        "target": {"base_url": url},
        "placement": {"mode": "central", "count": nodes},
    }
    return RunSpec.parse(document)


async def throughput(cluster: Timed, url: str, nodes: int, number: int) -> float:
    """One round; requests per second."""
    run = Run(spec_of(url, nodes, number), cluster, CLOCK, [])
    run.compile()
    await run.start()
    report = await run.wait()
    assert report["summary"]["error_count"] == 0, report["errors"]
    return float(report["summary"]["throughput"])


async def measure(cluster: Timed, url: str) -> None:
    """Alternating rounds of one and of two agents; then commands while two are at it."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(ROUNDS):
        for nodes, found in rates.items():
            found.append(await throughput(cluster, url, nodes, number))
    one, two = (statistics.median(found) for found in rates.values())
    print(f"\nagents, {ROUNDS} rounds of {SECONDS} s, on cores {CORES}; the target is on the same ones")
    for nodes, found in rates.items():
        middle = statistics.median(found)
        print(f"  {nodes} agent(s) {middle:>10,.0f} req/s  ({min(found):,.0f}-{max(found):,.0f})")
    print(f"  two against one {two / one:.2f}x (bar 1.7x)")
    await asyncio.gather(throughput(cluster, url, 2, ROUNDS), cluster.command_all())
    took = sorted(each / 1e6 for each in cluster.took)
    slowest = took[int(len(took) * 0.99)]
    print(f"commands to two busy agents and back, {len(took):,}: p50 {statistics.median(took):.1f} ms")
    print(f"  p99 {slowest:.1f} ms, max {took[-1]:.1f} ms (bar: p99 under 100 ms)")


async def benchmark() -> None:
    """Set up, measure, take down."""
    with tempfile.TemporaryDirectory() as folder, nginx(CORES[0], BODY) as url:
        cluster = Timed(Path(folder))
        try:
            await measure(cluster, url)
        finally:
            await cluster.close()


def main() -> None:
    """Two agents against one."""
    asyncio.run(benchmark())
