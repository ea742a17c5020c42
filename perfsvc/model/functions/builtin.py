"""The built-in functions."""

from __future__ import annotations

from perfsvc.model.functions import digests
from perfsvc.model.functions import drawn
from perfsvc.model.functions import moments
from perfsvc.model.functions import texts
from perfsvc.model.functions import tokens
from perfsvc.model.functions import users
from perfsvc.model.functions.function import Function

BUILTIN: tuple[type[Function], ...] = (
    *users.FUNCTIONS,
    *drawn.FUNCTIONS,
    *moments.FUNCTIONS,
    *texts.FUNCTIONS,
    *digests.FUNCTIONS,
    *tokens.FUNCTIONS,
)
