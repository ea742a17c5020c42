"""How many agents one controller can follow: 200 of them, each with 50 steps of 100 requests a second, for 60 s.

That is a million requests a second. Everything is done that the server does with what agents report: decode, merge,
close seconds when all have reported them, judge thresholds, make the live frame and the rows for the database. The
seconds are not waited for; printed is which share of one core they would need in real time, and the memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import numpy as np
import psutil

from perfsvc.analysis.live_frames import metrics_frame
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.node_state import NodeState
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.metrics.watermark import Watermark
from perfsvc.model.threshold import Threshold
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.service.runs.live_feed import as_text
from perfsvc.store import window_rows

AGENTS, STEPS, SECONDS = 200, 50, 60
REQUESTS = 100
"""Of each step, on each agent, in each second."""
VARIANTS = 20
START = 1_700_000_000
RULES = ("p95 < 500", "error_rate < 1 for 10s")

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Snapshot).decode


def main() -> None:
    """Print the controller's cost for growing numbers of agents."""
    print(f"{STEPS} steps, {REQUESTS} requests of each on each agent a second; {SECONDS} s")
    print("agents   requests/s   core, %      MB")
    for agents in (1, 10, 50, AGENTS):
        cpu, megabytes = follow(agents)
        print(f"{agents:>6} {agents * STEPS * REQUESTS:>12,} {100 * cpu / SECONDS:>9.1f} {megabytes:>7.0f}")


def follow(agents: int) -> tuple[float, float]:
    """CPU seconds for a minute of so many agents, and by how many MB the process grew."""
    controller, parts, cpu = Controller(agents), variants(), 0.0
    before = psutil.Process().memory_info().rss
    for second in range(SECONDS):
        reported = list(packets(agents, second, parts))
        began = time.process_time()
        for packet in reported:
            controller.hear(packet, second)
        cpu += time.process_time() - began
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    if controller.metrics.total.requests != agents * STEPS * REQUESTS * SECONDS:
        raise AssertionError(f"{controller.metrics.total.requests} requests were counted")
    return cpu, grown


class Controller:
    """What the server does with a run's snapshots."""

    def __init__(self, agents: int) -> None:
        self.metrics = RunMetrics([f"step {number}" for number in range(STEPS)])
        self._judge = ThresholdJudge([Threshold.model_validate(rule) for rule in RULES])
        self._roll_call = Watermark()
        self._members = {name_of(agent): NodeState("host", 100 / agents) for agent in range(agents)}
        for name in self._members:
            self._roll_call.expect(name, START)

    def hear(self, packet: bytes, second: int) -> None:
        """A snapshot has arrived."""
        snapshot = decode(packet)
        self.metrics.merge(snapshot)
        window_rows.encode(1, "20261121-0123456789abcdef", snapshot)
        self._roll_call.report(snapshot.node, snapshot.second, second)
        upto = self._roll_call.complete(second)
        for closed in [] if upto is None else self.metrics.close_seconds(upto):
            self._judge.observe(closed, self.metrics)
            as_text(metrics_frame(closed, self.metrics, self.metrics.validity(), self._members))


def packets(agents: int, second: int, parts: list[list[StepWindow]]) -> Iterator[bytes]:
    """Messages of the agents for a second, as they come over the wire."""
    for agent in range(agents):
        snapshot = Snapshot(
            node=name_of(agent),
            seq=second + 1,
            second=START + second,
            elapsed=second + 1.0,
            span_ns=10**9,
            vus=100,
            planned_vus=100,
            iterations=REQUESTS,
            windows=parts[(agent + second) % len(parts)],
            health=NodeHealth(cpu=50, process_cpu=60, memory=40, loop_lag_ms=1.5),
        )
        yield encode(snapshot)


def variants() -> list[list[StepWindow]]:
    """Some different seconds of one agent: log-normal latencies around 10 ms, a failure now and then."""
    random = np.random.default_rng(1)
    return [[window(step, random) for step in range(STEPS)] for _ in range(VARIANTS)]


def window(step: int, random: np.random.Generator) -> StepWindow:
    latency = random.lognormal(16.1, 0.6, REQUESTS).astype(np.int64)
    waited = int(latency.sum())
    return StepWindow(
        step=step,
        requests=REQUESTS,
        failures={"HTTP 500": 1},
        statuses={"200": REQUESTS - 1, "500": 1},
        bytes_sent=20_000,
        bytes_received=500_000,
        checks_passed=REQUESTS - 1,
        checks_failed=1,
        latency=Histogram.of_ns(latency).pack(),
        phases={"waiting": PhaseSum(REQUESTS, waited, int(latency.max())), "receiving": PhaseSum(REQUESTS, waited, 9)},
    )


def name_of(agent: int) -> str:
    return f"agent-{agent:03}"


if __name__ == "__main__":
    main()
