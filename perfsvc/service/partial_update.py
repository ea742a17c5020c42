"""The base of partial updates: a missing key keeps its value."""

from __future__ import annotations

from typing import Any

from perfsvc.model.base import Spec
from perfsvc.model.base import titled


class Change(Spec):
    """The fields to change, declared with ``may_change``."""

    def given(self) -> dict[str, Any]:
        """Return the given fields with their values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def may_change(zh: str, en: str, **constraints: Any) -> Any:
    """Declare an optional field. Its type decides whether null is allowed; a missing field is not null."""
    return titled(zh, en, default=None, **constraints)
