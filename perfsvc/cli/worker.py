"""``perfsvc worker``: an agent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from perfsvc.cli.exit_codes import PASSED


def add(commands: Any) -> None:
    """Add the command."""
    worker = commands.add_parser("worker", help="run an agent that joins a server and carries out its runs")
    worker.add_argument("scheduler", metavar="tls://HOST:PORT", help="address of the server's scheduler")
    worker.add_argument("--certs", type=Path, metavar="DIR", required=True, help="folder of the agent's certificates")
    worker.add_argument("--name", help="name of the agent (default: host name and process id)")


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Run the agent until a signal arrives."""
    from perfsvc.cluster.dask.agent import join

    join(chosen.scheduler, chosen.certs, chosen.name)
    return PASSED
