"""What a listing of runs says beside the figures: the level that a search found, and metrics that missed a limit."""

from __future__ import annotations

import json
from typing import Any

from perfsvc.model.execution import breached_of
from perfsvc.model.execution import found_of
from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import documents
from perfsvc.store.migrations.statements import drop_columns

TABLE = "performance_report"
COLUMNS = {"found": "JSON NULL", "breached": "JSON NULL"}


def up(migrator: Any, db: Any) -> None:
    add_columns(db, TABLE, COLUMNS)
    place = db.param
    for key, text in documents(db, TABLE, "body"):
        body = json.loads(text)
        found, breached = found_of(body.get("search")), breached_of((body.get("verdict") or {}).get("thresholds") or [])
        if found is None and not breached:
            continue
        db.execute_sql(
            f"UPDATE `{TABLE}` SET `found` = {place}, `breached` = {place} WHERE `id` = {place}",  # noqa: S608
            (None if found is None else json.dumps(found), json.dumps(breached), key),
        )


def down(migrator: Any, db: Any) -> None:
    drop_columns(db, TABLE, COLUMNS)
