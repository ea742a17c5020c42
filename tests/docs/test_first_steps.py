"""The first steps: the commands for CI, typed and judged."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import make_parser
from perfsvc.cli.exit_codes import code_of
from tests.docs.docs_shell import DocsShell
from tests.docs.pages import FIRST_STEPS
from tests.docs.pages import ROOT
from tests.docs.pages import blocks_of
from tests.support.service import Service
from tests.support.shop import Shop

ENGLISH = FIRST_STEPS[0]
PLAN_FILE, OF_SERVICE = [block.text for block in blocks_of(ENGLISH) if block.language == "sh"]
JOBS = [yaml.safe_load(block.text) for block in blocks_of(ENGLISH) if block.language == "yaml"]


def commands_of(job: Any) -> Iterator[str]:
    """The commands of perfsvc in a job."""
    if isinstance(job, str):
        yield from (job,) if job.startswith("perfsvc ") else ()
        return
    for part in job.values() if isinstance(job, dict) else job if isinstance(job, list) else ():
        yield from commands_of(part)


@pytest.mark.parametrize("job", JOBS, ids=["github", "gitlab"])
def test_jobs_run_commands_that_there_are(job: Any) -> None:
    commands = list(commands_of(job))
    assert 'PERFSVC_SKIP_UI=1 pip install "git+' in yaml.safe_dump(job, width=1000)
    assert [make_parser().parse_args(command.split()[1:]).command for command in commands] == ["check", "run"]


def test_a_plan_file_is_checked_and_run(shell_without_service: DocsShell) -> None:
    done = shell_without_service.type(PLAN_FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shell_without_service.folder / "report.json").is_file()


@pytest.mark.parametrize(("threshold", "code"), [("p95 < 10000", 0), ("p95 < 0.000001", 99)])
def test_a_plan_of_the_service_is_started_and_judged(
    shell: DocsShell, service: Service, shop: Shop, threshold: str, code: int
) -> None:
    project = service.post("/api/projects/", {"name": "CI"}).body["id"]
    load = {"target_url": f"{shop.url}/items", "concurrent_users": 2, "hold_time": 1}
    plan = {"name": "p", "project_id": project, "config": {**load, "execution_config": {"thresholds": [threshold]}}}
    number = service.post("/api/performance/plans/", plan).body["id"]
    token = service.post("/api/users/me/tokens/", {"name": "CI", "scope": "run"}).body["token"]
    done = shell.type(f"CI_TOKEN={token}\nPLAN={number}\n{OF_SERVICE}")
    assert done.returncode == code, done.stdout + done.stderr


def test_following_a_run_ends_as_running_it_does() -> None:
    exit_code = runpy.run_path(str(ROOT / "examples" / "watch.py"))["exit_code"]
    rules: tuple[list[dict[str, Any]], ...] = ([], [{"passed": False, "value": 9}], [{"passed": False, "value": None}])
    states = ("PASSED", "FAILED", "STOPPED", "NO_THRESHOLDS")
    for status, state, thresholds, validity in product(
        ("completed", "stopped", "failed"), states, rules, ("VALID", "INVALID")
    ):
        verdict = {"state": state, "thresholds": thresholds}
        end = {"status": status, "verdict": verdict, "validity": {"state": validity}}
        assert exit_code(end) == code_of(end), end
