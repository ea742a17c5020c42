"""Load controllers: what the load should be, from what was just measured. Pure.

===============  ====================================================
``controller``   interface of controllers; the levels they may choose
``level_stats``  what was measured at one level
``step``         staircase: table of levels and the knee
``error_rate``   search for the breaking point
``adaptive``     holds a metric at its target
===============  ====================================================
"""

from __future__ import annotations

from perfsvc.load_control.adaptive.controller import AdaptiveController
from perfsvc.load_control.controller import Controller
from perfsvc.load_control.error_rate.controller import ErrorRateController
from perfsvc.load_control.step.controller import StepTable
from perfsvc.model.load import Adaptive
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Load
from perfsvc.model.load import Steps

__all__ = ["Controller", "controller_for"]


def controller_for(load: Load) -> Controller | None:
    """The controller of a load profile; None where its stages are the whole load."""
    match load.control:
        case Steps():
            return StepTable(load)
        case ErrorSearch() as search:
            return ErrorRateController(search, load.variable)
        case Adaptive() as adaptive:
            return AdaptiveController(adaptive, load.variable)
        case None:
            return None
