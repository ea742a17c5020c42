"""Snapshots on disk while the database is away: a file of JSON lines per run."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from perfsvc.errors import Conflict
from perfsvc.errors import NotFound
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.window_rows import Row

SUFFIX = ".jsonl"
BATCH = 200
DEFAULT_LIMIT = 256 * 1024 * 1024

log = logging.getLogger(__name__)


class Replayed(NamedTuple):
    """Result of replaying: rows now in the database, and rows lost."""

    written: int
    lost: int


class SnapshotSpool:
    """The file of one run, of at most ``limit`` bytes. Its methods block, so they belong in a thread."""

    def __init__(self, directory: Path, execution_id: str, limit: int = DEFAULT_LIMIT) -> None:
        self.path = directory / f"{execution_id}{SUFFIX}"
        self._limit = limit
        self._size = self.path.stat().st_size if self.path.exists() else 0

    @property
    def empty(self) -> bool:
        return self._size == 0

    def append(self, rows: Iterable[Row]) -> int:
        """Keep rows. Return how many found no room or could not be written."""
        lines = [msgspec.json.encode(row) + b"\n" for row in rows]
        fitting = self._fitting(lines)
        try:
            self._write(b"".join(fitting))
        except OSError as error:
            log.error("the spool cannot be written: %s", error)
            return len(lines)
        return len(lines) - len(fitting)

    def clear(self) -> None:
        """Forget everything."""
        self.path.unlink(missing_ok=True)
        self._size = 0

    def _fitting(self, lines: list[bytes]) -> list[bytes]:
        """The lines up to the first that is beyond the limit."""
        room = self._limit - self._size
        for index, line in enumerate(lines):
            room -= len(line)
            if room < 0:
                return lines[:index]
        return lines

    def _write(self, data: bytes) -> None:
        """Append all or nothing; raises OSError."""
        if not data:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
            # What a failed write left behind the last whole line is cut off by the next.
            file.truncate(self._size)
            file.seek(self._size)
            if file.write(data) != len(data):
                raise OSError("the disk took only a part")
        self._size += len(data)


def files_in(spool_dir: Path) -> list[Path]:
    """Return the files of a spool, in order."""
    return sorted(spool_dir.glob(f"*{SUFFIX}"))


async def replay_spool(store: Store, paths: Iterable[Path], failed: Callable[[Path, Exception], None]) -> Replayed:
    """Write what earlier runs left in their spools, and delete these; for the start of the server.

    What cannot be read is left in place and handed to ``failed``. Raise StoreUnavailable or StoreBusy with the rest
    still in place. Doing it again writes nothing twice.
    """
    written = lost = 0
    for path in paths:
        try:
            one = await replay_file(store, path)
        except OSError as error:
            failed(path, error)
        else:
            written, lost = written + one.written, lost + one.lost
    return Replayed(written, lost)


async def replay_file(store: Store, path: Path) -> Replayed:
    """Write one file's rows and delete it. Rows of a plan that is gone, and lines cut short by a crash, are lost."""
    written = lost = 0
    with path.open("rb") as file:
        while lines := await asyncio.to_thread(next_lines, file):
            rows = [row for row in map(parsed, lines) if row]
            stored = await write(store, rows)
            written += len(rows) if stored else 0
            lost += len(lines) - (len(rows) if stored else 0)
    await asyncio.to_thread(path.unlink)
    log.info("%s: %d snapshots written, %d lost", path.name, written, lost)
    return Replayed(written, lost)


async def write(store: Store, rows: Sequence[Row]) -> bool:
    """Whether the database took the rows; False when it never will. Raises StoreUnavailable, StoreBusy."""
    try:
        await store.run(windows.insert, rows)
    except (NotFound, Conflict) as error:
        log.error("%d snapshots cannot be stored: %s", len(rows), error)
        return False
    return True


def next_lines(file: BufferedReader) -> list[bytes]:
    return list(islice(file, BATCH))


def parsed(line: bytes) -> Row | None:
    """Return None for an incomplete line."""
    try:
        return msgspec.json.decode(line, type=Row)
    except msgspec.MsgspecError:
        return None
