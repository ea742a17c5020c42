"""Tests for plugins: contract suites that every plugin must pass, and a driver that needs no engine.

Nothing else in perfsvc imports this. ``pytest.register_assert_rewrite("perfsvc.plugin.testing")`` in ``conftest.py``
makes failed assertions show their values.

=====================  ========================================================
``drive``              one virtual user: a request from start to done
``rig``                what the contract suite must know of a protocol
``contract``           contract suite for protocols, one check per promise
``data_contract``      contract suite for data sources
``function_contract``  contract suite for functions
``load``               many users with many requests, as the engine makes them
``relay``              counts what a protocol sends
``titles``             titles of options in both languages
``freeform``           fields in which users name what is within
=====================  ========================================================
"""

from perfsvc.event_loop import run_on_loop
from perfsvc.plugin.testing.contract import CHECKS
from perfsvc.plugin.testing.contract import checks_of
from perfsvc.plugin.testing.contract import hold
from perfsvc.plugin.testing.data_contract import DATA_CHECKS
from perfsvc.plugin.testing.data_contract import DataRig
from perfsvc.plugin.testing.data_contract import Setting
from perfsvc.plugin.testing.data_contract import data_checks_of
from perfsvc.plugin.testing.data_contract import data_context
from perfsvc.plugin.testing.data_contract import hold_data
from perfsvc.plugin.testing.data_contract import rows_of
from perfsvc.plugin.testing.drive import EVERYTHING
from perfsvc.plugin.testing.drive import LIMIT_S
from perfsvc.plugin.testing.drive import Outcome
from perfsvc.plugin.testing.drive import User
from perfsvc.plugin.testing.drive import context
from perfsvc.plugin.testing.function_contract import FUNCTION_CHECKS
from perfsvc.plugin.testing.function_contract import FunctionRig
from perfsvc.plugin.testing.function_contract import function_checks_of
from perfsvc.plugin.testing.function_contract import hold_function
from perfsvc.plugin.testing.rig import Behaviour
from perfsvc.plugin.testing.rig import Rig
from perfsvc.plugin.testing.rig import refusing_port

__all__ = [
    "CHECKS",
    "DATA_CHECKS",
    "EVERYTHING",
    "FUNCTION_CHECKS",
    "LIMIT_S",
    "Behaviour",
    "DataRig",
    "FunctionRig",
    "Outcome",
    "Rig",
    "Setting",
    "User",
    "checks_of",
    "context",
    "data_checks_of",
    "data_context",
    "function_checks_of",
    "hold",
    "hold_data",
    "hold_function",
    "refusing_port",
    "rows_of",
    "run_on_loop",
]
