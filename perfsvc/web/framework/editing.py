"""Handlers of resources that several people edit: the version goes out as ``ETag`` and comes back as ``If-Match``."""

from __future__ import annotations

from datetime import datetime

from perfsvc.service.editing import Edit
from perfsvc.service.editing import version_of
from perfsvc.web.framework.handler import Handler


class EditHandler(Handler):
    """A resource with a version."""

    @property
    def edit(self) -> Edit:
        """The editing user with the language, and the version that ``If-Match`` names."""
        named = self.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        return Edit(self.user, named if named not in ("", "*") else None, self.language)

    def set_version(self, updated: datetime) -> None:
        """Send the version of the resource as ``ETag``."""
        self.set_header("ETag", f'"{version_of(updated)}"')
