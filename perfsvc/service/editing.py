"""Optimistic concurrency: an edit of a version that is no longer current is a conflict, so that no work is lost."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import NamedTuple

from perfsvc.clock import iso_z
from perfsvc.errors import ChangedMeanwhile
from perfsvc.model.entities import User


class Edit(NamedTuple):
    """The editing user and the version edited; None is any version. What comes to be made is named in ``language``."""

    user: User
    version: str | None = None
    language: str = "zh"

    def refuse_stale(self, updated: datetime, by: str | None) -> None:
        """Raises ChangedMeanwhile when the stored version is another one."""
        if self.version is not None and self.version not in (version_of(updated), iso_z(updated)):
            raise ChangedMeanwhile(updated, by)


def version_of(updated: datetime) -> str:
    """The version of what was last changed at a moment, to the microsecond."""
    return updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
