"""For the tests of plugins: drive a protocol without an engine, and hold plugins to what perfsvc expects of all.

Nothing else in perfsvc imports this. ``pytest.register_assert_rewrite("perfsvc.plugin.testing")`` in ``conftest.py``
makes a broken promise tell its values.

=================  =================================================================
``drive``          one virtual user: a request from start to done, and what came of it
``rig``          what the contract suite must know of a protocol
``contract``       the contract suite for protocols, one check for each promise
``load``           many users and their requests, one after the other, as the engine makes them
``relay``          what a protocol sends, counted
``data_contract``  the same for data sources
=================  =================================================================
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
from perfsvc.plugin.testing.rig import Behaviour
from perfsvc.plugin.testing.rig import Rig
from perfsvc.plugin.testing.rig import refusing_port

__all__ = [
    "CHECKS",
    "DATA_CHECKS",
    "EVERYTHING",
    "LIMIT_S",
    "Behaviour",
    "DataRig",
    "Outcome",
    "Rig",
    "Setting",
    "User",
    "checks_of",
    "context",
    "data_checks_of",
    "data_context",
    "hold",
    "hold_data",
    "refusing_port",
    "rows_of",
    "run_on_loop",
]
