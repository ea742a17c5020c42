"""Opening a regular file, and detection of its encoding and delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from typing import Literal

from perfsvc.plugin import InvalidInput

SAMPLE = 262_144
"""Bytes that are looked at."""
SEARCHED = 67_108_864
"""Bytes in which the first character beyond ASCII is looked for."""
DELIMITERS = ",;\t|"
LINES_LOOKED_AT = 50

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins like that of UTF-16."""


def open_regular_file(path: Path, at: str) -> BinaryIO:
    """Open a regular file for reading. Raises InvalidInput for a link, a folder, a pipe or a device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidInput.at(at, f"无法打开文件：{error.strerror}", f"cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InvalidInput.at(at, "不是普通文件", "is not a regular file")
    return os.fdopen(handle, "rb", buffering=0)


def read_now(file: BinaryIO, size: int) -> bytes | None:
    """Return the next bytes, at most ``size``, if they are in the page cache; None if the disk would block.

    Never returns the end of the file, which a blocking read must find: some kernels (5.9, 5.10) return 0 bytes when
    nothing is cached.
    """
    if not hasattr(os, "RWF_NOWAIT"):  # Linux only
        return None
    buffer = bytearray(size)
    try:
        count = os.preadv(file.fileno(), [buffer], file.tell(), os.RWF_NOWAIT)
    except OSError:  # not cached, or not supported by the file system
        return None
    file.seek(count, os.SEEK_CUR)
    return bytes(buffer[:count]) or None


def encoding_of(file: BinaryIO) -> str:
    """The codec that a file is written in, by its mark or by what decodes. Raises InvalidInput."""
    sample = _telling_part(file)
    for mark, codec in MARKS:
        if sample.startswith(mark):
            return codec
    if b"\0" in sample[:1000]:
        return _utf16(sample[:1000])
    for codec in ("utf-8", "gb18030"):
        if _decodes(sample, codec):
            return codec
    raise InvalidInput.at("encoding", "无法识别编码，请指定", "is neither UTF-8 nor GB18030; give the encoding")


def marked_encoding(file: BinaryIO, encoding: str) -> str:
    """Return the codec of a file declared as UTF-16 or UTF-32, by its byte order mark. Raises InvalidInput."""
    codec = encoding_of(file)
    if not codec.startswith(encoding):
        raise InvalidInput.at("encoding", f"文件不是 {encoding} 编码", f"is not {encoding}")
    return codec


def delimiter_of(text: str, quote: str) -> str:
    """The delimiter by which most lines of a sample have the same number of fields."""
    return max(DELIMITERS, key=lambda delimiter: _agreement(text, delimiter, quote))


def sample_of(file: BinaryIO, codec: str) -> str:
    """The beginning of a file as text, without what is cut off at the end."""
    file.seek(0)
    return codecs.getincrementaldecoder(codec)("replace").decode(file.read(SAMPLE))


def _telling_part(file: BinaryIO) -> bytes:
    """The beginning, or the first part that is not ASCII, which any encoding could have written."""
    file.seek(0)
    first = part = file.read(SAMPLE)
    if b"\0" in first:
        return first
    while part and part.isascii() and file.tell() < SEARCHED:
        part = file.read(SAMPLE)
    if part is first or part.isascii():
        return first
    # Not from within a character: from the first line that begins here.
    return part[part.find(b"\n") + 1 :]


def _utf16(sample: bytes) -> str:
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) or min(even, odd) * 10 > max(even, odd):  # only bad bytes
        return "utf-8" if _decodes(sample, "utf-8") else "gb18030"
    return "utf-16-le" if odd > even else "utf-16-be"


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _agreement(text: str, delimiter: str, quote: str) -> tuple[int, int]:
    """Return how many lines agree on a number of fields beyond one, and that number."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if quote == "none" else csv.QUOTE_MINIMAL
    quotechar = None if quote == "none" else quote
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quotechar, quoting=quoting)
    widths: list[int] = []
    with suppress(csv.Error):
        widths.extend(map(len, islice(reader, LINES_LOOKED_AT)))
    split = [width for width in widths if width > 1]
    return max(((split.count(width), width) for width in set(split)), default=(0, 0))
