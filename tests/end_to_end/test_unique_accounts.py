"""Accounts that are used once in the whole run, over four engine processes of which one is killed in mid-run."""

from __future__ import annotations

import os
import signal
from collections import Counter

from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import Service
from tests.support.waiting import wait_until

ACCOUNTS = 4_000
USERS = 20
STEPS = [
    {
        "name": "login",
        "request": {"method": "GET", "url": "/accounts/{{user}}"},
        "think_time": {"type": "constant", "value": 0.005},
    }
]
DATA = {"columns": ["user"], "values": [f"u{number}" for number in range(ACCOUNTS)], "unique": True}
MODES = {"control_mode": "central", "node_count": 4, "data_source_type": "pool", "data_config": DATA}
LIMIT_S = 500.0
LOOK_S = 0.3
IN_DOUBT = 100


def engines(service: Service) -> list[int]:
    """The processes that the server started to run engines in."""
    return [node["pid"] for node in service.get("/api/nodes/").body["results"] if node["kind"] != "server"]


def test_no_account_is_used_twice_and_none_is_lost_when_a_node_is_killed(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, STEPS, concurrent_users=USERS, hold_time=int(LIMIT_S), **MODES)
    assert service.post(f"/api/performance/plans/{plan}/start/").status == 200
    wait_until(lambda: len(nginx.log()) > ACCOUNTS / 4, "a quarter of the accounts", limit_s=LIMIT_S)
    assert len(engines(service)) == 4
    os.kill(engines(service)[1], signal.SIGKILL)
    wait_until(
        lambda: service.get(f"/api/performance/plans/{plan}/").body["status"] not in {"starting", "running"},
        "the end of the run",
        limit_s=LIMIT_S,
    )
    report = report_of(service, plan)
    data, seen = report["data"], Counter(line.path for line in nginx.log())
    assert max(seen.values()) == 1
    assert (report["status"], report["reason"]["code"]) == ("completed", "data_exhausted")
    assert data["used"] + data["in_doubt"] == data["total"] == ACCOUNTS
    assert data["left"] == 0
    # What may be missing was in flight, or about to be: the users of one node, and what it claimed for some ms ahead.
    assert ACCOUNTS - len(seen) <= data["in_doubt"] <= IN_DOUBT
    assert report["summary"]["total_requests"] <= len(seen)
