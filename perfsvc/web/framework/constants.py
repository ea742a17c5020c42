"""Large documents that stay the same while the service runs: written and compressed once, revalidated by ``ETag``."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import Generic
from typing import Self
from typing import TypeVar

T = TypeVar("T")

MOST = 32
"""Documents that are kept: those of a listing differ by its query."""


@dataclass(frozen=True)
class Constant(Generic[T]):
    """A response of the model ``T`` as it is sent: its JSON, compressed, and its ``ETag``."""

    packed: bytes
    etag: str

    @classmethod
    def of(cls, write: Callable[[], bytes]) -> Self:
        """Write and compress a document."""
        plain = write()
        # Weak, since the same version is sent compressed and plain.
        return cls(gzip.compress(plain, mtime=0), f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"')


class Constants:
    """Written documents by name, at most ``MOST``."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Any, asyncio.Task[Constant[Any]]]] = OrderedDict()

    async def get(self, name: str, source: Any, write: Callable[[], bytes]) -> Constant[Any]:
        """Return the document of this name; ``write`` makes a missing or outdated one, in a thread, from ``source``."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != source:
            writing = asyncio.get_running_loop().create_task(written(write))
            kept = self._kept[name] = source, writing
        self._kept.move_to_end(name)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        try:
            return await asyncio.shield(kept[1])  # a client that leaves does not end it for the others
        except Exception:
            if self._kept.get(name) is kept:
                del self._kept[name]
            raise


async def written(write: Callable[[], bytes]) -> Constant[Any]:
    """Write and compress a document in a thread."""
    return await asyncio.to_thread(Constant.of, write)
