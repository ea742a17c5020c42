"""The exit codes of every command, and of a run by its report."""

from __future__ import annotations

from typing import Any

PASSED = 0
"""Every threshold held, or there was none."""
INTERNAL = 1
"""The run failed, or anything else went wrong besides what has a code of its own."""
BAD_INPUT = 2
INVALID = 98
"""The figures cannot be used: no request reached the target, or the generator was not fit."""
BREACHED = 99
"""A threshold was breached; the code that k6 uses."""
INTERRUPTED = 130
"""Ctrl-C or SIGTERM ended the run before its time; the code that shells use."""


def code_of(report: dict[str, Any]) -> int:
    """Return the exit code of a run. What was shown of the target comes before what kept more from being shown."""
    verdict = report["verdict"]
    failed = report["status"] == "failed"
    broken = [outcome for outcome in verdict["thresholds"] if not outcome["passed"]]
    if verdict["state"] == "FAILED" and any(outcome["value"] is not None or not failed for outcome in broken):
        return BREACHED
    if failed:
        return INTERNAL
    if verdict["state"] == "STOPPED":
        return INTERRUPTED
    return INVALID if report["validity"]["state"] == "INVALID" else PASSED
