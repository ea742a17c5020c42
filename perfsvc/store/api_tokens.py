"""API tokens: what is known of them, and the digest by which one is recognised."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from typing import NamedTuple

from perfsvc.model.entities import ApiToken
from perfsvc.model.entities import TokenScope
from perfsvc.store.database import writes
from perfsvc.store.rows import API_TOKEN
from perfsvc.store.rows import USER
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import require
from perfsvc.store.tables import ApiTokenRow
from perfsvc.store.tables import UserRow


class NewToken(NamedTuple):
    """A token to be stored."""

    user_id: int
    name: str
    scope: TokenScope
    identifier: str
    digest: str
    expires: datetime | None


class StoredToken(NamedTuple):
    """A token with its digest."""

    token: ApiToken
    digest: str


@writes
def create(token: NewToken) -> ApiToken:
    """Raises NotFound for the user, InvalidInput."""
    require(UserRow, token.user_id, USER)
    values = {name: value for name, value in token._asdict().items() if name != "user_id"}
    return entity(by_id(ApiTokenRow, ApiTokenRow.add(user=token.user_id, **values), API_TOKEN))


def count(user_id: int) -> int:
    """How many tokens a user has."""
    return int(ApiTokenRow.select().where(ApiTokenRow.user == user_id).count())


def of_user(user_id: int) -> list[ApiToken]:
    """A user's tokens, the newest first."""
    query = ApiTokenRow.select().where(ApiTokenRow.user == user_id).order_by(ApiTokenRow.id.desc())
    return [entity(row) for row in query]


def find(identifier: str) -> StoredToken | None:
    """The token of an identifier, or None."""
    row = ApiTokenRow.get_or_none(ApiTokenRow.identifier == identifier)
    return None if row is None else StoredToken(entity(row), row.digest)


@writes
def note_use(token_id: int, moment: datetime) -> None:
    """Set the time of the last use."""
    ApiTokenRow.change(ApiTokenRow.id == token_id, last_used=moment)


@writes
def delete(token_id: int, user_id: int) -> str:
    """Delete a user's token and return its digest. Raises NotFound."""
    row = by_id(ApiTokenRow, token_id, API_TOKEN)
    existing(row if row.user_id == user_id else None, API_TOKEN)
    ApiTokenRow.delete().where(ApiTokenRow.id == token_id).execute()
    return str(row.digest)


@writes
def delete_all(user_id: int) -> None:
    """Delete every token of a user."""
    ApiTokenRow.delete().where(ApiTokenRow.user == user_id).execute()


def entity(row: Any) -> ApiToken:
    """A row as the services see it."""
    return ApiToken(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        scope=TokenScope(row.scope),
        identifier=row.identifier,
        expires=row.expires,
        last_used=row.last_used,
        created_time=row.created_time,
    )
