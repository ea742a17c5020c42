"""Who sent a request: a user, by a session or by an API token with a scope."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from perfsvc.model.entities import TokenScope
from perfsvc.model.entities import User


class Needs(StrEnum):
    """What an operation asks of an API token; each includes those before it. LOGIN is for sessions only."""

    READ = "read"
    RUN = "run"
    WRITE = "write"
    LOGIN = "login"


ORDER = tuple(Needs)


class Identity(NamedTuple):
    """The user behind a token. ``session`` is empty and ``scope`` set for an API token; ``expires`` is Unix time."""

    user: User
    session: str
    expires: int
    scope: TokenScope | None = None

    def may(self, needs: Needs) -> bool:
        """Whether the scope allows an operation; a session allows all of them."""
        return self.scope is None or ORDER.index(needs) <= ORDER.index(Needs(self.scope))
