"""The base of partial updates: a missing key keeps its value."""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from pydantic import model_validator

from perfsvc.model.base import Spec
from perfsvc.model.base import titled

RESOURCE = frozenset({"id", "project_id", "status", "created_at", "updated_at", "updated_by"})
"""Keys of a resource that its owner cannot change."""


class Change(Spec):
    """The fields to change, declared with ``may_change``.

    ``read_only`` keys are those that a GET returns besides: they change nothing, so that its response can be sent back.
    """

    read_only: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _without_read_only(cls, data: Any) -> Any:
        return {key: data[key] for key in data if key not in cls.read_only} if isinstance(data, dict) else data

    def changes(self) -> dict[str, Any]:
        """Return the fields that are set, with their values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def may_change(zh: str, en: str, **constraints: Any) -> Any:
    """Declare an optional field. Its type decides whether null is allowed; a missing field is not null."""
    return titled(zh, en, default=None, **constraints)
