"""``python -m benchmarks [NAME …]``: run the named benchmarks, or all of them.

Every pair is measured in alternating rounds on pinned cores, because the machine's speed drifts; medians are shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import cluster
from benchmarks import data
from benchmarks import functions
from benchmarks import grpc_unary
from benchmarks import honesty
from benchmarks import hostile_inputs
from benchmarks import http2
from benchmarks import http_client
from benchmarks import http_peers
from benchmarks import memory
from benchmarks import metrics_path
from benchmarks import processes
from benchmarks import recovery
from benchmarks import scale
from benchmarks import startup
from benchmarks import stored_windows
from benchmarks import tcp_echo
from benchmarks import web_ui
from benchmarks import websocket_echo

BENCHMARKS: dict[str, Callable[[], None]] = {
    "data": data.main,
    "cluster": cluster.main,
    "functions": functions.main,
    "grpc": grpc_unary.main,
    "http": http_peers.main,
    "http2": http2.main,
    "http-client": http_client.main,
    "memory": memory.main,
    "honesty": honesty.main,
    "hostile": hostile_inputs.main,
    "metrics": metrics_path.main,
    "processes": processes.main,
    "tcp": tcp_echo.main,
    "web-ui": web_ui.main,
    "websocket": websocket_echo.main,
    "scale": scale.main,
    "startup": startup.main,
    "recovery": recovery.main,
    "stored": stored_windows.main,
}


def main(names: list[str]) -> int:
    """Run them one after the other."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
