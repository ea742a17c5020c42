"""CSV files of every make: what is detected, what is refused by line, and what costs no memory."""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
from pathlib import Path
from typing import Any

import psutil
import pytest

from perfsvc.errors import InvalidInput
from perfsvc.errors import Text
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc.plugin.testing import data_context
from perfsvc.plugin.testing import rows_of
from perfsvc_datasources.csv import CsvSource
from perfsvc_datasources.csv import records

PEOPLE = [{"name": "张三", "city": "北京"}, {"name": "Zoë", "city": "Nîmes"}]
PEOPLE_TEXT = "name,city\n张三,北京\nZoë,Nîmes\n"


@pytest.fixture
def read(tmp_path: Path):
    """The rows of some bytes, and the warnings."""

    async def read(data: bytes | str, **options: Any) -> tuple[list[Row], list[Text]]:
        path = tmp_path / "data.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        feed = await CsvSource(CsvSource.Options.parse({"file": path.name} | options), data_context(tmp_path)).open()
        try:
            rows = await rows_of(feed)
            assert feed.count == len(rows)
            return rows, list(feed.warnings)
        finally:
            await feed.close()

    return read


# What is found out


@pytest.mark.asyncio
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
async def test_encodings_are_found_out(read, codec: str):
    rows, _ = await read(PEOPLE_TEXT.encode(codec))
    assert rows == PEOPLE


@pytest.mark.asyncio
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
async def test_utf_16_is_known_without_a_mark(read, codec: str):
    text = "name,city\n" + "Ann,Berlin\n" * 100
    rows, warnings = await read(text.encode(codec))
    assert rows == [{"name": "Ann", "city": "Berlin"}] * 100
    assert warnings == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("word", "codec", "readings"),
    [
        ("张三", "gbk", "张三 in gb18030, ÕÅÈý in windows-1252"),
        ("Müller", "iso-8859-1", "M黮ler in gb18030, Müller in windows-1252"),
        ("café", "iso-8859-1", "café in windows-1252"),
    ],
)
async def test_an_encoding_is_asked_for_and_never_guessed(read, word: str, codec: str, readings: str):
    data = f"name\n{word}\n".encode(codec)
    for before in (b"", b"name\n" + b"somebody\n" * 50_000):
        with pytest.raises(InvalidInput) as caught:
            await read(before + data)
        assert str(caught.value) == f"encoding: is not UTF-8; give the encoding: a word is {readings}"
    assert await read(data, encoding=codec) == ([{"name": word}], [])


@pytest.mark.asyncio
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_delimiters_are_found_out(read, delimiter: str):
    text = f'name{delimiter}city\n"a{delimiter}b"{delimiter}x y\nc{delimiter}"1,5;2|3"\n'
    assert (await read(text))[0] == [
        {"name": f"a{delimiter}b", "city": "x y"},
        {"name": "c", "city": "1,5;2|3"},
    ]


@pytest.mark.asyncio
async def test_the_header_decides_the_delimiter(read):
    assert (await read("note\na;b\nc;d\n"))[0] == [{"note": "a;b"}, {"note": "c;d"}]
    assert (await read("id,tags\n1,a;b;c\n2,d;e;f\n"))[0] == [
        {"id": "1", "tags": "a;b;c"},
        {"id": "2", "tags": "d;e;f"},
    ]
    assert (await read("a;b;c\nd;e;f\n", columns=["note"]))[0] == [{"note": "a;b;c"}, {"note": "d;e;f"}]


@pytest.mark.asyncio
async def test_what_is_given_is_not_guessed(read):
    assert (await read("a^b\n'1^2'^3\n", delimiter="^", quote="'"))[0] == [{"a": "1^2", "b": "3"}]
    assert (await read('a,b\n"1,2"\n', quote="none"))[0] == [{"a": '"1', "b": '2"'}]


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_lines_may_end_in_every_way_and_the_last_not_at_all(read, end: str):
    text = end.join(["a,b", '1,"x\ny"', "", '2,"he said ""no"""'])
    assert (await read(text))[0] == [{"a": "1", "b": "x\ny"}, {"a": "2", "b": 'he said "no"'}]


# Columns


@pytest.mark.asyncio
async def test_columns_may_be_named(read):
    rows = [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert await read("1,2\n3,4\n", columns=["a", "b"]) == (rows, [])
    assert await read("x;y;z\n1;2\n3;4\n", columns=["a", "b"], header=True, delimiter=";") == (rows, [])


@pytest.mark.asyncio
async def test_names_that_no_step_can_use_are_reported(read):
    _, warnings = await read("user name,age\n张三,5\n")
    assert [warning.en for warning in warnings] == [
        "these names cannot be variables: user name; name the columns with columns"
    ]


@pytest.mark.asyncio
async def test_another_delimiter_is_proposed(read):
    _, warnings = await read("user;age\nann;5\n", delimiter=",")
    assert warnings[-1].en == "is ; the delimiter? Set delimiter, or auto"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"", "file"),
        (b"\n\n", "file"),
        (b"a,a\n1,2\n", "columns"),
        (b"a,,b\n1,2,3\n", "columns"),
        (b"a\0b,c\n1,2\n", "encoding"),
        (b'"a,b\n1,2\n', "header"),
        (b"a" * 3_000_000, "file"),
    ],
)
async def test_first_lines_that_are_no_names(read, data: bytes, path: str):
    with pytest.raises(InvalidInput) as caught:
        await read(data, encoding="utf-8")
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "data",
    [
        b"\0\1" * 200,
        b"\1\2\3\4a" * 99,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\1\0" * 99,
        bytes(range(256)) * 20,
        gzip.compress(random.Random(1).randbytes(9000)),
    ],
)
async def test_what_is_no_text_is_not_read(read, data: bytes):
    with pytest.raises(InvalidInput) as caught:
        await read(data)
    assert str(caught.value) == "file: is not a text file"


@pytest.mark.asyncio
async def test_a_file_of_names_alone_has_no_rows(read):
    assert await read("a,b") == ([], [])


# Bad rows

BAD = b'a,b\n1,2\n3\n4,5,6\n7,\xff\n8,\0\n9,"x"y\n10,"two\nlines"\n11\n12,13\n'


@pytest.mark.asyncio
async def test_bad_rows_are_reported_by_line_and_left_out(read):
    rows, warnings = await read(BAD, encoding="utf-8")
    assert rows == [{"a": "1", "b": "2"}, {"a": "10", "b": "two\nlines"}, {"a": "12", "b": "13"}]
    assert warnings[0].en == (
        "6 bad rows were skipped: line 3 has 1 fields instead of 2; line 4 has 3 fields instead of 2; "
        "line 5 is not utf-8-sig; line 6 has a NUL character in it; "
        "line 7 not as it should be: ',' expected after '\"'; line 10 has 1 fields instead of 2"
    )


@pytest.mark.asyncio
async def test_or_the_first_is_the_end(read):
    with pytest.raises(DataFailure) as caught:
        await read(BAD, encoding="utf-8", on_bad_row="fail")
    assert caught.value.text == ("第 3 行有 1 个字段，应为 2 个", "line 3 has 1 fields instead of 2")


@pytest.mark.asyncio
async def test_only_some_are_reported(read):
    _, warnings = await read("a,b\n1,2\n" + "x\n" * 5000)
    assert warnings[0].en.startswith("5000 bad rows were skipped: line 3 has")
    assert warnings[0].en.count("line ") == 10
    assert warnings[0].en.endswith(" …")


@pytest.mark.asyncio
async def test_a_second_pass_tells_nothing_twice(read, tmp_path: Path):
    (tmp_path / "twice.csv").write_bytes(BAD)
    feed = await CsvSource(
        CsvSource.Options.parse({"file": "twice.csv", "encoding": "utf-8"}), data_context(tmp_path)
    ).open()
    first = await rows_of(feed)
    told = list(feed.warnings)
    await feed.rewind()
    assert await rows_of(feed) == first
    assert list(feed.warnings) == told
    await feed.close()


@pytest.mark.asyncio
async def test_a_quote_that_is_never_closed_costs_one_line(read):
    text = 'a,b\n1,2\n3,"open\n' + "".join(f"{number},x\n" for number in range(60_000))
    rows, warnings = await read(text)
    assert len(rows) == 60_001
    assert [warning.en for warning in warnings] == [
        "1 bad rows were skipped: line 3 not as it should be: field larger than field limit (131072)"
    ]


@pytest.mark.asyncio
async def test_options_that_fit_no_row_fail(read):
    with pytest.raises(DataFailure) as caught:
        await read("a,b,c\n" + "1;2;3\n" * 5000, delimiter=",")
    assert str(caught.value).startswith("no row is usable: ")


@pytest.mark.asyncio
async def test_rows_known_to_be_bad_end_no_second_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "READ_CHUNK", 1000)
    (tmp_path / "data.csv").write_text("a,b\n" + "bad\n" * 600 + "1,2\n" + "bad\n" * 600)
    feed = await CsvSource(CsvSource.Options.parse({"file": "data.csv"}), data_context(tmp_path)).open()
    for _ in range(2):
        assert await rows_of(feed) == [{"a": "1", "b": "2"}]
        await feed.rewind()
    await feed.close()


@pytest.mark.asyncio
async def test_cells_that_look_like_formulas_are_text(read):
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "{{name}}", "${x}", "<b>"]
    assert [row["a"] for row in (await read("\n".join(["a,b", *(f'"{cell}",' for cell in cells)])))[0]] == cells


@pytest.mark.asyncio
async def test_pieces_fall_anywhere(read, monkeypatch: pytest.MonkeyPatch):
    chance = random.Random(5)
    cells = ["", "x", "a,b", 'say "no"', "two\nlines", "\r\n", "张三", "z" * 40]
    table = [[chance.choice(cells), chance.choice(cells), str(number)] for number in range(300)]
    out = io.StringIO()
    csv.writer(out).writerows([["a", "b", "c"], *table])
    expected = [dict(zip("abc", fields, strict=True)) for fields in table]
    for size in (1, 2, 3, 7, 64, 1000):
        monkeypatch.setattr(records, "READ_CHUNK", size)
        assert await read(out.getvalue(), encoding="utf-8", delimiter=",") == (expected, [])


# What would take everything down


@pytest.mark.asyncio
async def test_a_line_of_a_gigabyte_is_refused_in_little_memory(read, tmp_path: Path):
    path = tmp_path / "data.csv"
    with path.open("wb") as out:
        out.write(b"a,b\n1,2\n")
        out.truncate(200_000_000)  # zeros that take no room on the disk
        out.seek(200_000_000)
        out.write(b"\n3,4\n")
    feed = await CsvSource(
        CsvSource.Options.parse({"file": path.name, "encoding": "utf-8"}), data_context(tmp_path)
    ).open()
    before = psutil.Process().memory_info().rss
    assert await rows_of(feed) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert psutil.Process().memory_info().rss - before < 30_000_000
    assert [warning.en for warning in feed.warnings] == [
        "1 bad rows were skipped: line 3 has a line of more than 1048576 characters"
    ]
    await feed.close()


@pytest.mark.asyncio
async def test_a_record_of_endless_lines_is_refused_in_little_memory(read):
    text = 'a,b\n1,2\n"' + 'x\n","' * 1_000_000 + '"\n3,4\n'
    before = psutil.Process().memory_info().rss
    rows, warnings = await read(text)
    assert (rows[0], rows[-1]) == ({"a": "1", "b": "2"}, {"a": "3", "b": "4"})
    assert "bad rows were skipped: line 3 " in warnings[0].en
    assert psutil.Process().memory_info().rss - before < 40_000_000


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
async def test_only_plain_files_are_opened(tmp_path: Path, kind: str):
    path = tmp_path / "data.csv"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(InvalidInput) as caught:
        await CsvSource(CsvSource.Options.parse({"file": path.name}), data_context(tmp_path)).open()
    assert [problem.path for problem in caught.value.problems] == ["file"]


@pytest.mark.asyncio
async def test_the_version_that_was_opened_is_read_to_the_end(tmp_path: Path):
    path = tmp_path / "data.csv"
    path.write_text("a\n" + "old\n" * 50_000)
    feed = await CsvSource(CsvSource.Options.parse({"file": path.name}), data_context(tmp_path)).open()
    await feed.read(10)
    (tmp_path / "new").write_text("a\nnew\n")
    os.replace(tmp_path / "new", path)
    rest = await rows_of(feed)
    assert len(rest) == 49_990
    assert {row["a"] for row in rest} == {"old"}
    await feed.close()


@pytest.mark.asyncio
async def test_a_million_rows_take_little_memory_in_all(tmp_path: Path):
    path = tmp_path / "data.csv"
    with path.open("w") as out:
        out.write("username,password,token\n")
        out.writelines(f"user{number},secret{number},{number:032x}\n" for number in range(1_000_000))
    before = psutil.Process().memory_info().rss
    feed = await CsvSource(CsvSource.Options.parse({"file": path.name}), data_context(tmp_path)).open()
    count = most = 0
    while block := await feed.read(1000):
        count += len(block)
        if count % 100_000 < len(block):
            most = max(most, psutil.Process().memory_info().rss)
    await feed.close()
    assert count == feed.count == 1_000_000
    assert most - before < 60_000_000
