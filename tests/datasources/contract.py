"""The names that benches of data sources go by here."""

from perfsvc.plugin.testing import DATA_CHECKS as CHECKS
from perfsvc.plugin.testing import DataBench as Bench
from perfsvc.plugin.testing import Setting
from perfsvc.plugin.testing import data_context as context
from perfsvc.plugin.testing import rows_of as everything

__all__ = ["CHECKS", "Bench", "Setting", "context", "everything"]
