"""What is wrong with a regular expression, by what the library says of it."""

from __future__ import annotations

from typing import Any

from perfsvc.errors import Text
from perfsvc.model.problems import Fault
from perfsvc.model.syntax_faults import expression_fault
from perfsvc.model.syntax_faults import not_understood

REGULAR = Text("正则表达式", "regular expression")
REASONS = {
    "missing )": Text(
        r"的 ( 没有闭合，请补上 )；要匹配 ( 本身请写 \(",
        r"this ( is not closed; add ), or write \( for the character itself",
    ),
    "unterminated character set": Text(
        r"的 [ 没有闭合，请补上 ]；要匹配 [ 本身请写 \[",
        r"this [ is not closed; add ], or write \[ for the character itself",
    ),
    "unbalanced parenthesis": Text(
        r"多了一个 )，请删去；要匹配 ) 本身请写 \)",
        r"there is a ) too many; remove it, or write \) for the character itself",
    ),
    "nothing to repeat": Text(
        "的 * + ? 或 {…} 前面没有可重复的内容；要匹配字符本身请在前面加 \\",
        r"nothing stands before this * + ? or {…} to repeat; write \ before it for the character itself",
    ),
    "multiple repeat": Text(
        "的重复次数不能叠加，请删去一个，或把前一部分放进 (?:…)",
        "two repeats in a row; remove one, or put the part before into (?:…)",
    ),
    "min repeat greater than max repeat": Text(
        "的最小次数大于最大次数，请对调", "the least number of repeats is above the most; exchange them"
    ),
    "bad character range": Text(
        r"的字符范围起点大于终点，请对调；要匹配 - 本身请写 \-",
        r"the range begins above its end; exchange them, or write \- for the character itself",
    ),
    "bad escape (end of pattern)": Text(
        r"的 \ 后面没有字符；要匹配 \ 本身请写 \\", r"nothing follows this \; write \\ for the character itself"
    ),
    "unknown extension": Text(
        "的 (? 写法无法识别，例如 (?:…)、(?P<name>…)、(?=…)", "this (? is not known; write (?:…), (?P<name>…) or (?=…)"
    ),
    "bad character in group name": Text(
        "的分组名有误，只能含字母、数字和下划线，且不以数字开头",
        "a name of a group has letters, digits and _ only, and does not begin with a digit",
    ),
    "invalid group reference": Text("引用的分组不存在", "there is no such group"),
    "unknown group": Text("引用的分组不存在", "there is no such group"),
}
BEHIND = frozenset({"bad character range", "bad escape (end of pattern)", "bad character in group name"})
"""Errors whose place is behind the character in question."""


def pattern_fault(error: Any, opened: dict[str, int]) -> Fault:
    """Return the fault for what ``regex`` raised; ``opened`` has where a ``(`` and a ``[`` are that are not closed."""
    message, at = str(error.msg), error.pos
    if at is not None and isinstance(error.pattern, bytes):
        at = len(error.pattern[:at].decode(errors="ignore"))
    if at is not None and message in BEHIND:
        at = max(at - 1, 0)
    at = opened.get({"missing )": "(", "unterminated character set": "["}.get(message, ""), at)
    return expression_fault(REGULAR, REASONS.get(message) or not_understood(message), at)
