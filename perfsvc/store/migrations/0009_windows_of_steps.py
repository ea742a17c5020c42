"""Coarser rows have a row for each step, and rows are found by their time.

Coarser rows are dropped: they are made again from the seconds. On the way back the histograms of the seconds get the
form that is known there.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import msgspec
import numpy as np
from peewee import SqliteDatabase

from perfsvc.metrics.histogram import HEADER
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.window import StepWindow
from perfsvc.store import window_blob

TABLE = "performance_metrics"
INDEX = "performance_metrics_time"
COLUMNS = ("shard_key", "aggregation_period", "timestamp")
BATCH = 500


def up(migrator: Any, db: Any) -> None:
    drop_coarser(db)
    if INDEX not in {index.name for index in db.get_indexes(TABLE)}:
        names = ", ".join(f"`{name}`" for name in COLUMNS)
        db.execute_sql(f"CREATE INDEX `{INDEX}` ON `{TABLE}` ({names})")


def down(migrator: Any, db: Any) -> None:
    drop_coarser(db)
    statement = f"SELECT `id`, `windows` FROM `{TABLE}` WHERE `id` > {db.param} ORDER BY `id` LIMIT {BATCH}"  # noqa: S608
    update = f"UPDATE `{TABLE}` SET `windows` = {db.param} WHERE `id` = {db.param}"  # noqa: S608
    last = 0
    while found := db.execute_sql(statement, (last,)).fetchall():
        for last, blob in found:
            if blob:
                db.execute_sql(update, (as_before(bytes(blob)), last))
    if INDEX in {index.name for index in db.get_indexes(TABLE)}:
        db.execute_sql(f"DROP INDEX `{INDEX}`" + ("" if isinstance(db, SqliteDatabase) else f" ON `{TABLE}`"))


def drop_coarser(db: Any) -> None:
    """Drop all rows but those of seconds."""
    db.execute_sql(f"DELETE FROM `{TABLE}` WHERE `aggregation_period` <> '1s'")  # noqa: S608 - a name of our own


def as_before(blob: bytes) -> bytes:
    """The windows of a second with histograms in the form of before; without the sum, which a reader then makes."""
    return window_blob.pack_steps([converted(window) for window in window_blob.all_windows(blob)])


def converted(window: StepWindow) -> StepWindow:
    """A window with its histograms in the form of before."""
    names = ("latency", "from_plan", "failed")
    return msgspec.structs.replace(window, **{name: compressed(getattr(window, name)) for name in names})


def compressed(packed: bytes) -> bytes:
    """A histogram in version 1: steps of two bytes and counts of eight, compressed; other bytes as they are."""
    try:
        histogram = Histogram.unpack(packed)
    except (ValueError, struct.error):
        return packed
    if not histogram.total:
        return b""
    _, used, *figures = HEADER.unpack_from(packed)
    bins = np.flatnonzero(histogram.counts)
    body = np.diff(bins, prepend=0).astype("<u2").tobytes() + histogram.counts[bins].astype("<u8").tobytes()
    return HEADER.pack(1, used, *figures) + zlib.compress(body, 1)
