"""Test modes: how the load of a run is decided. Each has a folder in ``load_control``, but for concurrent."""

from __future__ import annotations

from typing import Any
from typing import Literal
from typing import get_args

from perfsvc.model.load import Load

TestMode = Literal["concurrent", "step", "error_rate", "adaptive"]
TEST_MODES: tuple[str, ...] = get_args(TestMode)


def mode_of(spec: dict[str, Any]) -> TestMode:
    """The test mode of a RunSpec as JSON."""
    control = (spec.get("load") or {}).get("control") or {}
    mode: TestMode = control.get("kind", "concurrent")
    return mode


def mode_of_load(load: Load) -> TestMode:
    """The test mode that a load profile was made for."""
    return "concurrent" if load.control is None else load.control.kind
