"""A target that keeps its own log: it serves each request in a known time and writes down how long it really took.

``python benchmarks/honest_target.py MODE LOG [NUMBER]`` prints its port and serves until its input is closed. Modes:
``service`` replies after log-normal times with a median of NUMBER ms; ``frozen`` replies at once but stands still from
second 20 to second 25 after its first request; ``bucket`` returns 503 for what exceeds NUMBER requests a second;
``rising`` takes NUMBER ms for each request of the last second, give or take a tenth.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import uvloop

FREEZE = (20.0, 25.0)
BURST_S = 0.2


class Target:
    """One mode: says for each request after how long and with what status it is answered."""

    def __init__(self, mode: str, number: float) -> None:
        self.decide: Callable[[], tuple[float, int]] = getattr(self, mode)
        self.number = number
        self.numbers = random.Random(1)
        self.first = 0.0
        self.tokens = number * BURST_S
        self.filled = time.perf_counter()
        self.recent: deque[float] = deque()
        self.took: list[float] = []

    def service(self) -> tuple[float, int]:
        """A drawn time."""
        return self.number / 1000 * self.numbers.lognormvariate(0, 0.5), 200

    def frozen(self) -> tuple[float, int]:
        """At once, but for the freeze."""
        now = time.perf_counter()
        self.first = self.first or now
        since = now - self.first
        return (FREEZE[1] - since if FREEZE[0] <= since < FREEZE[1] else 0.0), 200

    def bucket(self) -> tuple[float, int]:
        """Tokens flow in at a rate; who finds none is refused."""
        now = time.perf_counter()
        self.tokens = min(self.tokens + (now - self.filled) * self.number, self.number * BURST_S)
        self.filled = now
        if self.tokens < 1:
            return 0.0, 503
        self.tokens -= 1
        return 0.0, 200

    def rising(self) -> tuple[float, int]:
        """The more it is asked, the longer it takes."""
        now = time.perf_counter()
        self.recent.append(now)
        while self.recent[0] < now - 1:
            self.recent.popleft()
        return len(self.recent) * self.number / 1000 * self.numbers.uniform(0.9, 1.1), 200


class Answerer(asyncio.Protocol):
    """Serve requests without a body."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        came = time.perf_counter()
        after, status = self.target.decide()
        if after <= 0:
            self._answer(came, status)
        else:
            asyncio.get_running_loop().call_later(after, self._answer, came, status)

    def _answer(self, came: float, status: int) -> None:
        self.transport.write(b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nok" % status)  # type: ignore[attr-defined]
        self.target.took.append(time.perf_counter() - came)


async def main(mode: str, log: Path, number: float) -> None:
    """Serve until the input ends, then write the log: milliseconds, one a line."""
    loop, target = asyncio.get_running_loop(), Target(mode, number)
    server = await loop.create_server(lambda: Answerer(target), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    log.write_text("\n".join(f"{took * 1000:.6f}" for took in target.took))


if __name__ == "__main__":
    gc.disable()  # a ruler must not stop to tidy up
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0))
