"""Bounds of users' regular expressions."""

from __future__ import annotations

import time
from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("pattern", "zh", "en"),
    [
        (
            "数(a",
            r"第 2 个字符处的 ( 没有闭合，请补上 )；要匹配 ( 本身请写 \(",
            r"character 2: this ( is not closed; add ), or write \( for the character itself",
        ),
        (
            "数a)",
            r"第 3 个字符处多了一个 )，请删去；要匹配 ) 本身请写 \)",
            r"character 3: there is a ) too many; remove it, or write \) for the character itself",
        ),
        (
            "a[]",
            r"第 2 个字符处的 [ 没有闭合，请补上 ]；要匹配 [ 本身请写 \[",
            r"character 2: this [ is not closed; add ], or write \[ for the character itself",
        ),
        (
            "*a",
            "第 1 个字符处的 * + ? 或 {…} 前面没有可重复的内容；要匹配字符本身请在前面加 \\",
            "character 1: nothing stands before this * + ? or {…} to repeat; "
            "write \\ before it for the character itself",
        ),
        (
            "a{2,1}",
            "第 3 个字符处的最小次数大于最大次数，请对调",
            "character 3: the least number of repeats is above the most; exchange them",
        ),
        (
            r"\p{Foo}",
            "第 8 个字符处有误（unknown property）",
            "character 8: not understood (unknown property)",
        ),
    ],
)
@pytest.mark.parametrize("compile_it", [compile_pattern, compile_bytes_pattern])
def test_what_is_said_of_a_pattern(pattern: str, zh: str, en: str, compile_it: Callable[[str], object]) -> None:
    with pytest.raises(Fault) as refused:
        compile_it(pattern)
    assert refused.value.problems[0].text == (f"无效的正则表达式：{zh}", f"invalid regular expression: {en}")


@pytest.mark.parametrize("pattern", [r"^\d{1,3}(?:\.\d{1,3}){3}$", r"token=([A-Za-z0-9_-]{20,200})", "(a{100}){100}"])
def test_ordinary_patterns_compile(pattern: str) -> None:
    assert compile_pattern(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(", "a{2", "[", "\\", "(" * 50_000])
def test_what_is_cut_off_costs_linear_time(pattern: str) -> None:
    began = time.process_time()
    expansion(pattern * 3)
    assert time.process_time() - began < 0.5
