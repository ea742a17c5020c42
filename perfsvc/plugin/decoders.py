"""Content codings undone while a body comes, for replies that are read before they end."""

from __future__ import annotations

import sys
import zlib
from abc import ABC
from abc import abstractmethod
from collections.abc import Callable

import brotli

from perfsvc.plugin.body import GZIP_MAGIC
from perfsvc.plugin.body import GZIP_ONLY
from perfsvc.plugin.body import RAW_DEFLATE
from perfsvc.plugin.body import ZLIB
from perfsvc.plugin.body import Undecodable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Decoder(ABC):
    """One content coding of one body. ``feed`` takes the next bytes; one of their results has at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = max(limit, 1)

    def feed(self, part: bytes) -> bytes:
        """Return what the next bytes become. Raise Undecodable."""
        try:
            return self._undone(part)
        except (zlib.error, brotli.error, zstd.ZstdError) as error:
            raise Undecodable(f"the compressed data is damaged: {error}") from None

    @abstractmethod
    def _undone(self, part: bytes) -> bytes:
        """As ``feed``. Raise what the library raises."""

    def _too_much(self) -> Undecodable:
        return Undecodable(f"one part of the compressed body becomes more than {self._limit} bytes")


class Gzip(Decoder):
    """All members of a gzip body; whatever is behind them is padding."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._member = zlib.decompressobj(GZIP_ONLY)

    def _undone(self, part: bytes) -> bytes:
        found = b""
        while part:
            if self._member.eof:
                if not GZIP_MAGIC.startswith(part[: len(GZIP_MAGIC)]):
                    break
                self._member = zlib.decompressobj(GZIP_ONLY)
            found += self._member.decompress(part, self._limit - len(found) + 1)
            if len(found) > self._limit:
                raise self._too_much()
            part = self._member.unused_data
        return found


class Deflate(Decoder):
    """A zlib stream, or what some servers take the name for: a bare one."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._start: bytes | None = b""
        self._stream = zlib.decompressobj(ZLIB)

    def _undone(self, part: bytes) -> bytes:
        if self._start is not None:
            self._start += part
        try:
            found = self._stream.decompress(part, self._limit + 1)
        except zlib.error:
            if self._start is None:
                raise
            self._stream = zlib.decompressobj(RAW_DEFLATE)
            found = self._stream.decompress(self._start, self._limit + 1)
            self._start = None
        if found:
            self._start = None
        if len(found) > self._limit:
            raise self._too_much()
        return found


class Brotli(Decoder):
    """A brotli stream."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stream = brotli.Decompressor()

    def _undone(self, part: bytes) -> bytes:
        found: bytes = self._stream.process(part, output_buffer_limit=self._limit)
        pending = not self._stream.can_accept_more_data() and not self._stream.is_finished()
        if pending or len(found) > self._limit:
            raise self._too_much()
        return found


class Zstd(Decoder):
    """All frames of a zstd body."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._frame = zstd.ZstdDecompressor()

    def _undone(self, part: bytes) -> bytes:
        found = b""
        while part:
            if self._frame.eof:
                self._frame = zstd.ZstdDecompressor()
            found += self._frame.decompress(part, max_length=self._limit - len(found) + 1)
            if len(found) > self._limit:
                raise self._too_much()
            part = self._frame.unused_data if self._frame.eof else b""
        return found


DECODERS: dict[str, type[Decoder]] = {
    "gzip": Gzip,
    "x-gzip": Gzip,
    "deflate": Deflate,
    "br": Brotli,
    "zstd": Zstd,
}


def undoing(codings: str | None, limit: int) -> Callable[[bytes], bytes] | None:
    """Return a function that undoes codings of a body's next bytes, None for a plain body. Raise Undecodable."""
    names = [name for name in map(str.strip, (codings or "").lower().split(",")) if name not in ("", "identity")]
    unknown = [name for name in names if name not in DECODERS]
    if unknown:
        raise Undecodable(f"the content coding {unknown[0]!r} is unknown")
    decoders = [DECODERS[name](limit) for name in reversed(names)]

    def undo(part: bytes) -> bytes:
        for decoder in decoders:
            part = decoder.feed(part)
        return part

    return undo if decoders else None
