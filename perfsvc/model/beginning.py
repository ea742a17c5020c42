"""The beginning of a large JSON document, for those who want its first errors only."""

from __future__ import annotations

from typing import Any


class Beginning:
    """Takes about the first ``nodes`` values of a document: of lists of objects and lists the later items are left out.

    Nothing else is, since what is missing would be an error of its own. ``complete``: nothing was left out.
    """

    def __init__(self, nodes: int) -> None:
        self._left = nodes
        self.complete = True

    def of(self, value: Any) -> Any:
        """The document's beginning, which shares what it does not shorten."""
        self._left -= 1
        if isinstance(value, dict):
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict | list):
            return self._items(value)
        return value

    def _items(self, items: list[Any]) -> list[Any]:
        kept: list[Any] = []
        for item in items:
            if kept and self._left <= 0:
                self.complete = False
                break
            kept.append(self.of(item))
        return kept
