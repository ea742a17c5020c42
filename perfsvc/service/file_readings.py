"""How the plans and presets of a project read its data files, and so which files may be given away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from perfsvc.engine.masking import is_secret
from perfsvc.model.entities import DataFile
from perfsvc.store import data_settings
from perfsvc.store.database import Store


class FileReadings:
    """Columns of data files that the plans and presets of a project name, and files that have secret ones."""

    def __init__(self) -> None:
        self._columns: dict[Any, set[str]] = defaultdict(set)
        """Columns that they name, by the id of the file."""
        self._secret: set[Any] = set()
        """Ids of files with columns that they mark secret."""

    @classmethod
    async def of(cls, store: Store, project_id: int) -> FileReadings:
        """Read them all, batch by batch."""
        readings = cls()
        for next_batch in (data_settings.of_plans, data_settings.of_presets):
            last = 0
            while batch := await store.run(next_batch, project_id, last):
                last = batch[-1][0]
                for _, settings in batch:
                    readings.add(settings)
        return readings

    def add(self, settings: Any) -> None:
        """Take the settings of one plan or preset into account; anything else may stand in their place."""
        file = settings.get(data_settings.FILE) if isinstance(settings, Mapping) else None
        if type(file) is int:
            columns = settings.get("columns")
            self._columns[file].update(map(str, columns) if isinstance(columns, list | Mapping) else ())
            if settings.get("secret_columns"):
                self._secret.add(file)

    def public(self, file: DataFile) -> bool:
        """Return whether a data file may stand in the file of a project: no column of it is a secret one.

        Columns that only plans name count, and so do those of a file that cannot be read without a plan's options.
        """
        unreadable = file.id in self._columns and not file.content.columns
        columns = {*file.content.columns, *self._columns.get(file.id, ())}
        return file.id not in self._secret and not unreadable and not any(map(is_secret, columns))
