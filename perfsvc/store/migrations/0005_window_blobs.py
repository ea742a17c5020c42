"""The windows of a second leave the JSON document for a column of their own: binary, compressed, a third of the size.

Coarser rows are dropped: they are made again from the seconds, in a form that adds up over nodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from perfsvc.model.window import StepWindow
from perfsvc.store import window_blob
from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

TABLE = "performance_metrics"
COLUMNS = {"windows": "LONGBLOB NULL"}
BATCH = 500


def up(migrator: Any, db: Any) -> None:
    add_columns(db, TABLE, COLUMNS)
    db.execute_sql(f"DELETE FROM `{TABLE}` WHERE `aggregation_period` <> '1s'")  # noqa: S608 - a name of our own
    update = f"UPDATE `{TABLE}` SET `metrics_data` = {db.param}, `windows` = {db.param} WHERE `id` = {db.param}"  # noqa: S608
    for key, text in rows(db, "`windows` IS NULL", "metrics_data"):
        document = json.loads(text)
        windows = msgspec.convert(document.pop("windows", []), list[StepWindow])
        failed = sum(sum(window.failures.values()) for window in windows)
        requests = sum(window.requests for window in windows)
        document |= {"windows": [], "request_count": requests, "failure_count": failed}
        # Which steps are groups is not known here; without the sum of all requests a reader makes it.
        db.execute_sql(update, (json.dumps(document, ensure_ascii=False), window_blob.pack_steps(windows), key))


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(f"DELETE FROM `{TABLE}` WHERE `aggregation_period` <> '1s'")  # noqa: S608
    update = f"UPDATE `{TABLE}` SET `metrics_data` = {db.param}, `windows` = NULL WHERE `id` = {db.param}"  # noqa: S608
    for key, text, blob in rows(db, "`windows` IS NOT NULL", "metrics_data", "windows"):
        document = json.loads(text)
        windows = window_blob.all_windows(bytes(blob))
        document["windows"] = json.loads(msgspec.json.encode([without_failed(window) for window in windows]))
        for name in ("request_count", "failure_count"):
            document.pop(name, None)
        db.execute_sql(update, (json.dumps(document, ensure_ascii=False), key))
    drop_columns(db, TABLE, COLUMNS)


def rows(db: Any, condition: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Rows of a table that is large, a few at a time; each is changed so that it is not found again."""
    names = ", ".join(f"`{name}`" for name in ("id", *columns))
    statement = f"SELECT {names} FROM `{TABLE}` WHERE `id` > {db.param} AND {condition} ORDER BY `id` LIMIT {BATCH}"  # noqa: S608
    last = 0
    while found := db.execute_sql(statement, (last,)).fetchall():
        yield from found
        last = found[-1][0]


def without_failed(window: StepWindow) -> StepWindow:
    """The window as it was before latencies of failures were kept."""
    return msgspec.structs.replace(window, failed=b"")
