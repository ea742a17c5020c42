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
from perfsvc.plugin import Text

SAMPLE = 262_144
"""Bytes that are looked at."""
SEARCHED = 67_108_864
"""Bytes in which the first character beyond ASCII is looked for."""
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
"""Of files with one column; a control character that no text holds."""
UNICODE = ("utf-8", "utf-16", "utf-32")
"""Encodings of several codecs: with a mark, without one, of either byte order."""
NO_TEXT = Text("不是文本文件", "is not a text file")
LINES_LOOKED_AT = 50
SHOWN = 40
"""Bytes of a word that are shown."""

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


def encoding_of(file: BinaryIO, at: str) -> str:
    """The codec that a file is written in, by its mark or by what decodes. Raises InvalidInput.

    ``at`` is the option that names the file.
    """
    sample = _telling_part(file)
    for mark, codec in MARKS:
        if sample.startswith(mark):
            return codec
    if b"\0" in sample[:1000]:
        codec = _utf16(sample[:1000], at)
    elif _decodes(sample, "utf-8"):
        codec = "utf-8"
    else:
        raise _uncertain(sample, at)
    if _is_binary(sample[:1000].decode(codec, "replace")):
        raise InvalidInput.at(at, *NO_TEXT)
    return codec


def encoding_option(codec: str) -> str:
    """Return the value of the option ``encoding`` that stands for a codec, such as utf-8 for utf-8-sig."""
    return next((name for name in UNICODE if codec.startswith(name)), codec)


def marked_encoding(file: BinaryIO, encoding: str, at: str) -> str:
    """Return the codec of a file declared as UTF-16 or UTF-32, by its byte order mark. Raises InvalidInput."""
    codec = encoding_of(file, at)
    if not codec.startswith(encoding):
        raise InvalidInput.at("encoding", f"文件不是 {encoding} 编码", f"is not {encoding}")
    return codec


def delimiter_of(text: str, quote: str, width: int | None) -> str:
    """Return the delimiter of a sample: the one by which its first line has most fields, or ``width`` where given.

    Of several, the one on which most lines agree. A file of one column has none, whatever its values hold.
    """
    widths = {delimiter: _widths(text, delimiter, quote) for delimiter in DELIMITERS}
    wanted = width or max((each[0] for each in widths.values() if each), default=1)
    if wanted == 1:
        return NO_DELIMITER
    usual = [each for each in DELIMITERS if wanted in (widths[each] if width else widths[each][:1])]
    return max(usual or DELIMITERS, key=lambda each: widths[each].count(wanted))


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


def _utf16(sample: bytes, at: str) -> str:
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) or min(even, odd) * 10 > max(even, odd):  # only bad bytes
        if _decodes(sample, "utf-8"):
            return "utf-8"
        raise _uncertain(sample, at)
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_binary(text: str, most: float = 0.1) -> bool:
    """Return whether so many characters are control characters that no editor has written the text."""
    return sum(each < " " and each not in "\t\n\v\f\r" for each in text) > len(text) * most


def _uncertain(sample: bytes, at: str) -> InvalidInput:
    """Ask for an encoding, and show what the first word that is not UTF-8 would be in the usual ones.

    For bytes of which one in twenty is a control character in every encoding, an encoding would not help.
    """
    if _is_binary(sample[:1000].decode("latin-1"), 0.05):
        return InvalidInput.at(at, *NO_TEXT)
    word = next((word for word in sample.split() if _read(word, "utf-8") is None), b"")[:SHOWN]
    readings = {codec: text for codec in ("gb18030", "windows-1252") if (text := _read(word, codec))}
    zh = "，".join(f"{codec} 读作 {reading}" for codec, reading in readings.items())
    en = ", ".join(f"{reading} in {codec}" for codec, reading in readings.items())
    return InvalidInput.at(
        "encoding",
        "不是 UTF-8，请用 encoding 指定编码" + (f"：某处 {zh}" if zh else ""),
        "is not UTF-8; give the encoding" + (f": a word is {en}" if en else ""),
    )


def _read(word: bytes, codec: str) -> str | None:
    try:
        return word.decode(codec)
    except UnicodeDecodeError:
        return None


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _widths(text: str, delimiter: str, quote: str) -> list[int]:
    """Return the numbers of fields of the first lines that are not empty."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if quote == "none" else csv.QUOTE_MINIMAL
    quotechar = None if quote == "none" else quote
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quotechar, quoting=quoting)
    widths: list[int] = []
    with suppress(csv.Error):
        widths.extend(len(fields) for fields in islice(reader, LINES_LOOKED_AT) if fields)
    return widths
