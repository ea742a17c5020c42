"""No request silences the service: hostile inputs are answered in bounded time, and a run beside them stays valid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.hostile_inputs import PAGE
from tests.end_to_end.hostile_inputs import Siege
from tests.end_to_end.hostile_inputs import hostile_inputs
from tests.end_to_end.hostile_inputs import place_of
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.outcomes import OF_A_BUSY_MACHINE
from tests.support.service import Service

LIMIT_S = 60
SILENCE_MS = 250
"""On an idle machine it is 50; ``python -m benchmarks hostile`` prints the figures."""
BUSY = 4
"""Others on the machine keep the loop from its core, which is a silence as well: so many times as long may it be."""
TRIES = 3


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path / "data", target_allow="127.0.0.0/8") as started:
        yield started


@pytest.mark.timeout(600)
def test_hostile_inputs(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, [PAGE], concurrent_users=4, hold_time=3_600)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    viewer = Viewer(service, started["websocket_url"])
    viewer.await_seconds(1)
    siege = Siege(service, viewer)
    project = service.get(f"/api/performance/plans/{plan}/").body["project_id"]
    # Several inputs share a second of the run: each that may have been the cause of a silence is sent again alone.
    sent = [(each, siege.send(each, LIMIT_S)) for each in hostile_inputs(place_of(service, project, nginx.url))]
    for hostile, first in sent:
        assert first.status in hostile.statuses, (hostile.name, first)
        silences, allowed = [siege.silence_ms(first)], float(SILENCE_MS)
        while silences[-1] > allowed and len(silences) < TRIES:
            allowed = max(allowed, BUSY * siege.quiet_ms())
            silences.append(siege.silence_ms(siege.send(hostile, LIMIT_S)))
        assert min(silences) <= allowed, (hostile.name, silences, allowed)
    service.post(f"/api/performance/plans/{plan}/stop/")
    assert viewer.of_type("end")
    report = report_of(service, plan)
    assert report["summary"]["error_count"] == 0
    # The silence of each input is measured by itself.
    assert {cause["code"] for cause in report["validity"]["causes"]} <= OF_A_BUSY_MACHINE
