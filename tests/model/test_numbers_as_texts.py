"""Texts that the schema of a rate, a duration or a size allows are read, but for a number out of the field's range."""

from __future__ import annotations

from typing import Annotated
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter
from pydantic import ValidationError

from perfsvc.model.duration import Milliseconds
from perfsvc.model.duration import Seconds
from perfsvc.model.rate import PerSecond
from perfsvc.model.size import Bytes
from tests.support.schema_values import matching

FIELDS: dict[str, tuple[type, Any]] = {
    "rate": (float, PerSecond(100)),
    "rate from 0": (float, PerSecond(100, zero=True)),
    "seconds": (float, Seconds(0, 60)),
    "seconds from 0.1": (float, Seconds(0.1, 60)),
    "milliseconds": (int, Milliseconds(1, 60_000)),
    "bytes": (int, Bytes(0)),
    "bytes from 1": (int, Bytes(1, 1_000)),
}
OUT_OF_RANGE = ("less_than_equal", "greater_than_equal")
"""What a schema cannot say of a number that is written as a text."""
EDGES = ["", " ", "0", "00", "0.0", "0/s", " 0 / min ", "0.001/h", "1/s\n", "1", "1.", ".5", "-1", "1e3", "1/d", "2 s",
         "0s", "2s", "0.5ms", "1.5ms", "1h1m1s1ms", "1s1s", "1m1h", "1kb", "1 KiB", "1 kIB", "1 TB", "0.4 B", "9" * 40,
         "9" * 41, "1" + " " * 40, "0." + "0" * 37 + "1", "\u0661/s", "\uff12"]  # fmt: skip


def faults(adapter: TypeAdapter[Any], text: str) -> list[str]:
    """Why a text is not read, without those that only the range forbids."""
    try:
        adapter.validate_python(text)
    except ValidationError as error:
        kinds = {each["type"]: each["msg"] for each in error.errors()}
        return [said for kind, said in kinds.items() if kind not in OUT_OF_RANGE and "whole milliseconds" not in said]
    return []


@pytest.mark.parametrize("name", FIELDS)
def test_a_text_that_its_schema_allows_is_read(name: str) -> None:
    kind, marker = FIELDS[name]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[kind, marker])
    schema = adapter.json_schema()
    allows = Draft202012Validator(schema).is_valid
    texts = matching(schema["pattern"]) | st.text("0123456789./ smhinkKMGbB", max_size=45)

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
    @given(texts)
    @example("0/s")
    def check(text: str) -> None:
        assert not allows(text) or faults(adapter, text) == []

    check()
    for text in EDGES:
        check.hypothesis.inner_test(text)


def test_a_rate_of_arrivals_is_above_0_in_its_schema_too() -> None:
    allows = Draft202012Validator(TypeAdapter(Annotated[float, PerSecond(100)]).json_schema()).is_valid
    assert [text for text in EDGES if allows(text)] == [
        "0.001/h",
        "1/s\n",
        "1",
        "9" * 40,
        "0." + "0" * 37 + "1",
    ]
