"""Configuration of Dask: mutual TLS, and every service that we do not need switched off."""

from __future__ import annotations

import logging
import time
from typing import Any

import dask
from distributed import batched
from distributed.security import Security

from perfsvc.cluster.certificates import Credentials
from perfsvc.event_loop import measure_tornado_by_steady_clock

CONFIG: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.worker-ttl": None,
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.events-cleanup-delay": "1m",
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.comm.timeouts.connect": "5s",
    "distributed.comm.timeouts.tcp": "15s",
    "distributed.comm.require-encryption": True,
    "distributed.admin.system-monitor.interval": "1s",
    "distributed.admin.tick.limit": "3s",
}
"""Agents run no Dask tasks, so everything about tasks is off. Hung agents are found by our own heartbeats."""
LOGGERS = ("distributed", "distributed.scheduler", "distributed.worker", "distributed.core", "distributed.batched")
"""Only errors of these are logged: our own log has agents that join and leave."""


def configure() -> None:
    """Configure Dask in this process, overriding its files and the environment; its messages follow no wall clock."""
    dask.config.set(CONFIG)
    measure_tornado_by_steady_clock()
    batched.time = time.monotonic  # type: ignore[attr-defined] # it is imported there
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def security_of(credentials: Credentials) -> Security:
    """Mutual TLS: both ends must present a certificate of our authority."""
    ca, certificate, key = map(str, credentials)
    return Security(  # type: ignore[no-untyped-call]
        require_encryption=True,
        tls_ca_file=ca,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
        tls_client_cert=certificate,
        tls_client_key=key,
    )
