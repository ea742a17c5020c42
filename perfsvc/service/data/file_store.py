"""A folder of files under generated names. User input never becomes part of a path.

A file is written under a name that ends with ``.part``, synced, and then renamed, so that a crash leaves a whole file
or none.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from perfsvc.errors import PerfsvcError
from perfsvc.errors import TooLarge
from perfsvc.errors import Unavailable

STORED_NAME = re.compile(r"[0-9a-f]{32}(\.part)?")
UNFINISHED = ".part"
WRITE_BYTES = 1_048_576
"""Buffered before each write."""


class Stored(NamedTuple):
    """A complete file; ``digest`` is its SHA-256 in hexadecimal."""

    stored_name: str
    size: int
    digest: str


class FileStore:
    """The folder, created on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unfinished: set[str] = set()

    def path(self, stored_name: str) -> Path:
        """Return the path of a file. Raises ValueError for a name that was not generated here."""
        if not STORED_NAME.fullmatch(stored_name):
            raise ValueError(stored_name)
        return self.folder / stored_name

    def receive(self, limit: int) -> Upload:
        """Return a new upload of at most ``limit`` bytes."""
        return Upload(self, limit, self._unfinished)

    async def remove(self, stored_name: str) -> None:
        """Delete a file, if it exists; open handles stay readable."""
        await asyncio.to_thread(self.path(stored_name).unlink, missing_ok=True)

    async def sweepable(self) -> set[str]:
        """Return the names of all files but those of uploads in progress."""
        present = await asyncio.to_thread(self._present)
        return present - self._unfinished

    def _present(self) -> set[str]:
        names = os.listdir(self.folder) if self.folder.is_dir() else []
        return {name for name in names if STORED_NAME.fullmatch(name)}


class Upload:
    """A file being received: ``write`` its bytes, ``keep`` it when complete, ``release`` it in any case."""

    def __init__(self, file_store: FileStore, limit: int, unfinished: set[str]) -> None:
        self.size = 0
        self._limit = limit
        self._name = uuid.uuid4().hex
        self._path = file_store.path(self._name + UNFINISHED)
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._handle: int | None = None
        self._kept = False
        self._released = False
        self._sweep_allowed = False
        self._lock = asyncio.Lock()
        self._unfinished = unfinished
        unfinished.update((self._name, self._path.name))

    async def write(self, data: bytes) -> None:
        """Raises TooLarge, Unavailable when the disk is full."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(self._limit)
        self._waiting += data
        if len(self._waiting) >= WRITE_BYTES:
            await self._in_thread(self._flush)

    async def keep(self) -> Stored:
        """Return the complete, synced file; it is not swept before ``allow_sweep``. Raises Unavailable."""
        await self._in_thread(self._finish)
        return Stored(self._name, self.size, self._digest.hexdigest())

    def allow_sweep(self) -> None:
        """End the protection from sweeping: the file has its row in the database, or never will."""
        self._sweep_allowed = True
        if self._kept:
            self._unfinished.discard(self._name)

    async def release(self) -> None:
        """Remove an incomplete file, after any write in progress."""
        self._released = True
        async with self._lock:
            await asyncio.to_thread(self._drop)
        self._unfinished.discard(self._path.name)
        if self._sweep_allowed or not self._kept:
            self._unfinished.discard(self._name)

    async def _in_thread(self, step: Callable[[], object]) -> None:
        async with self._lock:
            if self._released:
                raise Unavailable("上传已中断", "the upload was aborted")
            try:
                await asyncio.to_thread(step)
            except OSError as error:
                raise not_written(error) from None

    def _flush(self) -> int:
        if self._handle is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        data, self._waiting = memoryview(self._waiting), bytearray()
        self._digest.update(data)
        while data:
            data = data[os.write(self._handle, data) :]
        return self._handle

    def _finish(self) -> None:
        handle = self._flush()
        os.fsync(handle)
        os.close(handle)
        self._handle = None
        os.rename(self._path, self._path.with_suffix(""))
        self._kept = True
        sync_folder(self._path.parent)

    def _drop(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self._path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that its file names survive a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def not_written(error: OSError) -> PerfsvcError:
    """Return the error for a failed write."""
    return Unavailable(f"文件无法保存：{error.strerror}", f"the file cannot be written: {error.strerror}")
