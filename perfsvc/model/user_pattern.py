"""Regular expressions from users: bounded when compiled, since repeats of repeats multiply.

``((((a{50}){50}){50}){50}){50}`` has 29 characters and would take gigabytes.
"""

from __future__ import annotations

import re
from typing import Any

import regex

from perfsvc.model.pattern_faults import pattern_fault
from perfsvc.model.problems import Fault

LARGEST_EXPANSION = 20_000
"""Single characters after all counted repeats are written out; they compile in at most about 15 ms."""

_TOKEN = re.compile(
    r"\\(?:[pPNgkxuUL]\{[^}]*\}|.)"  # an escape
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a set of characters
    r"|\{(?P<least>\d*)(?P<comma>,(?P<most>\d*))?\}"
    r"|(?P<one>.)",
    re.DOTALL,
)


def compile_pattern(pattern: str, flags: int = 0) -> regex.Pattern[str]:
    """Compile a user's pattern for text. Raise Fault where it is invalid or too large."""
    return _compiled(pattern, pattern, flags)


def compile_bytes_pattern(pattern: str, flags: int = 0) -> regex.Pattern[bytes]:
    """Compile a user's pattern for UTF-8 bytes. Raise Fault where it is invalid or too large."""
    return _compiled(pattern.encode(), pattern, flags)


def expansion(pattern: str) -> int:
    """Return how many single characters a pattern has once its counted repeats are written out, in linear time."""
    groups, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        one = token["one"]
        if one == "(":
            groups.append(0)
            last = 0
        elif one == ")" and len(groups) > 1:
            last = max(groups.pop(), 1)
            groups[-1] += last
        elif token["least"] is not None and last:
            times = max(int(token["most"] or token["least"] or 1), 1)
            groups[-1] += last * (times - 1)
            last *= times
        elif one not in ("*", "+", "?", "|"):
            last = 1
            groups[-1] += len(token[0]) if token["least"] is not None else 1
        if groups[-1] > LARGEST_EXPANSION:
            break
    return sum(groups)


def _opened(pattern: str) -> dict[str, int]:
    """Return where the innermost ``(`` and the first ``[`` are that are not closed."""
    opened, sets = [], []
    for token in _TOKEN.finditer(pattern):
        if token["one"] == "(":
            opened.append(token.start())
        elif token["one"] == ")" and opened:
            opened.pop()
        elif token["one"] == "[":
            sets.append(token.start())
    if not sets:  # ] right behind [ is a character of the set
        sets.append(max(pattern.rfind("["), 0))
    return {bracket: at for bracket, places in (("(", opened[-1:]), ("[", sets[:1])) for at in places}


def _compiled(pattern: Any, text: str, flags: int) -> regex.Pattern[Any]:
    if expansion(text) > LARGEST_EXPANSION:
        raise Fault(
            f"正则表达式展开重复次数后超过 {LARGEST_EXPANSION} 个字符，请减少重复次数",
            f"the pattern has more than {LARGEST_EXPANSION} characters once its repeats are written out; "
            "use smaller repeats",
        )
    try:
        return regex.compile(pattern, flags)
    except regex.error as error:
        raise pattern_fault(error, _opened(text)) from None
    except RecursionError:
        raise Fault("正则表达式嵌套过深", "is nested too deeply") from None
