"""The flags that commands about plans share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_plan_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that change a plan."""
    add_outside_flags(parser)
    parser.add_argument("-u", "--users", type=int, help="number of virtual users (default with a URL: 1)")
    parser.add_argument(
        "-d",
        "--duration",
        help="how long to hold the load after the ramp-up: 30, 30s, 500ms, 5m, 1h30m (default with a URL: 10s)",
    )
    parser.add_argument("--ramp", help="ramp-up time, in the same form")
    parser.add_argument("--warm-up", help="first part of the run that is not measured, in the same form")
    parser.add_argument(
        "-r", "--rate", metavar="N", help="arrivals per second (open model), such as 200 or 12000/min, instead of users"
    )
    parser.add_argument("--max-vus", type=int, metavar="N", help="maximum number of virtual users with --rate")
    parser.add_argument("-n", "--iterations", type=int, metavar="N", help="stop after N iterations in total")
    parser.add_argument(
        "-t", "--threshold", action="append", metavar="RULE", help="pass/fail rule such as 'p95 < 300'; repeatable"
    )
    parser.add_argument("--timeout", metavar="TIME", help="request timeout: milliseconds, 500ms or 2s (default: 30000)")
    parser.add_argument(
        "--processes", metavar="N", help="make the load by N processes of this machine; auto: one for each core"
    )
    parser.add_argument("--insecure", action="store_true", help="do not verify TLS certificates")


def add_outside_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that bring values into a plan."""
    parser.add_argument(
        "-e", "--env", action="append", metavar="NAME=VALUE", help="set a variable of the plan; repeatable"
    )
    parser.add_argument("--env-file", type=Path, metavar="FILE", help="set variables from lines NAME=VALUE of a file")
    parser.add_argument("--plan", metavar="NAME", help="which plan of a project file; needed where it has several")
    parser.add_argument("--host", metavar="URL", help="base URL in place of the plan's env.host")
