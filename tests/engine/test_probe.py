"""The generator's own figures, from the real kernel and from one made up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from perfsvc.engine import probe
from perfsvc.engine import process_sampler
from perfsvc.engine.probe import Ports
from perfsvc.engine.probe import Probe
from perfsvc.engine.probe import open_files
from perfsvc.model.window import NodeHealth

SOCKSTAT = """sockets: used 32
TCP: inuse 8 orphan 1 tw 1805 alloc 9 mem 37
UDP: inuse 3 mem 0
"""
RIVAL = """
import os, sys, time
from perfsvc.engine.process_sampler import cpu_waited_ns
os.sched_setaffinity(0, {int(sys.argv[1])})
print("ready", flush=True)
sys.stdin.readline()
while time.process_time() < 0.5: pass
print(cpu_waited_ns())
"""
"""Uses a core for half a second or more, and says how long it had to wait for it."""


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A kernel with 28,232 ports for connections, 8 in use and 1,805 waiting."""
    settings = tmp_path / "sys/net/ipv4"
    settings.mkdir(parents=True)
    (settings / "ip_local_port_range").write_text("32768\t60999\n")
    (settings / "tcp_tw_reuse").write_text("2\n")
    (tmp_path / "net").mkdir()
    (tmp_path / "net/sockstat").write_text(SOCKSTAT)
    return tmp_path


def test_ports_are_sockets_in_use_and_those_that_wait(proc: Path) -> None:
    ports = Ports(proc)
    assert (ports.used(), ports.limit) == (1813, 28_232)


def test_ports_that_the_system_reuses_are_free(proc: Path) -> None:
    (proc / "sys/net/ipv4/tcp_tw_reuse").write_text("1\n")
    assert Ports(proc).used() == 8


@pytest.mark.parametrize("sockstat", ["", "sockets: used 3\n", "TCP:\n", "TCP: inuse\n"])
def test_ports_of_a_kernel_that_tells_none_are_none(proc: Path, sockstat: str) -> None:
    (proc / "net/sockstat").write_text(sockstat)
    assert Ports(proc).used() == 0


def test_without_a_kernel_that_tells_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports(tmp_path)
    assert (ports.used(), ports.limit) == (0, 0)
    monkeypatch.setattr(probe, "PROC", tmp_path)
    monkeypatch.setattr(process_sampler, "PROC", tmp_path)
    assert process_sampler.cpu_waited_ns() == 0
    assert open_files(psutil.Process()) == psutil.Process().num_fds()


def test_open_files_are_counted_without_listing_them() -> None:
    process = psutil.Process()
    before = open_files(process)
    with Path("/dev/null").open(), Path("/dev/null").open():
        assert open_files(process) - before == 2


def test_a_reading_tells_the_worst_lag_since_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Probe()
    for lateness_ns in (2_000_000, 7_000_000, 1_000_000):
        reader.loop_late(lateness_ns)
        reader.send_late(lateness_ns * 2)
    first, second = reader.read(10**9), reader.read(10**9)
    assert (first.loop_lag_ms, first.send_lag_ms) == (7.0, 14.0)
    assert (second.loop_lag_ms, second.send_lag_ms) == (0.0, 0.0)
    assert 0 < first.open_files <= first.open_files_limit
    assert first.ports_limit > 0


@pytest.mark.parametrize(
    ("waited_ns", "span_ns", "percent"), [(0, 10**9, 0.0), (250_000_000, 10**9, 25.0), (3 * 10**9, 10**9, 100.0)]
)
def test_the_wait_for_a_core_is_a_share_of_the_second(
    monkeypatch: pytest.MonkeyPatch, waited_ns: int, span_ns: int, percent: float
) -> None:
    waits = iter([5 * 10**9, 5 * 10**9 + waited_ns])
    monkeypatch.setattr(process_sampler, "cpu_waited_ns", lambda: next(waits))
    assert Probe().read(span_ns).cpu_wait == percent


def test_processes_that_share_a_core_wait_for_it() -> None:
    core = min(os.sched_getaffinity(0))
    rivals = [
        subprocess.Popen([sys.executable, "-c", RIVAL, str(core)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    with rivals[0], rivals[1]:
        for rival in rivals:
            assert rival.stdout is not None
            assert rival.stdout.readline() == b"ready\n"
        waited_ns = [int(rival.communicate(timeout=300)[0]) for rival in started(rivals)]
    assert max(waited_ns) > 50_000_000


def started(rivals: list[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    """End all before the first is waited for."""
    for rival in rivals:
        assert rival.stdin is not None
        rival.stdin.write(b"go\n")
        rival.stdin.flush()
    return rivals


def test_a_reading_takes_no_time_at_all() -> None:
    assert Probe().read(0).network >= 0
    assert isinstance(Probe().read(-1), NodeHealth)


def test_cpu_of_the_process_is_of_one_core_and_of_the_time_since_the_last_reading() -> None:
    before = time.perf_counter_ns(), time.process_time_ns()
    reader = Probe()
    began = time.perf_counter_ns()
    until = time.process_time_ns() + 50_000_000
    while time.process_time_ns() < until:
        pass
    inner_ns = time.perf_counter_ns() - began
    process_cpu = reader.read(1).process_cpu
    outer_ns, used_ns = time.perf_counter_ns() - before[0], time.process_time_ns() - before[1]
    # The process may have to wait for its core at any place: the time since Probe() lies between these two.
    assert 100 * 50_000_000 / outer_ns - 0.1 <= process_cpu <= 100 * used_ns / inner_ns + 0.1
    assert reader.read(10**9).process_cpu < 5


def test_a_reading_that_fails_keeps_the_latest_value(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Probe()
    before = reading.read(10**9)

    def exhausted(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    for name in ("cpu_percent", "virtual_memory", "net_io_counters"):
        monkeypatch.setattr(psutil, name, exhausted)
    after = reading.read(10**9)
    assert (after.cpu, after.memory) == (before.cpu, before.memory)
