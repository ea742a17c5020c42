"""The data source, and one reader of its file, a chunk at a time. What may take long is done in a thread."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from typing import BinaryIO

from perfsvc.plugin import DataFailure
from perfsvc.plugin import DataSource
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc_datasources._blocks import BlockFeed
from perfsvc_datasources._columns import MOST_COLUMNS
from perfsvc_datasources._columns import row_maker
from perfsvc_datasources._columns import unusable
from perfsvc_datasources.csv.options import Options
from perfsvc_datasources.csv.records import UNDECODABLE
from perfsvc_datasources.csv.records import Bad
from perfsvc_datasources.csv.records import Dialect
from perfsvc_datasources.csv.records import Records
from perfsvc_datasources.csv.text_file import DELIMITERS
from perfsvc_datasources.csv.text_file import NO_DELIMITER
from perfsvc_datasources.csv.text_file import delimiter_of
from perfsvc_datasources.csv.text_file import encoding_of
from perfsvc_datasources.csv.text_file import encoding_option
from perfsvc_datasources.csv.text_file import marked_encoding
from perfsvc_datasources.csv.text_file import open_regular_file
from perfsvc_datasources.csv.text_file import sample_of

EXAMPLES = 10
SHOWN = 40
"""Characters of a name."""
HOPELESS = 1000
"""With as many bad rows and not one valid row, the options are wrong and not the rows."""


class CsvSource(DataSource):
    """A file of the project, or one beside the plan file."""

    name = "csv"
    title = Text("CSV 文件", "CSV file")
    Options = Options

    async def open(self) -> CsvFeed:
        options = self.options
        at, which = ("file", options.file) if options.datafile_id is None else ("datafile_id", options.datafile_id)
        path = await self.context.file(which)
        file = await asyncio.to_thread(open_regular_file, path, at)
        try:
            return await asyncio.to_thread(CsvFeed, file, options)
        except BaseException:
            file.close()
            raise


class CsvFeed(BlockFeed):
    """Rows of a file. The version that was opened is read to the end, whatever becomes of the file's name."""

    json_safe = True  # what does not decode is no row

    def __init__(self, file: BinaryIO, options: Options) -> None:
        """Detect what the options leave open. Raises InvalidInput, DataFailure. Slow: for a thread."""
        self._file = file
        self._options = options
        self._dialect = dialect_of(file, options)
        self.encoding = encoding_option(self._dialect.codec)
        self.delimiter = None if self._dialect.delimiter == NO_DELIMITER else self._dialect.delimiter
        self._bad = BadRows(fatal=options.on_bad_row == "fail")
        super().__init__()
        self._begin()
        self.columns = options.columns or self._names
        self._rows_of = row_maker(self.columns)
        self._notes = notes(self.columns)

    @property
    def warnings(self) -> list[Text]:  # type: ignore[override]
        """Detected properties of the file, and the rows skipped so far."""
        return [*self._notes, *self._bad.described()]

    async def block(self) -> list[Row]:
        rows: list[Row] = []
        while not rows and not self._records.ended:
            if self._records.easy:
                await asyncio.sleep(0)  # there may be no sound row for long
                rows = self._parse()
            else:
                rows = await asyncio.to_thread(self._parse)
        return rows

    def small_block(self) -> list[Row]:
        return self._parse() if self._mostly_sound and self._records.easy else []

    async def rewind(self) -> None:
        await self.settle()
        await asyncio.to_thread(self._begin)

    async def close(self) -> None:
        await self.settle()
        self._file.close()

    def _begin(self) -> None:
        self._records = Records(self._file, self._dialect)
        self._sound = 0
        self._mostly_sound = True
        if self._options.has_header:
            self._names = header_of(self._records, self._dialect, self._options)
        if self._records.ended:
            self.count = 0

    def _parse(self) -> list[Row]:
        chunk = self._records.next_chunk(len(self.columns))
        self._sound += len(chunk)
        self._mostly_sound = len(chunk) >= len(self._records.bad)
        self._bad.add(self._records.bad, self._sound)
        self._records.bad = []
        if self._records.ended:
            self.count = self._sound
        return self._rows_of(chunk)


class BadRows:
    """The rows that were left out: how many, and the first of them. A second pass over the file adds nothing."""

    def __init__(self, *, fatal: bool) -> None:
        self._fatal = fatal
        self._count = 0
        self._last_line = 0
        self._examples: list[Bad] = []

    def add(self, bad: list[Bad], sound: int) -> None:
        """Count bad rows. Raises DataFailure where they are not allowed, and where there is no other row."""
        if bad and self._fatal:
            line, cause = bad[0]
            raise DataFailure(f"第 {line} 行{cause.zh}", f"line {line} {cause.en}")
        fresh = [each for each in bad if each.line > self._last_line]
        if fresh:
            self._last_line = fresh[-1].line
            self._count += len(fresh)
            self._examples += fresh[: EXAMPLES - len(self._examples)]
            if self._count >= HOPELESS and not sound:
                skipped = self.described()[0]
                raise DataFailure(f"没有一行可用。{skipped.zh}", f"no row is usable: {skipped.en}")

    def described(self) -> list[Text]:
        """Describe the skipped rows; an empty list if there are none."""
        if not self._count:
            return []
        zh = "；".join(f"第 {line} 行{cause.zh}" for line, cause in self._examples)
        en = "; ".join(f"line {line} {cause.en}" for line, cause in self._examples)
        more = self._count > len(self._examples)
        return [
            Text(
                f"跳过了 {self._count} 行：{zh}{' …' if more else ''}",
                f"{self._count} bad rows were skipped: {en}{' …' if more else ''}",
            )
        ]


def _file_field(options: Options) -> str:
    """The option that names the file."""
    return "datafile_id" if options.file is None else "file"


def dialect_of(file: BinaryIO, options: Options) -> Dialect:
    """Return the file's dialect, given or detected. Raises InvalidInput."""
    at = _file_field(options)
    codec = encoding_of(file, at) if options.encoding == "auto" else options.encoding
    codec = marked_encoding(file, codec, at) if options.encoding in ("utf-16", "utf-32") else codec
    codec = "utf-8-sig" if codec == "utf-8" else codec
    if options.delimiter != "auto":
        return Dialect(codec, options.delimiter, options.quote)
    width = len(options.columns) if options.columns else None
    return Dialect(codec, delimiter_of(sample_of(file, codec), options.quote, width), options.quote)


NO_NAMES = Text(
    "文件为空或首行过长：首行应写列名",
    "the file is empty, or its first line too long: the first line must have the names of the columns",
)


def header_of(records: Records, dialect: Dialect, options: Options) -> list[str]:
    """Return the names in the first line. Raises InvalidInput if they cannot name columns."""
    try:
        names = [name.strip() for name in records.header()]
    except csv.Error as error:
        raise InvalidInput.at("header", f"无法读取首行：{error}", f"the first line cannot be read: {error}") from None
    if not options.named_by_file:
        return names
    if not names:
        raise InvalidInput.at(_file_field(options), *NO_NAMES)
    if any("\0" in name or UNDECODABLE in name for name in names):
        raise InvalidInput.at(
            "encoding", f"首行不是 {dialect.codec} 编码的文本", f"the first line is not {dialect.codec}"
        )
    if (cause := unusable_header(names)) is not None:
        raise InvalidInput.at("columns", *cause)
    return names


def unusable_header(names: Sequence[str]) -> Text | None:
    """Return why the names of the first line cannot be those of columns; None where they can."""
    if len(names) > MOST_COLUMNS:
        count = len(names)
        return Text(f"首行有 {count} 列，最多 {MOST_COLUMNS} 列", f"there are {count} columns; {MOST_COLUMNS} at most")
    if "" in names:
        number = names.index("") + 1
        return Text(
            f"首行第 {number} 列没有列名：请补上列名或删去多余的分隔符，也可以用 columns 指定",
            f"column {number} has no name in the first line: add it, remove the spare delimiter, or give columns",
        )
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is None:
        return None
    return Text(
        f"首行有两个列名都是 {twice[:SHOWN]}：请改名，也可以用 columns 指定",
        f"two columns are named {twice[:SHOWN]} in the first line: rename one, or give columns",
    )


def notes(columns: Sequence[str]) -> list[Text]:
    """Notes on a delimiter that is probably another one, or else on names that cannot be variables."""
    other = next((each for each in DELIMITERS if len(columns) == 1 and each in columns[0]), None)
    if other is not None:
        shown = "Tab" if other == "\t" else other
        return [
            Text(f"分隔符是不是 {shown}？请改 delimiter 或用 auto", f"is {shown} the delimiter? Set delimiter, or auto")
        ]
    useless = ", ".join(unusable(columns))
    if not useless:
        return []
    zh = f"以下列名不能用作变量：{useless}；请用 columns 另行命名"
    return [Text(zh, f"these names cannot be variables: {useless}; name the columns with columns")]
