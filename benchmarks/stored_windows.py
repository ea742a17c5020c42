"""Any time of a long run over the API: how large it is stored, how soon it is answered, how long the event loop waits.

``python -m benchmarks stored``: a run of 10 h and 50 steps, in SQLite and in MariaDB. Processor time is given beside
the time that went by, because a busy machine does not change it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import websocket_connect

from benchmarks import long_run
from benchmarks.long_run import END
from benchmarks.long_run import RUN
from benchmarks.long_run import T0
from perfsvc.app import App
from perfsvc.clock import SystemClock
from perfsvc.event_loop import collecting_little
from perfsvc.event_loop import run_on_loop
from perfsvc.settings import Settings
from perfsvc.store.database import Store
from tests.support import mariadb

ROUNDS = 5
LARGEST_ANSWER = 64 * 1024 * 1024
ODD = f"from={T0 + 1234}&to={END - 777}"
QUESTIONS = {
    "figures": f"executions/{RUN}/figures/",
    "figures, odd edges": f"executions/{RUN}/figures/?{ODD}",
    "distribution": f"executions/{RUN}/distribution/",
    "distribution, odd edges": f"executions/{RUN}/distribution/?{ODD}",
    "distribution, one step": f"executions/{RUN}/distribution/?step=7&{ODD}",
    "heat map 300 x 60": f"executions/{RUN}/heatmap/",
    "heat map 600 x 120": f"executions/{RUN}/heatmap/?columns=600&rows=120",
    "heat map, one step": f"executions/{RUN}/heatmap/?step=7",
    "series": f"executions/{RUN}/series/",
    "series, one step": f"executions/{RUN}/series/?step=7",
    "series, 20 steps": f"executions/{RUN}/series/?step={','.join(map(str, range(20)))}",
    "series, half an hour by s": f"executions/{RUN}/series/?from={END - 1800}&points=3600",
    "series, 3,600 points": f"executions/{RUN}/series/?points=3600",
    "series, 20 steps, 5 min by s": f"executions/{RUN}/series/?from={END - 300}&step={','.join(map(str, range(20)))}",
    "series, 20 steps, successful": f"executions/{RUN}/series/?outcome=success&step={','.join(map(str, range(20)))}",
    "metrics": f"metrics/{RUN}/",
    "metrics, last 5 min": f"metrics/{RUN}/?time_range=300",
}


class Timing(NamedTuple):
    """One answer: ms that went by, ms of processor time, bytes sent."""

    took: float
    cpu: float
    size: int


class Lateness:
    """How long the loop was not free, in ms: at most, and at most of the processor time of this process.

    What goes by while neither the loop nor a thread that keeps it from running has a core is other processes' doing.
    """

    def __init__(self) -> None:
        self.worst = self.own = 0.0

    async def watch(self) -> None:
        while True:
            before, due = time.process_time_ns(), time.perf_counter_ns() + 1_000_000
            await asyncio.sleep(0.001)
            late, worked = time.perf_counter_ns() - due, time.process_time_ns() - before
            self.worst = max(self.worst, late / 1e6)
            self.own = max(self.own, min(late, worked) / 1e6)


class Reader:
    """A client that reads the run."""

    def __init__(self, address: str) -> None:
        self._client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=LARGEST_ANSWER)
        self._address = address
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}

    async def log_in(self) -> None:
        body = json.dumps({"username": long_run.USER, "password": long_run.PASSWORD})
        request = HTTPRequest(f"{self._address}/api/users/login/", "POST", self._headers, body)
        answer = await self._client.fetch(request)
        self._headers["Authorization"] = f"Bearer {json.loads(answer.body)['token']}"

    async def follow(self) -> Timing:
        """The live feed of the run, which has ended, to its end."""
        url = f"{self._address.replace('http', 'ws', 1)}/ws/performance/{RUN}/"
        began, cpu, size = time.perf_counter(), time.process_time(), 0
        feed = await websocket_connect(HTTPRequest(url, headers=self._headers), max_message_size=LARGEST_ANSWER)
        while (text := await feed.read_message()) is not None:
            size += len(text)
        return Timing(1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu), size)

    async def ask(self, question: str) -> Timing:
        url = f"{self._address}/api/performance/{question}"
        request = HTTPRequest(url, headers=self._headers, decompress_response=False, request_timeout=60)
        began, cpu = time.perf_counter(), time.process_time()
        answer = await self._client.fetch(request)
        took, worked = time.perf_counter() - began, time.process_time() - cpu
        return Timing(1000 * took, 1000 * worked, len(answer.body))


async def measured(name: str, ask: Callable[[], Awaitable[Timing]]) -> None:
    """Print the medians of some rounds and the worst lateness in any of them."""
    late = Lateness()
    await ask()
    watcher = asyncio.create_task(late.watch())
    timings = [await ask() for _ in range(ROUNDS)]
    watcher.cancel()
    took, cpu, size = (statistics.median(column) for column in zip(*timings, strict=True))
    print(
        f"  {name:<26} {took:5.0f} ms, {cpu:5.0f} ms of a core, {size / 1000:6.1f} KB"
        f"   loop late {late.worst:5.1f} ms, {late.own:5.1f} of a core"
    )


async def bench(database_url: str, folder: Path, spans: dict[int, long_run.Spans]) -> None:
    """Fill a database, start the service over it and ask."""
    store = await Store.open(database_url, clock=SystemClock(), data_dir=folder)
    await long_run.fill(store, spans)
    await store.close()
    app = App(Settings(data_dir=folder, database_url=database_url, port=0, secret_key="k" * 32))
    await app.start()
    try:
        reader = Reader(app.address)
        await reader.log_in()
        with collecting_little():  # as the service does
            for name, question in QUESTIONS.items():
                await measured(name, partial(reader.ask, question))
            await measured("live feed, run and history", reader.follow)
    finally:
        await app.stop()


@contextmanager
def maria(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server of its own with an empty database; its URL, and the file of the table with the windows."""
    server = mariadb.Server(folder)
    server.install()
    server.start()
    try:
        url = server.new_database()
        yield url, folder / "data" / url.rpartition("/")[2] / "performance_metrics.ibd"
    finally:
        server.stop()


def print_sizes(spans: dict[int, long_run.Spans]) -> None:
    """What a row takes, and a second of 200 steps."""
    sizes = ", ".join(f"{width} s {each.bytes / 1000:.1f} KB" for width, each in spans.items())
    print(f"\n{long_run.HOURS} h, {long_run.STEPS} steps, {long_run.REQUESTS} requests a second each; a row of {sizes}")
    binary, as_json = long_run.sizes_of_a_second(200)
    print(f"a second of 200 steps: {binary / 1000:.1f} KB, as JSON {as_json / 1000:.1f} KB")


def print_growth(path: Path) -> None:
    """What the database takes for it."""
    print(f"  on disk {path.stat().st_size / 1e6:.1f} MB: {2 * long_run.EDGE} seconds and all wider spans")


def main() -> None:
    """Both databases."""
    logging.disable(logging.INFO)
    spans = long_run.drawn_spans()
    print_sizes(spans)
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        run_on_loop(bench("sqlite:///w.db", Path(folder), spans))
        print_growth(Path(folder) / "w.db")
    with tempfile.TemporaryDirectory() as folder, maria(Path(folder) / "server") as (url, table):
        print("MariaDB")
        data = Path(folder) / "data"
        data.mkdir()
        run_on_loop(bench(url, data, spans))
        print_growth(table)


if __name__ == "__main__":
    sys.exit(main())
