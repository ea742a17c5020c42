"""Reports of ended runs."""

from __future__ import annotations

from perfsvc.model.entities import Report
from perfsvc.store import reports
from perfsvc.store.database import Store


class Reports:
    """Reads and deletes reports."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, report_id: int) -> Report:
        return await self._store.run(reports.get, report_id)

    async def delete(self, report_id: int) -> None:
        await self._store.run(reports.delete, report_id)
