"""How a run ended, where what else the machine does may have kept the generator from its core."""

from __future__ import annotations

from typing import Any

from perfsvc.cli.exit_codes import code_of

OF_A_BUSY_MACHINE = frozenset(
    {"loop_lag", "send_lag", "stood_still", "cpu_saturated", "cpu_starved", "arrivals_dropped"}
)
"""Causes of a validity that is not VALID which say nothing of the target, the plan or the run."""


def assert_passed(code: int, report: dict[str, Any]) -> None:
    """Fail unless a run came to its end without a breach, spoilt by a busy machine at most, and with its exit code."""
    assert report["status"] == "completed", report["reason"]
    assert report["verdict"]["state"] in {"PASSED", "NO_THRESHOLDS"}, report["verdict"]
    assert {cause["code"] for cause in report["validity"]["causes"]} <= OF_A_BUSY_MACHINE, report["validity"]
    assert code == code_of(report)
