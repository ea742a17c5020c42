"""Documents with secrets, some at a time, and their sealed form in their place: neither editor nor time changes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Generic
from typing import TypeVar

from perfsvc.model.config import PlanConfig
from perfsvc.store.database import writes
from perfsvc.store.plan_config import from_row
from perfsvc.store.plan_config import to_columns
from perfsvc.store.tables import ConfigRow
from perfsvc.store.tables import PresetRow
from perfsvc.store.tables import SceneRow
from perfsvc.store.tables import Table

Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class Documents(Generic[Document]):
    """Where documents of a kind are stored: ``read`` gets one from a row, ``columns`` the values that store it."""

    name: str
    table: type[Table]
    read: Callable[[Any], Document]
    columns: Callable[[Document, Any], Mapping[str, Any]]


SCENES: Documents[dict[str, Any]] = Documents(
    "scenes", SceneRow, lambda row: row.spec, lambda document, row: {"spec": document}
)
CONFIGS: Documents[PlanConfig] = Documents(
    "plans", ConfigRow, from_row, lambda config, row: to_columns(config, row.env_id)
)
PRESETS: Documents[dict[str, Any]] = Documents(
    "presets", PresetRow, lambda row: row.config_data, lambda document, row: {"config_data": document}
)


def documents_after(documents: Documents[Document], last: int, count: int) -> list[tuple[int, Document]]:
    """Return up to ``count`` documents by id, from the one after ``last``."""
    table = documents.table
    rows = table.select().where(table.id > last).order_by(table.id).limit(count)
    return [(row.id, documents.read(row)) for row in rows]


@writes
def replace(documents: Documents[Document], key: int, before: Document, after: Document) -> bool:
    """Return whether the document was still as ``before``, and is now replaced."""
    table = documents.table
    row = table.get_or_none(table.id == key)
    if row is None or documents.read(row) != before:
        return False
    table.change(table.id == key, **documents.columns(after, row))
    return True
