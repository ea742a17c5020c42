"""Texts that match a regular expression: its parts, each with a way to make one text of it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from collections.abc import Iterable
from random import Random
from re import _constants as ops  # type: ignore[attr-defined] # the parser that the re module itself uses
from re import _parser  # type: ignore[attr-defined]
from typing import Any

LONGEST_PATTERN = 500
LONGEST_TEXT = 1000
"""Characters that a pattern may give at most."""
UNBOUNDED = 8
"""Repetitions beyond the minimum where a pattern sets no maximum."""

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " "
CATEGORIES = {
    ops.CATEGORY_DIGIT: string.digits,
    ops.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    ops.CATEGORY_SPACE: " ",
}
OPPOSITES = {
    ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
    ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
}
WIDEST_RANGE = 65_536

Make = Callable[[Random], str]
Part = tuple[Make, int]
"""A function that makes a text, and the maximum length."""


def compile_pattern(pattern: str) -> Make:
    """Return a function that makes texts. Raises ValueError for an invalid pattern, one of which no text can be made,
    and one whose texts are too long."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"has more than {LONGEST_PATTERN} characters")
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    if parsed.state.flags & ~re.UNICODE:
        raise ValueError("may not have flags")
    make, longest = _sequence(parsed)
    if longest > LONGEST_TEXT:
        raise ValueError(f"gives texts of more than {LONGEST_TEXT} characters")
    return make


def _sequence(parsed: Iterable[tuple[Any, Any]]) -> Part:
    parts = [_part(op, argument) for op, argument in parsed]
    makes = [make for make, _ in parts]
    longest = sum(length for _, length in parts)
    if len(makes) == 1:
        return makes[0], longest
    return lambda numbers: "".join([make(numbers) for make in makes]), longest


def _part(op: Any, argument: Any) -> Part:
    if op is ops.LITERAL:
        return _one_of(chr(argument))
    if op is ops.AT and argument in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING, ops.AT_END, ops.AT_END_STRING):
        return lambda _: "", 0
    if op in (ops.ANY, ops.NOT_LITERAL, ops.IN):
        return _one_of(_characters(op, argument))
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
        return _repeated(*argument)
    if op is ops.SUBPATTERN and not argument[1] and not argument[2]:
        return _sequence(argument[3])
    if op is ops.BRANCH:
        return _branches([_sequence(branch) for branch in argument[1]])
    raise ValueError(f"has a part of which no text can be made ({str(op).lower()})")


def _one_of(characters: str) -> Part:
    if not characters:
        raise ValueError("has a class without characters")
    if len(characters) == 1:
        return lambda _: characters, 1
    return lambda numbers: numbers.choice(characters), 1


def _characters(op: Any, argument: Any) -> str:
    if op is ops.ANY:
        return PRINTABLE
    if op is ops.NOT_LITERAL:
        return PRINTABLE.replace(chr(argument), "")
    negated = bool(argument) and argument[0][0] is ops.NEGATE
    found = "".join(_members(kind, value) for kind, value in argument[negated:])
    return "".join(char for char in PRINTABLE if char not in found) if negated else found


def _members(kind: Any, value: Any) -> str:
    if kind is ops.LITERAL:
        return chr(value)
    if kind is ops.CATEGORY:
        if value in CATEGORIES:
            return CATEGORIES[value]
        without = CATEGORIES[OPPOSITES[value]]
        return "".join(char for char in PRINTABLE if char not in without)
    first, last = value
    if last - first > WIDEST_RANGE:
        raise ValueError("has a range that is too wide")
    return "".join(map(chr, range(first, last + 1)))


def _repeated(least: int, most: Any, repeated: Any) -> Part:
    make, length = _sequence(repeated)
    upto = least + UNBOUNDED if most is ops.MAXREPEAT else int(most)
    if upto > LONGEST_TEXT:
        raise ValueError(f"gives texts of more than {LONGEST_TEXT} characters")

    def several(numbers: Random) -> str:
        return "".join([make(numbers) for _ in range(numbers.randint(least, upto))])

    return several, length * upto


def _branches(parts: list[Part]) -> Part:
    makes = [make for make, _ in parts]
    return lambda numbers: numbers.choice(makes)(numbers), max(length for _, length in parts)
