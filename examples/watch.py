"""Follow a run: one line for each second, until it ends.

Usage: TOKEN=… python examples/watch.py WEBSOCKET_URL
"""

from __future__ import annotations

import json
import os
import sys

from websocket import create_connection


def main() -> None:
    """Print what the live feed at the given address says."""
    header = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    connection = create_connection(sys.argv[1], timeout=30, header=header)
    while text := connection.recv():
        frame = json.loads(text)
        data = frame["data"]
        if frame["type"] == "metrics":
            print(data["active_users"], "users", data["requests_per_second"], "req/s", data["p95"], "ms at p95")  # noqa: T201 - its purpose
        elif frame["type"] == "event":
            print("load set to", data["level"], "by", data["by"])  # noqa: T201 - its purpose
        elif frame["type"] == "end":
            print(data["status"], data["verdict"]["state"])  # noqa: T201 - its purpose
    connection.close()


if __name__ == "__main__":
    main()
