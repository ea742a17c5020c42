"""Rows on disk: written once in encrypted blocks, read by any number of feeds, gone with the process.

A spool is a file without a name, so that a crash leaves nothing behind, and its key never leaves memory, so that
blocks left on the disk are unreadable: test data often holds account data.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from perfsvc.errors import Text
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row

BLOCK_ROWS = 500
"""Few enough that decoding a block, which holds the interpreter, takes at most a millisecond or two."""
NONCE_BYTES = 12


class Block(NamedTuple):
    """The position of a block in the file."""

    offset: int
    size: int


class Budget:
    """The bytes that all spools together may take. ``make_room`` frees some and returns whether it could."""

    def __init__(self, limit: int, make_room: Callable[[], bool]) -> None:
        self.limit = limit
        self.used = 0
        self._make_room = make_room

    def reserve(self, size: int) -> None:
        """Reserve bytes. Raises DataFailure when there is no room."""
        while self.used + size > self.limit:
            if not self._make_room():
                raise DataFailure(
                    f"数据超过缓存上限 {self.limit} 字节（data_cache_size）",
                    f"the rows need more than the {self.limit} bytes of data_cache_size",
                )
        self.used += size

    def release(self, size: int) -> None:
        """Free bytes that were reserved."""
        self.used -= size


class RowSpool:
    """The rows of one source, counted by reference: the last release deletes them."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        """Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by the last release
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # imported late: few runs need it

        self._cipher = AESGCM(secrets.token_bytes(32))
        self._budget = budget
        self._blocks: list[Block] = []
        self._references = 1
        self.columns: tuple[str, ...] = ()
        self.count = 0
        self.size = 0

    @property
    def closed(self) -> bool:
        """Whether it was released by all users."""
        return self._references == 0

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return len(self._blocks)

    async def append(self, rows: Sequence[Row]) -> None:
        """Append rows. Raises DataFailure when there is no room, or writing fails."""
        for start in range(0, len(rows), BLOCK_ROWS):
            part = rows[start : start + BLOCK_ROWS]
            sealed = await asyncio.to_thread(self._sealed, part)
            self._budget.reserve(len(sealed))
            self._blocks.append(Block(self.size, len(sealed)))
            self.size += len(sealed)
            self.count += len(part)
            await self._write(sealed)

    async def read(self, number: int) -> list[Row]:
        """The rows of a block."""
        return await asyncio.to_thread(self._opened, number)

    def acquire(self) -> None:
        """Add a reference."""
        self._references += 1

    def release(self) -> None:
        """Drop a reference."""
        self._references -= 1
        if not self._references:
            self._file.close()
            self._budget.release(self.size)

    async def _write(self, sealed: bytes) -> None:
        try:
            await asyncio.to_thread(self._file.write, sealed)
            await asyncio.to_thread(self._file.flush)
        except OSError as error:
            raise DataFailure(
                f"无法写入数据缓存：{error.strerror}", f"cannot write the rows to disk: {error.strerror}"
            ) from None

    def _sealed(self, rows: Sequence[Row]) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, msgspec.json.encode(rows), None)

    def _opened(self, number: int) -> list[Row]:
        block = self._blocks[number]
        sealed = os.pread(self._file.fileno(), block.size, block.offset)
        text = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        rows: list[Row] = msgspec.json.decode(text)
        return rows


class SpooledFeed(Feed):
    """The rows of a spool, from the first. ``on_closed`` is called when the feed is closed."""

    def __init__(
        self, spool: RowSpool, warnings: Sequence[Text] = (), on_closed: Callable[[], None] = lambda: None
    ) -> None:
        spool.acquire()
        self._spool = spool
        self._on_closed = on_closed
        self._next_block = 0
        self._rows: list[Row] = []
        self.columns = spool.columns
        self.count = spool.count
        self.warnings = warnings

    async def read(self, limit: int) -> list[Row]:
        if not self._rows and self._next_block < self._spool.blocks:
            self._rows = await self._spool.read(self._next_block)
            self._next_block += 1
        rows, self._rows = self._rows[:limit], self._rows[limit:]
        return rows

    async def rewind(self) -> None:
        self._next_block = 0
        self._rows = []

    async def close(self) -> None:
        self._spool.release()
        self._on_closed()
