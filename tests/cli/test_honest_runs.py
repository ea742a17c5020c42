"""Runs that do less than their plan says, and how that is said."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.support.processes import running
from tests.support.scenes import step
from tests.support.service import BIN
from tests.support.shop import Shop

ITEMS = {"name": "items", "request": {"url": "/items"}}


@pytest.fixture
def plan(tmp_path: Path, shop: Shop) -> Any:
    """Write a plan against the shop; one scene of the given parts unless there are more. Return its path."""

    def write(*scenes: dict[str, Any], execution: dict[str, Any] | None = None, **config: Any) -> str:
        made = [{"name": f"scene {number}", "steps": [ITEMS], **scene} for number, scene in enumerate(scenes, 1)]
        given = {"concurrent_users": 2, "hold_time": 1, **config, "execution_config": execution or {}}
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({"env": {"host": shop.url}, "scenes": made, "config": given}))
        return str(path)

    return write


@pytest.fixture
def ran(perfsvc: Command, tmp_path: Path) -> Any:
    """Run a plan. Return exit code, report and what was shown."""

    def run(path: str, *words: str) -> tuple[int, dict[str, Any], str]:
        report = tmp_path / "report.json"
        done = perfsvc("run", path, "--json", str(report), *words)
        return done.code, json.loads(report.read_text("utf-8")), done.out

    return run


def test_a_failed_setup_step_fails_the_run_before_the_load(ran: Any, plan: Any, shop: Shop) -> None:
    setup = [step("prepare", "/"), step("create", "/status/500"), step("after", "/")]
    code, report, shown = ran(plan({"setup": setup}))
    said = "setup step “create” failed: HTTP 500; no load was started"
    assert (code, shown.splitlines()[0]) == (1, said)
    assert (report["status"], report["reason"]["code"], report["reason"]["en"]) == ("failed", "setup_failed", said)
    assert report["verdict"]["state"] == "FAILED"
    assert [request.path for request in shop.requests] == ["/", "/status/500"]
    assert report["summary"]["total_requests"] == 2


def test_a_failed_on_start_stops_its_user_and_a_run_without_users_fails(ran: Any, plan: Any, shop: Shop) -> None:
    start = [step("login", "/status/401"), step("profile", "/items")]
    code, report, shown = ran(plan({"on_start": start}, hold_time=60))
    said = "the on_start steps of every user failed, the last one in “login”: HTTP 401"
    assert (code, shown.splitlines()[0], report["reason"]["code"]) == (1, said, "on_start_failed")
    assert [request.path for request in shop.requests] == ["/status/401"] * 2
    assert "users_stopped" in [cause["code"] for cause in report["validity"]["causes"]]


def test_on_start_is_retried_and_may_be_ignored(ran: Any, plan: Any, shop: Shop) -> None:
    start = [step("login", "/status/401")]
    ran(plan({"on_start": start}, concurrent_users=1, hold_time=60, execution={"on_start_retries": 1}))
    assert [request.path for request in shop.requests] == ["/status/401"] * 2
    code, report, _ = ran(plan({"on_start": start}, execution={"on_start_failure": "continue", "max_iterations": 4}))
    assert (code, report["summary"]["iterations"], report["verdict"]["state"]) == (0, 4, "NO_THRESHOLDS")


def test_other_users_go_on_where_one_is_stopped(ran: Any, plan: Any, shop: Shop) -> None:
    check = {"type": "status", "equals": 200}
    login = step("login", "/items", extract=[{"name": "code", "from": "status"}], checks=[check])
    picky = {"type": "if", "condition": {"variable": "vu", "is": "absent"}, "steps": [step("odd", "/status/503")]}
    good, bad = {"on_start": [login]}, {"on_start": [picky]}
    code, report, _ = ran(plan(good, bad, execution={"max_iterations": 20}))
    assert (code, report["status"]) == (0, "completed")
    (cause,) = [cause for cause in report["validity"]["causes"] if cause["code"] == "users_stopped"]
    assert cause["figures"] == {"users": 1}
    assert report["summary"]["iterations"] == 20
    assert report["summary"]["total_requests"] == shop.count


def test_iterations_decide_the_end_where_no_time_is_given(ran: Any, shop: Shop) -> None:
    code, report, _ = ran(f"{shop.url}/slow", "--iterations", "5", "-t", "iterations == 5")
    assert (code, report["summary"]["iterations"], shop.count) == (0, 5, 5)


def test_too_little_time_for_the_iterations_is_said(ran: Any, shop: Shop) -> None:
    code, report, shown = ran(f"{shop.url}/slow", "--iterations", "5000", "-d", "1", "-t", "iterations >= 5000")
    done = report["summary"]["iterations"]
    assert (code, report["verdict"]["thresholds"][0]["value"]) == (99, done)
    assert f"note: only {done} of 5000 iterations were done: " in shown


def test_scenes_that_never_ran_are_named(ran: Any, plan: Any) -> None:
    scenes = [{"name": name, "weight": weight} for name, weight in (("rare", 1), ("common", 99), ("odd", 1))]
    _, report, shown = ran(plan(*scenes, concurrent_users=3))
    assert "note: scenes that never ran: rare, odd; there were too few users or iterations for their weights" in shown
    assert {step["requests"] > 0 for step in report["steps"][1:2]} == {True}


def test_users_without_data_are_named(ran: Any, plan: Any) -> None:
    data = {"rows": [{"of": "a"}, {"of": "b"}], "unique": True, "at_end": "stop_vu"}
    scene = {"steps": [step("items", "/items?of={{of}}")]}
    _, _, shown = ran(plan(scene, concurrent_users=5, data_source_type="pool", data_config=data))
    assert "note: virtual users that never ran for want of test data: 3 (numbers 3, 4, 5)" in shown


def test_a_stop_while_setup_runs_counts_each_request_once(plan: Any, shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    setup = [step("first", "/items"), step("never", "/never")]
    command = [str(BIN), "run", plan({"setup": setup}, execution={"graceful_stop": 0}), "-q", "--json", str(path)]
    with running(command, stderr=subprocess.PIPE) as process:
        while shop.count < 2:
            assert shop.received.wait(30)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    report = json.loads(path.read_text("utf-8"))
    assert (process.returncode, err, report["verdict"]["state"]) == (130, "", "STOPPED")
    assert (report["summary"]["total_requests"], report["summary"]["cut_off"], shop.count) == (1, 1, 2)


def test_requests_without_their_variable_are_unsent_and_no_errors_of_the_target(
    ran: Any, plan: Any, shop: Shop
) -> None:
    first = step("find", "/items", extract=[{"name": "code", "from": "json", "path": "$.nowhere"}])
    scene = {"steps": [first, step("use", "/items/{{code}}")]}
    code, report, shown = ran(plan(scene, execution={"max_iterations": 10}))
    assert (code, shop.paths) == (98, {"/items"})
    summary = report["summary"]
    counts = {
        name: summary[name] for name in ("total_requests", "sent", "answered", "error_count", "unsent", "cut_off")
    }
    assert counts == {
        "total_requests": 10,
        "sent": 10,
        "answered": 10,
        "error_count": 10,
        "unsent": 10,
        "cut_off": 0,
    }
    assert shop.count == 10
    assert report["metrics"]["errors"]["labels"] == ["Extract: code"]
    assert [(row["error_class"], row["count"], row["share"]) for row in report["unsent"]] == [
        ("Missing variable: code", 10, 50.0)
    ]
    assert "unsent 10  Missing variable: code 10\n" in shown
    assert "INVALID: 10 requests (50.0 %) were not sent for want of a variable" in shown
