"""Data sources of stored plans: access to the project's files and the environment's connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.data import Allocation
from perfsvc.model.data import DataSpec
from perfsvc.model.data import split_config
from perfsvc.model.entities import Env
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
from perfsvc.service.data.datafiles import DataFiles
from perfsvc.service.data.preview import PREVIEW_LIMIT_S
from perfsvc.service.data.preview import Preview
from perfsvc.service.data.preview import PreviewForm
from perfsvc.service.data.preview import preview_of
from perfsvc.service.data.sqlite_files import SqliteFiles
from perfsvc.service.envs import SEALED
from perfsvc.service.envs import Envs
from perfsvc.store.plans import NO_SUCH_ENV


class ProjectData:
    """Opens the data sources of a project's runs and previews."""

    def __init__(
        self, sources: DataSources, envs: Envs, files: DataFiles, sqlite_files: SqliteFiles, policy: TargetPolicy
    ) -> None:
        self._sources = sources
        self.envs = envs
        self._files = files
        self._sqlite_files = sqlite_files
        self._policy = policy

    def for_run(self, project_id: int, env: Env | None) -> ProjectRunData:
        """Return the opener of the data source of a run in this project."""
        return ProjectRunData(self, project_id, env)

    async def files_of(self, project_id: int) -> dict[str, str]:
        """Return the paths of a project's data files by id and by name."""
        return await self._files.paths(project_id)

    async def row(self, project_id: int, datafile_id: int, number: int) -> Row:
        """Return a row of a data file, counted from 1. Raises InvalidInput."""
        return await self._files.row(project_id, datafile_id, number)

    def check(self, spec: DataSpec) -> None:
        """Validate a data spec without opening it. Raises InvalidInput, with paths below ``config``."""
        self._sources.check(spec)

    def local(self, spec: DataSpec) -> bool:
        """Whether opening the data sends nothing."""
        return self._sources.local(spec)

    async def open(self, spec: DataSpec, project_id: int, env: Env | None, seed: int) -> Feed:
        """Return the feed of a run. Raises InvalidInput with paths below ``config``, SourceFailed."""
        context = self._context(project_id, env, seed)
        return await self._sources.open(spec, context, cache_owner(project_id, env))

    async def preview(self, form: PreviewForm) -> Preview:
        """Return the first rows, past the cache. Raises InvalidInput, SourceFailed."""
        allocation, options = split_config(form.data_config)
        parsed = Allocation.parse(allocation, "data_config")
        spec = DataSpec(source=form.data_source_type, options=options, allocation=parsed)
        context = self._context(form.project_id, await self._env(form), seed=0)
        feed = await self._sources.open_live(spec, context, "", PREVIEW_LIMIT_S)
        return await preview_of(spec.source, feed, parsed.secret_columns)

    async def _env(self, form: PreviewForm) -> Env | None:
        if form.env_id is None:
            return None
        try:
            env = await self.envs.get(form.env_id)
        except NotFound:
            env = None
        if env is None or env.project_id != form.project_id:
            raise InvalidInput.at("env_id", *NO_SUCH_ENV)
        return env

    def _context(self, project_id: int, env: Env | None, seed: int) -> DataContext:
        async def file(ident: int | str) -> Path:
            return await self._files.path(project_id, ident)

        async def connection(name: str) -> Mapping[str, Any]:
            return self._connection(env, name)

        resolve = Resolver(self._policy, cached=False).resolve
        if env is None:
            return DataContext(file, connection, resolve, seed)
        plain = self.envs.opened(env)
        return DataContext(file, connection, resolve, seed, plain.host, plain.headers, plain.variables)

    def _connection(self, env: Env | None, name: str) -> dict[str, Any]:
        stored = env.databases.get(name) if env else None
        if env is None or stored is None:
            raise InvalidInput.at(
                "connection", f"测试环境中没有数据库连接 {name}", f"the environment has no database connection {name}"
            )
        shown = {key: value for key, value in stored.items() if key != SEALED}
        if shown["type"] == "sqlite":
            return {**shown, "database": str(self._sqlite_files.path(shown["database"]))}
        return {**shown, "password": self.envs.password(env, name)}


@dataclass(frozen=True)
class ProjectRunData:
    """Opens the data source of one run of a project."""

    data: ProjectData
    project_id: int
    env: Env | None

    def check(self, spec: DataSpec) -> None:
        """Validate a data spec without opening it. Raises InvalidInput, with paths below ``config``."""
        self.data.check(spec)

    def local(self, spec: DataSpec) -> bool:
        """Whether opening the data sends nothing."""
        return self.data.local(spec)

    async def open(self, spec: DataSpec, seed: int) -> Feed:
        """Return the feed of the run. Raises InvalidInput with paths below ``config``, SourceFailed."""
        return await self.data.open(spec, self.project_id, self.env, seed)


def cache_owner(project_id: int, env: Env | None) -> list[Any]:
    """Return all that a source's rows depend on besides its options, as part of the cache key."""
    return [project_id] if env is None else [project_id, env.id, env.host, env.headers, env.variables, env.databases]
