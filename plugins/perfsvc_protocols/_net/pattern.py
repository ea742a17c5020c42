"""Regular expressions that users write, with a limit to how long one may look: all users share one event loop."""

from __future__ import annotations

from collections.abc import Callable

import regex

from perfsvc.plugin import Fault

LIMIT_S = 0.1

Search = Callable[[bytes | bytearray], "int | None"]
"""Where the first match ends; None where there is none. Raises SearchTimeout."""


class SearchTimeout(ValueError):
    """A search took longer than it may: nobody knows whether there is a match."""


def compile_search(pattern: str) -> Search:
    """A search for a pattern; ``.`` matches line breaks too. Raises Fault."""
    try:
        compiled = regex.compile(pattern.encode(), regex.DOTALL)
    except regex.error as error:
        raise Fault(f"无效的正则表达式：{error}", f"not a regular expression: {error}") from None

    def search(data: bytes | bytearray) -> int | None:
        try:
            found = compiled.search(data, timeout=LIMIT_S)
        except TimeoutError:
            raise SearchTimeout(f"the pattern was looked for longer than {LIMIT_S} s") from None
        return None if found is None else int(found.end())

    return search
