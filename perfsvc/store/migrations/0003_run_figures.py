"""The figures that runs are listed, filtered and ordered by, in columns of their own."""

from __future__ import annotations

import json
from typing import Any

from perfsvc.model.execution import outcome_of
from perfsvc.model.execution import variable_of
from perfsvc.model.test_mode import mode_of
from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import documents
from perfsvc.store.migrations.statements import drop_columns

EXECUTION = {
    "mode": "VARCHAR(20) NOT NULL DEFAULT 'concurrent'",
    "variable": "VARCHAR(20) NOT NULL DEFAULT 'vus'",
}
REPORT = {
    "verdict": "VARCHAR(20) NULL",
    "validity": "VARCHAR(20) NULL",
    "error_rate": "DOUBLE NULL",
    "throughput": "DOUBLE NULL",
    "p95": "DOUBLE NULL",
    "duration": "DOUBLE NULL",
    "spark": "JSON NULL",
}


def up(migrator: Any, db: Any) -> None:
    add_columns(db, "performance_execution", EXECUTION)
    add_columns(db, "performance_report", REPORT)
    place = db.param
    for key, text in documents(db, "performance_execution", "spec"):
        spec = json.loads(text)
        db.execute_sql(
            f"UPDATE `performance_execution` SET `mode` = {place}, `variable` = {place} WHERE `id` = {place}",  # noqa: S608
            (mode_of(spec), variable_of(spec), key),
        )
    names = [*REPORT]
    setting = ", ".join(f"`{name}` = {place}" for name in names)
    for key, text in documents(db, "performance_report", "body"):
        body = json.loads(text)
        values = {**outcome_of(body), "duration": (body.get("summary") or {}).get("duration")}
        values["spark"] = None if values["spark"] is None else json.dumps(values["spark"])
        db.execute_sql(
            f"UPDATE `performance_report` SET {setting} WHERE `id` = {place}",  # noqa: S608 - names of our own
            (*(values[name] for name in names), key),
        )


def down(migrator: Any, db: Any) -> None:
    drop_columns(db, "performance_execution", EXECUTION)
    drop_columns(db, "performance_report", REPORT)
