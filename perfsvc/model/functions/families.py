"""The built-in functions."""

from __future__ import annotations

from perfsvc.model.functions import counters
from perfsvc.model.functions import dates
from perfsvc.model.functions import digests
from perfsvc.model.functions import random_values
from perfsvc.model.functions import rsa
from perfsvc.model.functions import texts
from perfsvc.model.functions import tokens
from perfsvc.model.functions.function import Function

BUILTIN: tuple[type[Function], ...] = (
    *counters.FUNCTIONS,
    *random_values.FUNCTIONS,
    *dates.FUNCTIONS,
    *texts.FUNCTIONS,
    *digests.FUNCTIONS,
    *tokens.FUNCTIONS,
    *rsa.FUNCTIONS,
)
