"""How Dask is set up wherever we use it: mutual TLS, and nothing running that we do not need."""

from __future__ import annotations

import logging
from typing import Any

import dask
from distributed.security import Security

from perfsvc.cluster.certificates import Credentials

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
"""Agents run no tasks of Dask's: whatever looks after tasks is off. Hung agents are found by their silence."""
LOGGERS = ("distributed", "distributed.scheduler", "distributed.worker", "distributed.core", "distributed.batched")
"""Who joins and goes is told by us; what Dask says of it beside that is for those who debug Dask."""


def configure() -> None:
    """Set Dask up in this process, whatever its files and the environment say."""
    dask.config.set(CONFIG)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def security_of(credentials: Credentials) -> Security:
    """Both ends must show a certificate of our authority."""
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
