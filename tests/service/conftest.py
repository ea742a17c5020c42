"""A store of either kind for the services, and the services over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from perfsvc.service.auth.accounts import Accounts
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.sessions import Sessions
from perfsvc.settings import Settings
from perfsvc.store.database import Store
from tests.support import migrated
from tests.support.manual_clock import ManualClock
from tests.support.web_world import HASHER
from tests.support.web_world import SECRET_KEY


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return migrated.sqlite_file(tmp_path / "perfsvc.db")
    return migrated.mariadb_database(request.getfixturevalue("mariadb"))


@pytest_asyncio.fixture
async def store(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    opened = await Store.open(database_url, clock=clock, data_dir=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(HASHER)
    yield made
    made.close()


@dataclass(frozen=True)
class Identities:
    """The services about people."""

    sessions: Sessions
    accounts: Accounts


@pytest.fixture
def identities(store: Store, passwords: Passwords, clock: ManualClock, tmp_path: Path) -> Identities:
    settings = Settings(data_dir=tmp_path, registration=True)
    sessions = Sessions(store, settings, SECRET_KEY, passwords, clock)
    return Identities(sessions, Accounts(store, settings, passwords, sessions, clock))
