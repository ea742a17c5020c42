"""For machines that watch us: whether we are well, and figures in Prometheus' text format."""

from __future__ import annotations

from typing import Literal

import psutil

from perfsvc import __version__
from perfsvc.clock import utc_now
from perfsvc.errors import Text
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import LOOPBACK_OR_ADMINISTRATOR
from perfsvc.web.framework.rules import OPEN

DISK_FULL = Text("数据库所在磁盘空间已满", "the disk of the database is full")


class HealthIncident(Response):
    """Something that went wrong with the service itself."""

    time: Moment
    message: str


class Health(Response):
    """Whether all is well. ``degraded``: the service works, and ``incidents`` say what to look at."""

    status: Literal["ok", "degraded"]
    version: str
    recovering: bool
    incidents: list[HealthIncident]


class HealthzHandler(Handler):
    @operation("健康检查", "Whether the service and its database work", OPEN)
    async def get(self) -> Health:
        await self.services.ping()
        check = self.services.self_check
        incidents = [HealthIncident(time=one.time, message=one.text.of(self.language)) for one in check.incidents]
        if self.services.disk_full():
            now = utc_now(self.services.clock)
            incidents.append(HealthIncident(time=now, message=DISK_FULL.of(self.language)))
        return Health(
            status="degraded" if incidents else "ok",
            version=__version__,
            recovering=check.recovering,
            incidents=incidents,
        )


class PrometheusHandler(Handler):
    @operation("监控指标", "Figures for Prometheus", LOOPBACK_OR_ADMINISTRATOR)
    async def get(self) -> Plain:
        traffic = self.context.traffic
        lines = [
            *process_lines(psutil.Process()),
            *gauge("perfsvc_running_executions", "Runs under way.", self.services.runs.active_count),
            *gauge("perfsvc_live_viewers", "Viewers of live feeds.", traffic.viewers),
            "# HELP perfsvc_http_requests_total HTTP requests served.",
            "# TYPE perfsvc_http_requests_total counter",
        ]
        for (method, status), count in sorted(traffic.responses.items()):
            lines.append(f'perfsvc_http_requests_total{{method="{method}",status="{status}"}} {count}')
        return Plain("\n".join(lines) + "\n")


def process_lines(process: psutil.Process) -> list[str]:
    """Metrics of this process, named as Prometheus' client libraries name them."""
    with process.oneshot():
        times = process.cpu_times()
        return [
            "# HELP process_cpu_seconds_total User and system CPU time, s.",
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {times.user + times.system:.2f}",
            *gauge("process_resident_memory_bytes", "Resident memory, bytes.", process.memory_info().rss),
            *gauge("process_start_time_seconds", "Start of the process, Unix time.", process.create_time()),
            *gauge("process_threads", "Threads.", process.num_threads()),
        ]


def gauge(name: str, explained: str, value: float) -> list[str]:
    """A gauge with one value."""
    return [f"# HELP {name} {explained}", f"# TYPE {name} gauge", f"{name} {value}"]


routes = [
    Route("/healthz", HealthzHandler),
    Route("/metrics", PrometheusHandler),
]
