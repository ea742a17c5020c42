"""Follow a run: one line for each second and each event, until it ends. Exit codes are those of ``perfsvc run``.

Usage: TOKEN=… python examples/watch.py WEBSOCKET_URL
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from websocket import create_connection


def main() -> int:
    """Print what the live feed at the given address says; return the exit code."""
    header = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    connection = create_connection(sys.argv[1], timeout=30, header=header)
    code = 1
    while text := connection.recv():
        frame = json.loads(text)
        if line := line_of(frame):
            print(line, flush=True)  # noqa: T201 - its purpose
        if frame["type"] == "end":
            code = exit_code(frame["data"])
    connection.close()
    return code


def exit_code(end: dict[str, Any]) -> int:
    """Return 99 for a breached threshold, 1 for a run that failed, 130 for a stopped one, 98 for an INVALID one."""
    state, failed = end["verdict"]["state"], end["status"] == "failed"
    broken = [threshold for threshold in end["verdict"]["thresholds"] if not threshold["passed"]]
    if state == "FAILED" and any(threshold["value"] is not None or not failed for threshold in broken):
        return 99
    if failed:
        return 1
    if state == "STOPPED":
        return 130
    return 98 if end["validity"]["state"] == "INVALID" else 0


def line_of(frame: dict[str, Any]) -> str | None:
    """A frame in a line; nothing for those of types that one need not know."""
    data = frame["data"]
    match frame["type"], data:
        case "metrics", _:
            p95 = "-" if data["p95"] is None else data["p95"]
            speed = f"{data['active_users']} users {data['requests_per_second']} req/s {p95} ms at p95"
            return f"{speed} {data['error_rate']} % errors"
        case "event", {"event": "load"}:
            return f"load set to {data['level']} by {data['by']}"
        case "event", {"event": "node"}:
            return f"node {data['node']} {data['kind']}"
        case "end", _:
            failed, asked = data["summary"]["error_count"], data["summary"]["total_requests"]
            said = f"{data['status']} {data['verdict']['state']} {data['validity']['state']}"
            return f"{said}: {failed} of {asked} requests failed"
    return None


if __name__ == "__main__":
    sys.exit(main())
