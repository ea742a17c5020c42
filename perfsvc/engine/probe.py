"""The generator's own load, once a second, and the lateness of its event loop.

It is read in the loop that sends requests, so it must be cheap: figures that the kernel counts are read from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil

from perfsvc.clock import NS_PER_S
from perfsvc.engine.process_sampler import PROC
from perfsvc.engine.process_sampler import ProcessSampler
from perfsvc.engine.process_sampler import kernel_numbers
from perfsvc.engine.process_sampler import read_bytes
from perfsvc.errors import InvalidInput
from perfsvc.model.window import NodeHealth

try:
    import resource
except ImportError:  # Windows has no such limit to read
    resource = None  # type: ignore[assignment]

BYTES_PER_MB = 1_000_000
OTHER_FILES = 100
"""Open files besides one connection per user: the server's own, the database, spare ones."""
TIME_WAIT_REUSED = 1
"""The value of ``tcp_tw_reuse`` by which a closed connection's port is soon free for the next."""


def raise_open_files_limit() -> int:
    """Raise the soft limit of open files to the hard one; return it, or 0 where it is unknown."""
    if resource is None:
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return int(hard)


def check_open_files(users: int, limit: int) -> None:
    """Raises InvalidInput when ``users`` with a connection each need more open files than this process may have."""
    needed = users + OTHER_FILES
    if limit and needed > limit:
        zh = f"{users} 个虚拟用户约需打开 {needed} 个文件，而本进程上限为 {limit}，请提高 ulimit -n 或增加节点"
        en = f"{users} virtual users need about {needed} open files and this process may have {limit}; raise ulimit -n"
        raise InvalidInput.at("config.concurrent_users", zh, en)


class Probe:
    """Figures since the last reading. The engine calls ``loop_late`` and ``send_late``, ns.

    All methods belong to the event loop's thread, whose waits for a core are measured.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._files_limit = raise_open_files_limit()
        self._ports = Ports()
        self._last_readings: dict[str, float] = {}
        self._network = int(self._measured("network", self._network_bytes))
        self._sampler = ProcessSampler()
        self._worst_send_ns = 0
        psutil.cpu_percent()

    def loop_late(self, lateness_ns: int) -> None:
        """A timer of the loop fired this late."""
        self._sampler.loop_late(lateness_ns)

    def send_late(self, lateness_ns: int) -> None:
        """A planned start happened this late."""
        self._worst_send_ns = max(self._worst_send_ns, lateness_ns)

    def read(self, span_ns: int, data_wait: float = 0.0) -> NodeHealth:
        """The health since the last reading, ``span_ns`` ago."""
        # Setup steps run before the first second, and the first reading covers them too.
        sample = self._sampler.sample(span_ns)
        network = int(self._measured("network", self._network_bytes))
        health = NodeHealth(
            cpu=self._measured("cpu", psutil.cpu_percent),
            process_cpu=sample.cpu,
            memory=self._measured("memory", lambda: psutil.virtual_memory().percent),
            network=round((network - self._network) / BYTES_PER_MB / (sample.span_ns / NS_PER_S), 3),
            loop_lag_ms=sample.loop_lag_ms,
            send_lag_ms=round(self._worst_send_ns / 1e6, 3),
            open_files=int(self._measured("open files", lambda: open_files(self._process))),
            open_files_limit=self._files_limit,
            cpu_wait=sample.cpu_wait,
            ports_used=self._ports.used(),
            ports_limit=self._ports.limit,
            data_wait=round(data_wait, 3),
        )
        self._network, self._worst_send_ns = network, 0
        return health

    def _measured(self, name: str, measure: Callable[[], float]) -> float:
        """The current reading, or the last one where measuring fails: a process without a free file must go on."""
        try:
            self._last_readings[name] = measure()
        except (OSError, psutil.Error):
            return self._last_readings.get(name, 0.0)
        return self._last_readings[name]

    @staticmethod
    def _network_bytes() -> int:
        counters = psutil.net_io_counters()
        return counters.bytes_sent + counters.bytes_recv if counters else 0


class Ports:
    """The ports that this machine's connections take, on Linux; elsewhere ``limit`` and ``used()`` are 0: unknown.

    Counted are all TCP sockets over IPv4 and those that wait out their time after the end, unless the system reuses
    them. That is too many rather than too few: a connection within the machine counts with both its ends, though only
    one takes a port of the range.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._sockets = proc / "net/sockstat"
        first, last = kernel_numbers(proc / "sys/net/ipv4/ip_local_port_range") or (1, 0)
        reuse = kernel_numbers(proc / "sys/net/ipv4/tcp_tw_reuse")
        self.limit = last - first + 1
        self._counted = (b"inuse",) if reuse == [TIME_WAIT_REUSED] else (b"inuse", b"tw")

    def used(self) -> int:
        """Number in use now."""
        line = next((line for line in read_bytes(self._sockets).splitlines() if line.startswith(b"TCP:")), b"TCP:")
        words = line.split()[1:]
        counts = dict(zip(words[::2], words[1::2], strict=False))
        return sum(int(counts.get(name, 0)) for name in self._counted)


def open_files(process: psutil.Process) -> int:
    """Number of open files of this process; 0 where unknown."""
    try:
        # Linux 6.2 and later give the number as the folder's size; listing ten thousand takes 10 ms.
        count = os.stat(PROC / "self/fd").st_size
    except OSError:
        count = 0
    return count or (process.num_fds() if hasattr(process, "num_fds") else 0)
