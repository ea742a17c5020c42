"""Users and their refresh tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from perfsvc.errors import Conflict
from perfsvc.model.entities import Page
from perfsvc.model.entities import RefreshToken
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.usernames import username_key
from perfsvc.store.binding import locked
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import page_of
from perfsvc.store.tables import RefreshTokenRow
from perfsvc.store.tables import UserRow

NORMAL, DISABLED = 0, 1
"""Values of the column ``is_active``."""

COLUMNS = Columns(
    searched=(UserRow.username, UserRow.email),
    orders={"username": UserRow.username, "created_at": UserRow.id},
    compared={"is_active": UserRow.is_active, "administrator": UserRow.administrator},
)


@writes
def create(username: str, email: str, password_hash: str, *, administrator: bool = False) -> User:
    """Raises Conflict when the name is taken, InvalidInput."""
    refuse_taken(username)
    key = UserRow.add(
        username=username,
        username_key=username_key(username),
        email=email,
        password=password_hash,
        administrator=administrator,
    )
    return get(key)


def get(user_id: int) -> User:
    """Raises NotFound."""
    return entity(by_id(UserRow, user_id, USER))


def by_username(username: str) -> User:
    """Raises NotFound."""
    return entity(existing(UserRow.get_or_none(UserRow.username == username), USER))


def page(page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[User]:
    """All users, the oldest first."""
    return page_of(UserRow.select(), UserRow.id, page, page_size, entities, COLUMNS, selection)


def exist() -> bool:
    """Return whether there is any user, so that this is not the first start."""
    return bool(UserRow.select().exists())


def administrators() -> int:
    """Return the number of administrators who may sign in; their rows are held until the transaction ends."""
    enabled = (UserRow.is_active != DISABLED) | UserRow.is_active.is_null()
    rows = locked(UserRow.select(UserRow.id).where(UserRow.administrator == True, enabled))  # noqa: E712 - a column
    return len(list(rows.tuples()))


@writes
def update(user: User) -> User:
    """Everything but the times; raises NotFound, Conflict when the name is taken, InvalidInput."""
    if username_key(get(user.id).username) != username_key(user.username):
        refuse_taken(user.username)
    UserRow.change(
        UserRow.id == user.id,
        username=user.username,
        username_key=username_key(user.username),
        email=user.email,
        password=user.password_hash,
        is_active=DISABLED if user.disabled else NORMAL,
        administrator=user.administrator,
        updated_time=now(),
    )
    return get(user.id)


@writes
def remember(token: RefreshToken) -> None:
    """Keep a refresh token that was handed out; raises NotFound when its user is gone."""
    by_id(UserRow, token.user_id, USER)
    RefreshTokenRow.add(jti=token.jti, user=token.user_id, expires=token.expires, revoked=token.revoked)


def hold(jti: str) -> None:
    """Keep other transactions from a token until this one ends; what locks first in one order cannot deadlock."""
    locked(RefreshTokenRow.select(RefreshTokenRow.id).where(RefreshTokenRow.jti == jti)).first()


@writes
def revoke(jti: str) -> bool:
    """Revoke a token. Return whether it was valid; of two concurrent calls one gets True."""
    good = (RefreshTokenRow.jti == jti) & ~RefreshTokenRow.revoked & (RefreshTokenRow.expires > now())
    return RefreshTokenRow.change(good, revoked=True) == 1


@writes
def use(jti: str, until: datetime) -> bool:
    """Use a refresh token up. Return whether it is good: not used before, or so lately that it is good ``until`` then.

    A used one expires then, since two tabs of a browser may both refresh.
    """
    mine = RefreshTokenRow.jti == jti
    if RefreshTokenRow.change(mine & ~RefreshTokenRow.revoked & (RefreshTokenRow.expires > now()), revoked=True):
        RefreshTokenRow.change(mine & (RefreshTokenRow.expires > until), expires=until)
        return True
    return RefreshTokenRow.select().where(mine & (RefreshTokenRow.expires > now())).exists()


@writes
def revoke_all(user_id: int) -> int:
    """Revoke every token of a user and return how many were valid."""
    return RefreshTokenRow.change((RefreshTokenRow.user == user_id) & ~RefreshTokenRow.revoked, revoked=True)


def is_revoked(jti: str) -> bool:
    """Whether a token is worth nothing: revoked, expired, or never handed out."""
    row = RefreshTokenRow.get_or_none(RefreshTokenRow.jti == jti)
    return row is None or row.revoked or row.expires <= now()


@writes
def purge_expired() -> int:
    """Delete expired tokens and return their number."""
    return int(RefreshTokenRow.delete().where(RefreshTokenRow.expires <= now()).execute())


def refuse_taken(username: str) -> None:
    """Raises Conflict when there is a user of that name, however it is written."""
    if UserRow.get_or_none(UserRow.username_key == username_key(username)):
        raise Conflict("用户名已存在", "the username is taken")


def entities(rows: list[Any]) -> list[User]:
    return [entity(row) for row in rows]


def entity(row: Any) -> User:
    """A row as the services see it."""
    return User(
        id=row.id,
        username=row.username,
        email=row.email,
        password_hash=row.password,
        disabled=row.is_active == DISABLED,
        administrator=row.administrator,
        created_time=row.created_time,
        updated_time=row.updated_time,
    )
