"""How long the loop of a service with a run is silent under each hostile input, and how soon that is answered."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.rounds import TARGET_CORE
from benchmarks.target import nginx
from tests.end_to_end.hostile_inputs import PAGE
from tests.end_to_end.hostile_inputs import Siege
from tests.end_to_end.hostile_inputs import hostile_inputs
from tests.end_to_end.hostile_inputs import place_of
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.service import Service

LIMIT_S = 60


def main() -> None:
    """Print a line for each input, and whether the run was valid."""
    with tempfile.TemporaryDirectory() as name, nginx(core=TARGET_CORE) as url:
        service = Service(Path(name) / "data", target_allow="127.0.0.0/8")
        try:
            besiege(service, url)
        finally:
            service.end()


def besiege(service: Service, url: str) -> None:
    """Send every input while a run goes on."""
    plan = plan_of(service, url, [PAGE], hold_time=3_600)
    viewer = Viewer(service, service.post(f"/api/performance/plans/{plan}/start/").body["websocket_url"])
    viewer.await_seconds(2)
    siege = Siege(service, viewer)
    project = service.get(f"/api/performance/plans/{plan}/").body["project_id"]
    print("\nhostile input                               status   answered    silent")
    print(f"{'nothing':<42} {siege.quiet_ms():>27.0f} ms")
    for hostile in hostile_inputs(place_of(service, project, url)):
        sent = siege.send(hostile, LIMIT_S)
        silence_ms = siege.silence_ms(sent)
        print(f"{hostile.name:<42} {sent.status:>6} {sent.ended - sent.began:>9.2f} s {silence_ms:>6.0f} ms")
    service.post(f"/api/performance/plans/{plan}/stop/")
    viewer.of_type("end")
    print(f"the run beside them: {report_of(service, plan)['validity']['state']}")
