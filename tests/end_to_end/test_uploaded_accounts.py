"""Accounts of an uploaded file, through the whole service; the file is replaced while the run reads it."""

from __future__ import annotations

import time
import urllib.request

from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import report_of
from tests.support.nginx import Nginx
from tests.support.service import Service
from tests.support.waiting import wait_until

ACCOUNTS = 3000
STEPS = [
    {
        "name": "login",
        "request": {"method": "GET", "url": "/accounts/{{user}}"},
        "think_time": {"type": "constant", "value": 0.005},
    }
]
LIMIT_S = 500.0


def send(service: Service, method: str, path: str, body: bytes) -> int:
    """Send a file as the body of a request. Return the status."""
    headers = {"Authorization": f"Bearer {service.token}", "Content-Type": "text/csv"}
    request = urllib.request.Request(service.url + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


def test_every_account_of_the_file_that_was_there_at_the_start_is_used_once(service: Service, nginx: Nginx) -> None:
    data = {"datafile_id": 1, "unique": True}
    config = {"data_source_type": "csv", "data_config": data, "concurrent_users": 5, "hold_time": int(LIMIT_S)}
    plan = plan_of(service, nginx.url, STEPS, **config)
    text = "user,note\n" + "".join(f'u{number},"a ""note"""\n' for number in range(ACCOUNTS))
    assert send(service, "POST", "/api/datafiles/?project_id=1&name=accounts.csv", text.encode("utf-16")) == 201
    assert service.get("/api/datafiles/1/").body["row_count"] == ACCOUNTS
    assert service.post(f"/api/performance/plans/{plan}/start/").status == 200
    wait_until(lambda: len(nginx.log()) >= ACCOUNTS // 10, "a tenth of the accounts", limit_s=LIMIT_S)
    assert send(service, "PUT", "/api/datafiles/1/", b"user,note\nsomebody-else,\n") == 200
    limit = time.monotonic() + LIMIT_S
    while service.get(f"/api/performance/plans/{plan}/").body["status"] in {"starting", "running"}:
        assert time.monotonic() < limit
        time.sleep(0.2)
    report = report_of(service, plan)
    assert (report["status"], report["reason"]["code"]) == ("completed", "data_exhausted")
    assert sorted(line.path for line in nginx.log()) == sorted(f"/accounts/u{number}" for number in range(ACCOUNTS))
