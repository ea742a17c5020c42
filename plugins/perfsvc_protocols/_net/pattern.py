"""Regular expressions of users, with a time limit per search, since all users share one event loop."""

from __future__ import annotations

from collections.abc import Callable

import regex

from perfsvc.plugin import compile_bytes_pattern

LIMIT_S = 0.1

Search = Callable[[bytes | bytearray], "int | None"]
"""Return the end of the first match, or None. Raises SearchTimeout."""


class SearchTimeout(ValueError):
    """The time limit of a search was exceeded; whether there is a match is unknown."""


def compile_search(pattern: str) -> Search:
    """A search for a pattern; ``.`` matches line breaks too. Raises Fault."""
    compiled = compile_bytes_pattern(pattern, regex.DOTALL)

    def search(data: bytes | bytearray) -> int | None:
        try:
            match = compiled.search(data, timeout=LIMIT_S)
        except TimeoutError:
            raise SearchTimeout(f"the search for the pattern took longer than {LIMIT_S} s") from None
        return None if match is None else int(match.end())

    return search
