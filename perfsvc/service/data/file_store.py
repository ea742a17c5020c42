"""A folder of files under names of our own. Nothing that a user wrote ever becomes part of a path.

A file is written beside the others under a name that ends with ``.part``, synced, and only then renamed: whatever
happens in between, there is a whole file or none.
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

OURS = re.compile(r"[0-9a-f]{32}(\.part)?")
UNFINISHED = ".part"
ENOUGH = 1_048_576
"""Bytes that are written at a time."""


class Stored(NamedTuple):
    """A file that is there to stay; ``digest`` is its SHA-256 in hexadecimal."""

    stored_name: str
    size: int
    digest: str


class FileStore:
    """The folder, made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unfinished: set[str] = set()

    def path(self, stored_name: str) -> Path:
        """Where a file lies. Raises ValueError for a name that is not ours."""
        if not OURS.fullmatch(stored_name):
            raise ValueError(stored_name)
        return self.folder / stored_name

    def receive(self, limit: int) -> Upload:
        """A new file of at most so many bytes, to be written."""
        return Upload(self, limit, self._unfinished)

    async def remove(self, stored_name: str) -> None:
        """Whoever has it open reads on; a file that is gone is no matter."""
        await asyncio.to_thread(self.path(stored_name).unlink, missing_ok=True)

    async def settled(self) -> set[str]:
        """The names of our files that nobody is about to make known: each is known by now, or will never be."""
        lying = await asyncio.to_thread(self._lying)
        return lying - self._unfinished

    def _lying(self) -> set[str]:
        found = os.listdir(self.folder) if self.folder.is_dir() else []
        return {name for name in found if OURS.fullmatch(name)}


class Upload:
    """A file on its way: ``write`` until it is whole, ``keep`` it, and ``release`` it at last, kept or not."""

    def __init__(self, shelf: FileStore, limit: int, unfinished: set[str]) -> None:
        self.size = 0
        self._limit = limit
        self._name = uuid.uuid4().hex
        self._path = shelf.path(self._name + UNFINISHED)
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._handle: int | None = None
        self._kept = False
        self._released = False
        self._settled = False
        self._turn = asyncio.Lock()
        self._unfinished = unfinished
        unfinished.update((self._name, self._path.name))

    async def write(self, data: bytes) -> None:
        """Raises TooLarge, Unavailable when the disk is full."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(self._limit)
        self._waiting += data
        if len(self._waiting) >= ENOUGH:
            await self._do(self._flush)

    async def keep(self) -> Stored:
        """The file, whole and safe on the disk, and not swept before ``settle``. Raises Unavailable."""
        await self._do(self._finish)
        return Stored(self._name, self.size, self._digest.hexdigest())

    def settle(self) -> None:
        """The file is known by now, or will never be; also for one that was not kept."""
        self._settled = True
        if self._kept:
            self._unfinished.discard(self._name)

    async def release(self) -> None:
        """Leave nothing of a file that was not kept; waits for what is being written."""
        self._released = True
        async with self._turn:
            await asyncio.to_thread(self._drop)
        self._unfinished.discard(self._path.name)
        if self._settled or not self._kept:
            self._unfinished.discard(self._name)

    async def _do(self, step: Callable[[], object]) -> None:
        async with self._turn:
            if self._released:
                raise Unavailable("上传已中断", "the upload was broken off")
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
    """Make sure that names in a folder survive a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def not_written(error: OSError) -> PerfsvcError:
    """What is told when the disk does not take a file."""
    return Unavailable(f"文件无法保存：{error.strerror}", f"the file cannot be kept: {error.strerror}")
