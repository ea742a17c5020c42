"""Parts of a reply: what checks and extractors need, and what a protocol therefore has to keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from typing import ClassVar
from typing import NamedTuple


class ReplyParts(NamedTuple):
    """Which parts of a reply a step's checks and extractors look at. A protocol need not keep the others."""

    headers: bool = False
    body: bool = False


NOTHING = ReplyParts()
HEADERS = ReplyParts(headers=True)
BODY = ReplyParts(body=True)


def all_of(needs: Iterable[ReplyParts]) -> ReplyParts:
    """Every part that any of ``needs`` names."""
    parts = list(needs)
    return ReplyParts(any(part.headers for part in parts), any(part.body for part in parts))


class ReadsReply:
    """Base of checks and extractors. ``needs`` says which parts of a reply they look at, so it has no default."""

    needs: ClassVar[ReplyParts]

    def __init_subclass__(cls, *, needs: ReplyParts, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.needs = needs

    @property
    def reads(self) -> ReplyParts:
        """What this one looks at, where that depends on its fields."""
        return self.needs
