"""The ruler measured: the generator's own load, once a second, and how late its event loop is."""

from __future__ import annotations

import psutil

from perfsvc.model.window import NodeHealth

try:
    import resource
except ImportError:  # Windows has no such limit to read
    resource = None  # type: ignore[assignment]

BYTES_PER_MB = 1_000_000


def raise_open_files_limit() -> int:
    """Lift the soft limit of open files to the hard one; answers it (0 where there is none to read)."""
    if resource is None:
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return int(hard)


class Probe:
    """Figures since the last reading. ``loop_late`` and ``send_late`` are fed by the engine, ns."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._files_limit = raise_open_files_limit()
        self._network = self._network_bytes()
        self._worst_loop_ns = 0
        self._worst_send_ns = 0
        psutil.cpu_percent()
        self._process.cpu_percent()

    def loop_late(self, lateness_ns: int) -> None:
        """A timer of the loop fired this late."""
        self._worst_loop_ns = max(self._worst_loop_ns, lateness_ns)

    def send_late(self, lateness_ns: int) -> None:
        """A planned start happened this late."""
        self._worst_send_ns = max(self._worst_send_ns, lateness_ns)

    def read(self, span_ns: int) -> NodeHealth:
        """The health since the last reading, ``span_ns`` ago."""
        network = self._network_bytes()
        moved, self._network = network - self._network, network
        health = NodeHealth(
            cpu=psutil.cpu_percent(),
            process_cpu=self._process.cpu_percent(),
            memory=psutil.virtual_memory().percent,
            network=round(moved / BYTES_PER_MB / max(span_ns / 1e9, 1e-3), 3),
            loop_lag_ms=round(self._worst_loop_ns / 1e6, 3),
            send_lag_ms=round(self._worst_send_ns / 1e6, 3),
            open_files=self._open_files(),
            open_files_limit=self._files_limit,
        )
        self._worst_loop_ns = self._worst_send_ns = 0
        return health

    def _open_files(self) -> int:
        return self._process.num_fds() if hasattr(self._process, "num_fds") else 0

    @staticmethod
    def _network_bytes() -> int:
        counters = psutil.net_io_counters()
        return counters.bytes_sent + counters.bytes_recv if counters else 0
