"""``perfsvc run``: one load test in this process."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.cli.exit_codes import code_of
from perfsvc.cli.json_output import open_for_writing
from perfsvc.cli.json_output import write_json
from perfsvc.cli.plan_flags import add_plan_flags

if TYPE_CHECKING:
    from perfsvc.cluster.dask.fork_server import ForkServer


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


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Run the test, show progress and summary, and return the verdict as the exit code."""
    with early_fork_server(chosen.processes) as fork_server:
        report = report_of(chosen, language, fork_server)
    try:
        if chosen.json:
            write_json(report, chosen.json)
    finally:  # a full disk takes the file, not the summary
        if not chosen.quiet and chosen.json != "-":
            from perfsvc.cli.summary import show_report

            show_report(report, language)
    return code_of(report)


def report_of(chosen: argparse.Namespace, language: str, fork_server: ForkServer | None) -> dict[str, Any]:
    """Run the test and return its report. Raises InvalidInput."""
    from perfsvc.cli.headless import run_plan
    from perfsvc.cli.plan_loader import read_source
    from perfsvc.cli.progress import Progress

    source = read_source(chosen)
    with source.opened() as files:
        plan = source.plan()
        source.write_notes(files, language)
        if chosen.json not in (None, "-"):
            open_for_writing(chosen.json).close()
        outputs = [] if chosen.quiet or chosen.summary_only else [Progress(language)]
        return run_plan(plan, outputs, files, fork_server)


@contextmanager
def early_fork_server(processes: str | None) -> Iterator[ForkServer | None]:
    """Start the fork server before all else where there will be several processes: both then import side by side."""
    if processes in (None, "1"):
        yield None
        return
    from perfsvc.cluster.dask.fork_server import ForkServer

    fork_server = ForkServer()
    try:
        yield fork_server
    finally:
        fork_server.kill_server()
