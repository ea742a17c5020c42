"""A store on each kind of database, and a small world in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Project
from perfsvc.model.entities import User
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store.database import Store
from tests.support import migrated

T0 = 1_700_000_000

MakeStore = Callable[..., Awaitable[Store]]
MakeSnapshot = Callable[..., Snapshot]


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = float(T0) + 0.25

    def now_ns(self) -> int:
        return int(self.seconds * 1e9)

    def wall(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class World:
    """A user who owns a project with one plan."""

    user: User
    project: Project
    plan: Plan


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of each kind, without rows."""
    if request.param == "sqlite":
        return migrated.sqlite_file(tmp_path / "perfsvc.db")
    return migrated.mariadb_database(request.getfixturevalue("mariadb"))


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/perfsvc.db"
    return str(request.getfixturevalue("mariadb").new_database())


@pytest_asyncio.fixture
async def open_store(url: str, clock: FakeClock) -> AsyncIterator[MakeStore]:
    """``await open_store(time_limit=…)``: the same database, as often as wanted; closed at the end."""
    opened: list[Store] = []

    async def make(**options: float) -> Store:
        opened.append(await Store.open(url, clock=clock, **options))
        return opened[-1]

    yield make
    for store in opened:
        await store.close()


@pytest_asyncio.fixture
async def store(open_store: MakeStore) -> Store:
    return await open_store()


@pytest_asyncio.fixture
async def world(store: Store) -> World:
    user = await store.run(users.create, "wang", "wang@example.com", "hash")
    project = await store.run(projects.create, "shop", "wang", user.id)
    config = PlanConfig.parse({"concurrent_users": 10})
    plan = await store.run(plans.create, project.id, user.id, "evening peak", config)
    return World(user, project, plan)


@pytest.fixture
def snapshot() -> MakeSnapshot:
    """``snapshot(3)`` is node n1's third second, with one window."""

    def make(seq: int, node: str = "n1", **changes: object) -> Snapshot:
        window = StepWindow(step=0, requests=seq, failures={"超时": 1}, statuses={"200": seq - 1}, latency=b"\x00\xff")
        fields: dict[str, object] = {
            "second": T0 + seq,
            "elapsed": seq + 0.1,
            "span_ns": 10**9,
            "vus": 5,
            "planned_vus": 6,
            "windows": [window],
            "health": NodeHealth(cpu=0.1 + 0.2),
        }
        return Snapshot(node=node, seq=seq, **{**fields, **changes})  # type: ignore[arg-type]

    return make
