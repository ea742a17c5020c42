"""Data sources of plan files: access to the file's environment and to the files beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.files import find
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import InvalidInput
from perfsvc.model.data import DataSpec
from perfsvc.model.planfile import FileEnv
from perfsvc.model.run import RunFiles
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import Feed


class PlanFileData:
    """Opens the data source of a plan file among its files."""

    def __init__(self, sources: DataSources, files: RunFiles, env: FileEnv) -> None:
        self._sources = sources
        self._files = files
        self._env = env

    def check(self, spec: DataSpec) -> None:
        """Validate a data spec without opening it. Raises InvalidInput, with paths below ``config``."""
        self._sources.check(spec)

    def local(self, spec: DataSpec) -> bool:
        """Whether opening the data sends nothing."""
        return self._sources.local(spec)

    async def open(self, spec: DataSpec, seed: int) -> Feed:
        """Return the feed of a run. Raises InvalidInput with paths below ``config``, SourceFailed."""
        resolve, env = Resolver(TargetPolicy(guarded=False), cached=False).resolve, self._env
        context = DataContext(self._file, no_connection, resolve, seed, env.host, env.headers, env.variables)
        return await self._sources.open(spec, context, owner=None)

    async def _file(self, name: int | str) -> Path:
        if not isinstance(name, str):
            raise InvalidInput.at("datafile_id", "计划文件中请使用 file", "use file in a plan file")
        return await asyncio.to_thread(find, self._files, name)


async def no_connection(name: str) -> Mapping[str, Any]:
    """Raise InvalidInput: a plan file has no database connections."""
    raise InvalidInput.at("connection", "计划文件没有数据库连接", "a plan file has no database connections")
