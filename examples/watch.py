"""Follow a run: one line for each second and each event, until it ends.

Usage: TOKEN=… python examples/watch.py WEBSOCKET_URL
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from websocket import create_connection


def main() -> None:
    """Print what the live feed at the given address says."""
    header = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    connection = create_connection(sys.argv[1], timeout=30, header=header)
    while text := connection.recv():
        if line := line_of(json.loads(text)):
            print(line)  # noqa: T201 - its purpose
    connection.close()


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
    main()
