"""For machines that watch the service."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc import __version__
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test


async def test_healthz(api: Api) -> None:
    answer = await api.get("/healthz", None)
    assert answer.status == 200
    assert answer.json == {"status": "ok", "version": __version__, "recovering": False, "incidents": []}


async def test_healthz_names_what_went_wrong(api: Api, world: World) -> None:
    for number in range(30):
        world.services.self_check.note(f"事件 {number}", f"incident {number}")
    answer = await api.get("/healthz", None, headers={"Accept-Language": "en"})
    assert answer.json["status"] == "degraded"
    assert [one["message"] for one in answer.json["incidents"]] == [f"incident {number}" for number in range(10, 30)]


async def test_healthz_without_a_database(api: Api, world: World) -> None:
    await world.store.close()
    assert (await api.get("/healthz", None)).status == 503


async def test_metrics_from_this_machine(api: Api) -> None:
    await api.post("/api/performance/plans/1/start/")
    await api.get("/api/users/me/", None)
    answer = await api.get("/metrics", None)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert answer.text.endswith("\n")
    assert "perfsvc_running_executions 1" in lines
    assert "perfsvc_live_viewers 0" in lines
    assert 'perfsvc_http_requests_total{method="GET",status="4xx"} 1' in lines
    assert 'perfsvc_http_requests_total{method="POST",status="2xx"} 1' in lines
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(values["process_resident_memory_bytes"]) > 1_000_000
    assert float(values["process_cpu_seconds_total"]) > 0


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-Ip", "Forwarded"])
async def test_metrics_through_a_proxy_need_an_administrator(api: Api, header: str) -> None:
    through = {header: "203.0.113.9"}
    assert (await api.get("/metrics", None, headers=through)).status == 401
    assert (await api.get("/metrics", "owner", headers=through)).status == 403
    assert (await api.get("/metrics", "administrator", headers=through)).status == 200


class TestBehindProxy:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"trust_proxy": True, "public_url": "https://perf.example.com/"}

    async def test_addresses_are_those_the_proxy_tells(self, api: Api) -> None:
        through = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        assert (await api.get("/metrics", None, headers=through)).status == 401
        started = await api.post("/api/performance/plans/1/start/", headers={**through, "Host": "evil.example.com"})
        assert started.json["websocket_url"] == "wss://perf.example.com/ws/performance/run-1-1/"
