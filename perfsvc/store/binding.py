"""The database of a thread.

The tables are declared once for the process, but one process may hold several stores. Every thread that a store owns
is bound to that store; the tables find their database through the thread they are used in. Elsewhere they fail, so
``Store.run`` cannot be bypassed.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from peewee import DatabaseProxy

from perfsvc.clock import Clock
from perfsvc.clock import utc_now
from perfsvc.store.backends import Backend

OUTSIDE = "the store's functions run through Store.run only"


class _Bound(threading.local):
    backend: Backend | None = None
    clock: Clock | None = None


_bound = _Bound()


class ThreadDatabase(DatabaseProxy):
    """Stands for the database of the present thread's store."""

    @property
    def obj(self) -> Any:
        return _bound.backend.database if _bound.backend else None

    @obj.setter
    def obj(self, value: Any) -> None:
        """Peewee sets None on creation; only ``bind`` decides."""


DATABASE = ThreadDatabase()


def bind(backend: Backend, clock: Clock) -> None:
    """Give the present thread to a store, for good."""
    _bound.backend, _bound.clock = backend, clock


def now() -> datetime:
    """The time by the clock of the present thread's store, aware and in UTC."""
    if _bound.clock is None:
        raise RuntimeError(OUTSIDE)
    return utc_now(_bound.clock)


def backend() -> Backend:
    """The backend of the present thread's store."""
    if _bound.backend is None:
        raise RuntimeError(OUTSIDE)
    return _bound.backend


def locked(query: Any) -> Any:
    """The query, its rows held until the transaction ends where the database takes several writers at once."""
    return query.for_update() if DATABASE.for_update else query
