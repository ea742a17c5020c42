"""Bounds of users' regular expressions."""

from __future__ import annotations

import time

import pytest

from perfsvc.model.problems import Fault
from perfsvc.model.user_pattern import LARGEST_EXPANSION
from perfsvc.model.user_pattern import compile_bytes_pattern
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.model.user_pattern import expansion


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        ("abc", 3),
        ("a{5}", 5),
        ("(ab){5}", 10),
        ("((a{2}){3}){4}", 24),
        ("[a-z]{3,7}x", 8),
        (r"\d{4}-\d{2}", 7),
        (r"\p{Lu}{3}", 3),
        (r"\{5}", 3),
        ("a|b{3}", 4),
        ("[{]{3}", 3),
        ("a*b+c?", 3),
        ("{3}", 3),
        ("", 0),
    ],
)
def test_repeats_are_counted_as_if_written_out(pattern: str, characters: int) -> None:
    assert expansion(pattern) == characters


@pytest.mark.parametrize(
    "pattern",
    [
        "((((a{50}){50}){50}){50}){50}",
        "(((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9}",
        "(?:(?:[a-z]{200}){200}){2}",
        "a{99999}",
        "(a|b){30000}",
        "a" * (LARGEST_EXPANSION + 1),
    ],
)
@pytest.mark.parametrize("compile_it", [compile_pattern, compile_bytes_pattern])
def test_patterns_that_multiply_are_refused_at_once(pattern: str, compile_it: object) -> None:
    began = time.process_time()
    with pytest.raises(Fault, match="smaller repeats"):
        compile_it(pattern)  # type: ignore[operator]
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("pattern", [r"^\d{1,3}(?:\.\d{1,3}){3}$", r"token=([A-Za-z0-9_-]{20,200})", "(a{100}){100}"])
def test_ordinary_patterns_compile(pattern: str) -> None:
    assert compile_pattern(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(", "a{2", "[", "\\", "(" * 50_000])
def test_what_is_cut_off_costs_linear_time(pattern: str) -> None:
    began = time.process_time()
    expansion(pattern * 3)
    assert time.process_time() - began < 0.5
