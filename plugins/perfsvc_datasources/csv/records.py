"""Text to records: chunks of the file go through Python's csv module, which is written in C.

A chunk is some whole lines. A record whose quoted field goes on beyond a chunk waits for the next one; an error costs
its own line only, and is reported with the line's number.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from itertools import repeat
from typing import BinaryIO
from typing import NamedTuple

from perfsvc.plugin import Text
from perfsvc_datasources.csv.text_file import read_now

READ_CHUNK = 32_768
"""Bytes that are read at once."""
PARSE_CHUNK = 8_192
"""Characters that are made into rows at once: little work, and rows are used while the processor has them in cache."""
MOST_LINES = 500
"""Lines that a parse chunk has, about. One that is refused takes ten times as long as one that is sound."""
AHEAD = 32
"""Chunks that a thread fetches at a time. One that is asked for each would hold up a busy loop more than its work."""
LONGEST_LINE = 1_048_576
"""Characters."""
UNFINISHED = "unexpected end of data"
"""The csv module's message for a quoted field that is still open at the end of the text; there is no other sign."""
UNDECODABLE = "\udcff"
"""Stands for bytes that do not decode. A lone surrogate, which no codec gives for anything sound."""


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error("perfsvc-undecodable", _mark_undecodable)


class Bad(NamedTuple):
    """An invalid record; ``line`` is where it begins, counted from 1."""

    line: int
    cause: Text


class Fetched(NamedTuple):
    """A chunk that is waiting; ``last`` when nothing comes after it."""

    text: str | None
    last: bool


class Dialect(NamedTuple):
    """Dialect of a file. ``codec`` is a Python name, ``quote`` may be ``none``."""

    codec: str
    delimiter: str
    quote: str

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Return the records of some lines. Raises csv.Error, also for a quote that is still open at the end."""
        if self.quote == "none":
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)


class Records:
    """A file's records from its beginning. ``bad`` has what was refused since it was last emptied."""

    def __init__(self, file: BinaryIO, dialect: Dialect) -> None:
        self.bad: list[Bad] = []
        self.ended = False
        self._dialect = dialect
        self._chunks = Chunks(file, dialect.codec)
        self._line = 0
        self._open = ""
        self._fetched: deque[Fetched] = deque()

    @property
    def easy(self) -> bool:
        """Whether the next chunk is available without waiting and takes less than a millisecond."""
        if not self._fetched and not self._chunks.ended:
            self._fetched.extend(self._chunks.next(wait=False))
        text = self._fetched[0].text if self._fetched else None
        return text is not None and not self._open and len(text) <= 2 * READ_CHUNK

    def header(self) -> list[str]:
        """Return the first record, which has the names; empty for an empty file. Raises csv.Error."""
        text = ""
        while not self.ended:
            text += self._next() or ""
            if len(text) > LONGEST_LINE:
                break
            lines, height = list(io.StringIO(text, newline="")), 0
            try:
                for fields in self._dialect.reader(iter(lines)):
                    height += _height(fields)
                    if fields:
                        self._line, self._open = height, "".join(lines[height:])
                        return fields
            except csv.Error:
                if self.ended:
                    raise
        return []

    def next_chunk(self, width: int) -> list[list[str]]:
        """Return the records of the next chunk with ``width`` fields, possibly none."""
        chunk = self._next()
        if chunk is not None:
            return self._sound(self._open + chunk, width)
        zh, en = f"一行超过 {LONGEST_LINE} 个字符", f"has a line of more than {LONGEST_LINE} characters"
        self._refuse(0, Text(zh, en))
        self._line, self._open = self._line + breaks(self._open) + 1, ""
        return []

    def _next(self) -> str | None:
        if not self._fetched:
            self._fetch()
        text, last = self._fetched.popleft()
        end = 0 if text is None or self._open else parse_chunk_of(text)
        if text is not None and 0 < end < len(text):
            self._fetched.appendleft(Fetched(text[end:], last))
            text, last = text[:end], False
        self.ended = last
        return text

    def _fetch(self) -> None:
        """Read ahead in the file, which may have to be waited for."""
        while len(self._fetched) < AHEAD and not self._chunks.ended:
            self._fetched.extend(self._chunks.next(wait=True))

    def _sound(self, text: str, width: int) -> list[list[str]]:
        self._open = ""
        records = self._records_of(text)
        clean = "\0" not in text and UNDECODABLE not in text
        sound = records if clean and set(map(len, records)) == {width} else self._sifted(records, width, clean)
        self._line += breaks(text) - breaks(self._open)
        self.bad.sort()
        return sound

    def _records_of(self, text: str) -> list[list[str]]:
        if self._is_plain(text):
            delimiter = self._dialect.delimiter
            return list(map(str.split, text.removesuffix("\n").split("\n"), repeat(delimiter)))
        try:
            return list(self._dialect.reader(io.StringIO(text, newline="")))
        except csv.Error:
            return self._one_by_one(text)

    def _is_plain(self, text: str) -> bool:
        """Whether there are no quotes and no blank lines, so that no parser is needed."""
        strange = self._dialect.quote in text or "\r" in text or "\n\n" in text
        return not strange and text[:1] not in ("", "\n")

    def _one_by_one(self, text: str) -> list[list[str]]:
        """The records of a text with something wrong in it. A line of which no record can be made is left out.

        It becomes an empty record, so that the lines can still be counted. Where a record breaks far below its first
        line, one that begins on a line between and is still open at the end of that would break there too: ``doomed``
        is up to where this is known, so that nothing is read twice for every line.
        """
        lines = list(io.StringIO(text, newline=""))
        starts = [0, *accumulate(map(len, lines))]
        records: list[list[str]] = []
        at, doomed, known = 0, 0, ""
        while at < len(lines):
            alone = at < doomed
            upto, before = at + 1 if alone else len(lines), len(records)
            unread = iter(range(at, upto))
            try:
                records.extend(self._dialect.reader(lines[each] for each in unread))
                at = upto
            except csv.Error as error:
                cause = str(error)
                if alone:
                    cause = known if cause == UNFINISHED else cause
                else:
                    known, doomed = cause, next(unread, upto) - (cause != UNFINISHED)
                at += sum(map(_height, records[before:]))
                if cause == UNFINISHED and not self.ended and len(text) - starts[at] <= LONGEST_LINE:
                    self._open = text[starts[at] :]
                    break
                self._refuse(at, Text(f"格式错误：{cause}", f"not as it should be: {cause}"))
                records.append([])
                at += 1
        return records

    def _sifted(self, records: Sequence[list[str]], width: int, clean: bool) -> list[list[str]]:
        sound, line = [], 0
        for fields in records:
            if not clean and any("\0" in field or UNDECODABLE in field for field in fields):
                self._refuse(line, self._unreadable(fields))
            elif len(fields) == width:
                sound.append(fields)
            elif fields:
                self._refuse(line, _miscounted(len(fields), width))
            line += _height(fields)
        return sound

    def _unreadable(self, fields: list[str]) -> Text:
        if any("\0" in field for field in fields):
            return Text("含有 NUL 字符", "has a NUL character in it")
        codec = self._dialect.codec
        return Text(f"不是合法的 {codec} 编码", f"is not {codec}")

    def _refuse(self, below: int, cause: Text) -> None:
        self.bad.append(Bad(self._line + below + 1, cause))


class Chunks:
    """A decoded file in chunks that end with a line break; None for a line that is too long."""

    def __init__(self, file: BinaryIO, codec: str) -> None:
        file.seek(0)
        self.ended = False
        self._file = file
        self._decoder = codecs.getincrementaldecoder(codec)("perfsvc-undecodable")
        self._rest = ""
        self._skipping = False

    def next(self, *, wait: bool) -> Iterator[Fetched]:
        """Yield the next chunk, an empty one inside a long line; nothing if the disk would block."""
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = "", True
            yield Fetched(None, self.ended)
            return
        data = self._file.read(READ_CHUNK) if wait else read_now(self._file, READ_CHUNK)
        if data is not None:
            yield self._chunk(data)

    def _chunk(self, data: bytes) -> Fetched:
        self.ended = not data
        text = self._rest + self._decoder.decode(data, final=self.ended)
        end = len(text) if self.ended else _last_break(text)
        chunk, self._rest = text[:end], text[end:]
        return Fetched(self._after_skipping(chunk) if self._skipping else chunk, self.ended)

    def _after_skipping(self, chunk: str) -> str:
        """Return what follows a line that is too long; the line itself is discarded."""
        if not chunk and not self.ended:
            self._rest = ""
            return ""
        self._skipping = False
        return chunk[len(next(iter(io.StringIO(chunk, newline="")), "")) :]


def breaks(text: str) -> int:
    """Return the number of line breaks of any kind."""
    count = text.count("\n")
    return count + text.count("\r") - text.count("\r\n") if "\r" in text else count


def parse_chunk_of(text: str) -> int:
    """Return the number of characters, whole lines, to parse at once; 0 if the text has no line break."""
    dense = breaks(text[:PARSE_CHUNK])
    reach = PARSE_CHUNK if dense <= MOST_LINES else PARSE_CHUNK * MOST_LINES // dense
    feed = text.find("\n", reach)
    back = text.find("\r", reach, feed if feed >= 0 else None)
    return (feed if back < 0 or back + 1 == feed else back) + 1


@lru_cache(maxsize=16)
def _miscounted(count: int, width: int) -> Text:
    return Text(f"有 {count} 个字段，应为 {width} 个", f"has {count} fields instead of {width}")


def _height(fields: list[str]) -> int:
    """Return the number of lines of a record."""
    return 1 + sum(map(breaks, fields))


def _last_break(text: str) -> int:
    # A carriage return at the very end may be the first half of a break.
    return max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
