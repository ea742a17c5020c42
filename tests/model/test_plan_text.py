"""Documents as YAML."""

from __future__ import annotations

import pytest

from perfsvc.model.plan_text import document_of
from perfsvc.model.plan_text import text_of

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_texts_of_several_lines_are_written_as_such() -> None:
    written = "ca: |\n  -----BEGIN CERTIFICATE-----\n  MIIB\n  -----END CERTIFICATE-----\n"
    assert text_of({"ca": PEM}) == written


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\n\n",
        "\n",
        "\na",
        "  a\nb",
        "a \nb",
        "a\tb\nc",
        "#a\nb: c",
        "a\r\nb",
        "a\x07\nb",
        "- a\n'b",
        "是\n否",
        "\u2028\n",
    ],
)
def test_they_are_read_as_they_were(text: str) -> None:
    document = {"a": text, "b": [{"c": text}]}
    assert document_of(text_of(document), "") == document
