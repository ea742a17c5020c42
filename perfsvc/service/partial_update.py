"""The base of every partial update: a key that is not given keeps its value."""

from __future__ import annotations

from typing import Any

from perfsvc.model.base import Spec
from perfsvc.model.base import titled


class Change(Spec):
    """What is to be changed, and nothing else. Fields are declared with ``may_change``."""

    def given(self) -> dict[str, Any]:
        """The fields that were given, with their values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def may_change(zh: str, en: str, **constraints: Any) -> Any:
    """A field that may be left out. Its type says whether null is a value; leaving out is not the same as null."""
    return titled(zh, en, default=None, **constraints)
