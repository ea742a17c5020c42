"""Rows of records: names of columns are literals in what is compiled, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc_datasources._columns import row_maker

HOSTILE = [
    "'",
    '"',
    "\\",
    "'''",
    "}",
    "{x}",
    "\n",
    "\u2028",
    "\ud800",
    "\0",
    "value0",
    "records",
    "': 1}) or print() #",
]


@given(st.lists(st.text(max_size=12) | st.sampled_from(HOSTILE), min_size=1, max_size=20, unique=True))
def test_no_name_breaks_out(columns: list[str]) -> None:
    records = [[str(number) for number in range(len(columns))], columns]
    assert row_maker(columns)(records) == [dict(zip(columns, record, strict=True)) for record in records]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 1000])
def test_there_may_be_any_number_of_columns(count: int) -> None:
    columns = [f"c{number}" for number in range(count)]
    assert row_maker(columns)([columns]) == [dict(zip(columns, columns, strict=True))]


@pytest.mark.parametrize("record", [["1"], ["1", "2", "3"]])
def test_records_of_another_width_are_refused(record: list[str]) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        row_maker(["a", "b"])([["1", "2"], record])
