"""``perfsvc run``: one load test in this process."""

from __future__ import annotations

import argparse
from typing import Any

from perfsvc.cli import outside
from perfsvc.cli.exit_codes import code_of
from perfsvc.cli.json_output import open_for_writing
from perfsvc.cli.json_output import write_json


def add(commands: Any) -> None:
    """Add the command: flags override the plan file."""
    run = commands.add_parser("run", help="run a load test of a URL or of a plan file (YAML or JSON)")
    run.add_argument("what", metavar="URL|PLAN")
    add_plan_flags(run)
    run.add_argument("-m", "--method", help="HTTP method, with a URL (default: GET)")
    run.add_argument(
        "-H", "--header", action="append", metavar="'NAME: VALUE'", help="request header, with a URL; repeatable"
    )
    run.add_argument("-b", "--body", help="request body, with a URL")
    run.add_argument("--status", type=int, help="expected status of every response, with a URL")
    run.add_argument("--json", metavar="FILE", help="write the report as JSON; - for standard output")
    run.add_argument("--summary-only", action="store_true", help="no progress, only the summary at the end")
    run.add_argument("-q", "--quiet", action="store_true", help="no progress and no summary")


def add_plan_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that change a plan."""
    outside.add_flags(parser)
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
    parser.add_argument("--iterations", type=int, metavar="N", help="stop after N iterations in total")
    parser.add_argument(
        "-t", "--threshold", action="append", metavar="RULE", help="pass/fail rule such as 'p95 < 300'; repeatable"
    )
    parser.add_argument("--timeout", metavar="TIME", help="request timeout: milliseconds, 500ms or 2s (default: 30000)")
    parser.add_argument(
        "--processes", metavar="N", help="make the load by N processes of this machine; auto: one for each core"
    )
    parser.add_argument("--insecure", action="store_true", help="do not verify TLS certificates")


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Run the test, show progress and summary, and return the verdict as the exit code."""
    from perfsvc.cli.headless import run_plan
    from perfsvc.cli.plan_loader import read_source
    from perfsvc.cli.progress import Progress

    source = read_source(chosen)
    with source.explaining():
        plan = source.plan()
        if chosen.json not in (None, "-"):
            open_for_writing(chosen.json).close()
        report = run_plan(plan, [] if chosen.quiet or chosen.summary_only else [Progress(language)], source.folder)
    try:
        if chosen.json:
            write_json(report, chosen.json)
    finally:  # a full disk takes the file, not the summary
        if not chosen.quiet and chosen.json != "-":
            from perfsvc.cli.summary import show_report

            show_report(report, language)
    return code_of(report)
