"""Which rows of a listing, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any


@dataclass(frozen=True)
class Selection:
    """``text`` is searched for without regard to case, ``equal`` has the values of other fields.

    ``order`` is a field's name, with ``-`` in front for the highest first; None is the usual order.
    """

    text: str | None = None
    order: str | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ordered_by(self) -> str:
        """The name of the field."""
        return (self.order or "").removeprefix("-")

    @property
    def descending(self) -> bool:
        return (self.order or "").startswith("-")


ALL = Selection()


def selected(rows: list[dict[str, Any]], selection: Selection, searched: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a list in memory that a selection leaves, in its order."""
    text = (selection.text or "").casefold()
    matching = [
        row
        for row in rows
        if any(text in str(row.get(name, "")).casefold() for name in searched)
        and all(row.get(name) == value for name, value in selection.equal.items())
    ]
    return (
        sorted(matching, key=_key(selection.ordered_by), reverse=selection.descending) if selection.order else matching
    )


def _key(name: str) -> Callable[[dict[str, Any]], Any]:
    def key(row: dict[str, Any]) -> Any:
        value = row[name]
        return value.casefold() if isinstance(value, str) else value

    return key
