"""The exit codes of every command."""

from __future__ import annotations

PASSED = 0
INTERNAL = 1
"""Anything that went wrong besides input and thresholds."""
BAD_INPUT = 2
BREACHED = 99
"""A threshold was breached; the code that k6 uses."""
