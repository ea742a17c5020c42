"""Data sources opened for a project: its environment's connections, the policy, failures in words, previews."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import InvalidInput
from perfsvc.errors import SourceFailed
from perfsvc.model.data import DataSpec
from perfsvc.model.entities import Env
from perfsvc.model.entities import User
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.testing import rows_of
from perfsvc.service.auth.vault import Vault
from perfsvc.service.data.preview import PreviewForm
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.data.sqlite_files import SqliteFiles
from perfsvc.service.envs import EnvForm
from perfsvc.service.envs import Envs
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store.database import Store
from tests.support import mariadb as servers
from tests.support.manual_clock import ManualClock

SQLITE = {"type": "sqlite", "database": "accounts.db"}


async def no_files(project_id: int, ident: int | str) -> Path:
    raise InvalidInput.at("datafile_id", "没有", "none")


class Office:
    """A project with an environment, and its data sources."""

    def __init__(self, folder: Path, store: Store, user: User, project_id: int, deny: tuple[str, ...]) -> None:
        self.user = user
        self.clock = ManualClock()
        self.folder = folder
        self.envs = Envs(store, Vault("k" * 32))
        self.project_id = project_id
        self.cache = DataCache(folder / "cache", 10_000_000, self.clock)
        files = SqliteFiles(folder / "databases", folder / "perfsvc.db")
        sources = DataSources(Catalog.load(), self.cache)
        self.data = ProjectData(sources, self.envs, no_files, files, TargetPolicy(deny=deny))

    async def env(self, **databases: Any) -> Env:
        form = EnvForm.parse({"project_id": self.project_id, "name": "staging", "databases": databases})
        return await self.envs.create(self.user, form)

    async def rows(self, env: Env | None, query: str, ttl: int = 0) -> list[dict[str, Any]]:
        spec = DataSpec(source="database", options={"connection": "shop", "query": query}, cache_ttl_s=ttl)
        feed = await self.data.open(spec, self.project_id, env, seed=1)
        try:
            return await rows_of(feed)
        finally:
            await feed.close()

    def preview(self, env: Env, query: str, **form: Any) -> Any:
        config = {"connection": "shop", "query": query, "order": "random"}
        given = {"project_id": self.project_id, "env_id": env.id, "data_source_type": "database", "data_config": config}
        return self.data.preview(PreviewForm.parse({**given, **form}))


@asynccontextmanager
async def office_in(folder: Path, *deny: str) -> AsyncIterator[Office]:
    store = await Store.open("sqlite:///perfsvc.db", clock=ManualClock(), data_dir=folder)
    user = await store.run(users.create, "u", "u@example.com", "x")
    project = await store.run(projects.create, "shop", "u", user.id)
    office = Office(folder, store, user, project.id, deny)
    try:
        yield office
    finally:
        await office.cache.close()
        await store.close()


def accounts(folder: Path, count: int = 3) -> None:
    """The file that ``SQLITE`` names."""
    (folder / "databases").mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "databases" / "accounts.db")) as database, database:
        database.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, password TEXT)")
        database.executemany("INSERT INTO account VALUES (?, ?, 'pw')", [(each, f"n{each}") for each in range(count)])


@pytest.mark.asyncio
async def test_a_run_gets_the_rows_of_its_environment(tmp_path: Path) -> None:
    accounts(tmp_path)
    async with office_in(tmp_path) as office:
        env = await office.env(shop=SQLITE)
        assert await office.rows(env, "SELECT id, name FROM account WHERE id < 2") == [
            {"id": 0, "name": "n0"},
            {"id": 1, "name": "n1"},
        ]


@pytest.mark.asyncio
async def test_the_password_is_opened_for_the_source_only(tmp_path: Path, mariadb: servers.Server) -> None:
    name = mariadb.new_database().rpartition("/")[2]
    connection = {"type": "mariadb", "host": "localhost", "port": mariadb.port, "user": servers.USER, "database": name}
    async with office_in(tmp_path) as office:
        env = await office.env(shop={**connection, "password": servers.PASSWORD})
        assert servers.PASSWORD not in repr(env.databases)
        assert await office.rows(env, "SELECT DATABASE() AS name") == [{"name": name}]


@pytest.mark.asyncio
async def test_a_database_host_that_is_denied_is_refused(tmp_path: Path) -> None:
    async with office_in(tmp_path, "127.0.0.0/8", "::1") as office:
        env = await office.env(shop={"type": "mysql", "host": "localhost", "port": 1, "user": "u"})
        with pytest.raises(SourceFailed, match="data source database: the database host localhost is not allowed"):
            await office.rows(env, "SELECT 1 AS a")


@pytest.mark.asyncio
async def test_the_cache_goes_by_project_environment_connection_and_options(tmp_path: Path) -> None:
    accounts(tmp_path)
    query = "SELECT COUNT(*) AS n FROM account"
    async with office_in(tmp_path) as office:
        one, other = await office.env(shop=SQLITE), await office.env(shop=SQLITE)
        assert await office.rows(one, query, ttl=60) == [{"n": 3}]
        with closing(sqlite3.connect(tmp_path / "databases" / "accounts.db")) as database, database:
            database.execute("DELETE FROM account WHERE id = 0")
        assert await office.rows(one, query, ttl=60) == [{"n": 3}]
        assert await office.rows(one, query + " ", ttl=60) == [{"n": 2}]
        assert await office.rows(other, query, ttl=60) == [{"n": 2}]
        changed = Env(**{**vars(one), "databases": {"shop": one.databases["shop"] | {"user": "u"}}})
        assert await office.rows(changed, query, ttl=60) == [{"n": 2}]


OUTSIDE = [
    "../perfsvc.db",
    "../../etc/passwd",
    "/etc/passwd",
    "",
    ".",
    "..",
    "nothing.db",
    "folder",
    "link.db",
    "own.db",
    "hard.db",
    "ring.db",
    "file:accounts.db",
    "accounts.db?mode=rwc",
    ":memory:",
    "a\0b",
    "x" * 255,
]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", OUTSIDE)
async def test_only_files_in_the_folder_for_databases_may_be_opened(tmp_path: Path, name: str) -> None:
    accounts(tmp_path)
    folder = tmp_path / "databases"
    (folder / "folder").mkdir()
    (tmp_path / "outside.db").write_bytes((folder / "accounts.db").read_bytes())
    (folder / "link.db").symlink_to(tmp_path / "outside.db")
    (folder / "own.db").symlink_to(tmp_path / "perfsvc.db")
    (folder / "ring.db").symlink_to(folder / "ring.db")
    async with office_in(tmp_path) as office:
        os.link(tmp_path / "perfsvc.db", folder / "hard.db")
        env = await office.env(shop={"type": "sqlite", "database": name})
        with pytest.raises(InvalidInput, match=r"config\.data_config\.connection: .*sqlite_dir"):
            await office.rows(env, "SELECT 1 AS a")


@pytest.mark.asyncio
async def test_what_is_wrong_is_reported_by_its_path(tmp_path: Path) -> None:
    accounts(tmp_path)
    async with office_in(tmp_path) as office:
        env = await office.env(shop=SQLITE)
        with pytest.raises(InvalidInput, match=r"^config\.data_config\.query: must be one SELECT$"):
            await office.rows(env, "DELETE FROM account")
        with pytest.raises(InvalidInput, match=r"^config\.data_config\.connection: the environment has no"):
            await office.rows(None, "SELECT 1 AS a")
        with pytest.raises(InvalidInput, match=r"^data_config\.query: must be one SELECT$"):
            await office.preview(env, "DROP TABLE account")
        with pytest.raises(InvalidInput, match=r"^data_source_type: there is no data source named nobody"):
            await office.preview(env, "", data_source_type="nobody")
        with pytest.raises(InvalidInput, match=r"^env_id: the project has no such environment$"):
            await office.preview(env, "SELECT 1 AS a", env_id=99)
        config = {"connection": "shop", "query": "SELECT 1 AS a", "order": "random", "unique": True}
        with pytest.raises(InvalidInput, match=r"^data_config\.order: random draws rows again"):
            await office.preview(env, "", data_config=config)


@pytest.mark.asyncio
@pytest.mark.parametrize(("count", "shown", "total"), [(0, 0, 0), (3, 3, 3), (10, 10, 10), (11, 10, None)])
async def test_a_preview_shows_the_first_rows_without_secrets(
    tmp_path: Path, count: int, shown: int, total: int | None
) -> None:
    accounts(tmp_path, count)
    async with office_in(tmp_path) as office:
        env = await office.env(shop=SQLITE)
        preview = await office.preview(env, "SELECT *, 'token=s3cret' AS note FROM account")
        expected = [{"id": each, "name": f"n{each}", "password": "***", "note": "token=***"} for each in range(shown)]
        assert (preview.columns, preview.rows, preview.count) == (["id", "name", "password", "note"], expected, total)
        assert office.cache.used == 0


@pytest.mark.asyncio
async def test_a_preview_of_an_endpoint_that_is_away_says_so(tmp_path: Path) -> None:
    async with office_in(tmp_path, "127.0.0.1") as office:
        env = await office.env()
        config = {"url": "http://127.0.0.1:1/"}
        with pytest.raises(SourceFailed, match="data source api: the target is not allowed"):
            await office.preview(env, "", data_source_type="api", data_config=config)


@pytest.mark.asyncio
async def test_a_source_that_breaks_is_reported_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office_in(tmp_path) as office:
        env = await office.env(shop=SQLITE)
        monkeypatch.setattr(office.data, "_connection", lambda env, name: {}["s3cret"])
        with pytest.raises(SourceFailed, match=r"^data source database: internal error KeyError$"):
            await office.rows(env, "SELECT 1 AS a")
