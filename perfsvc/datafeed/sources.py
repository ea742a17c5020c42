"""Opens the data source of a run or a preview: validates its options, translates its errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import TypeVar

from perfsvc.datafeed.cache import FETCH_LIMIT_S
from perfsvc.datafeed.cache import DataCache
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.errors import SourceFailed
from perfsvc.model.data import DataSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import DataSource
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.protocol import TargetDenied

log = logging.getLogger(__name__)

OPEN_LIMIT_S = 60.0

T = TypeVar("T")


class DataSources:
    """Opens feeds of the data sources of plugins; rows of remote sources are cached."""

    def __init__(self, catalog: Catalog, cache: DataCache) -> None:
        self._catalog = catalog
        self._cache = cache

    async def open(self, spec: DataSpec, context: DataContext, owner: Any, at: str = "config") -> Feed:
        """An open feed. ``owner`` is JSON for all that the rows depend on besides the options; ``at`` prefixes paths.

        Raises InvalidInput, SourceFailed, and what the context raises.
        """
        make = self._maker(spec, context, at)
        source = make()
        if not source.cacheable:
            return await self.open_live(spec, context, at)
        key = key_of([owner, spec.source, spec.options])
        opening = self._cache.open(key, spec.cache_ttl_s, lambda: make().open())
        return await translating(source.name, FETCH_LIMIT_S, opening, at)

    def local(self, spec: DataSpec) -> bool:
        """Whether the rows come from this machine, so that opening them sends nothing."""
        return not self._catalog.data_source(spec.source).cacheable

    async def open_live(self, spec: DataSpec, context: DataContext, at: str, limit_s: float = OPEN_LIMIT_S) -> Feed:
        """Like ``open``, without the cache: the source as it is now, read only as far as requested."""
        source = self._maker(spec, context, at)()
        return await translating(source.name, limit_s, source.open(), at)

    def check(self, spec: DataSpec, at: str = "config") -> tuple[type[DataSource], Any]:
        """The class of a source and its options. Raises InvalidInput for a source that is unknown or wrong options."""
        kind = self._kind(spec.source, at)
        return kind, kind.Options.parse(spec.options, below(at, "data_config"))

    def _maker(self, spec: DataSpec, context: DataContext, at: str) -> Callable[[], DataSource]:
        kind, options = self.check(spec, at)
        return lambda: kind(options, context)

    def _kind(self, name: str, at: str) -> type[DataSource]:
        try:
            return self._catalog.data_source(name)
        except NotFound as unknown:
            raise InvalidInput.at(below(at, "data_source_type"), *unknown.text) from None


async def translating(name: str, limit_s: float, doing: Awaitable[T], at: str) -> T:
    """Await an operation of a source, with a time limit.

    Raises InvalidInput with paths below ``at``, PerfsvcError unchanged, and SourceFailed for all other errors.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await doing
    except InvalidInput as invalid:
        place = below(at, "data_config")
        raise InvalidInput([Problem(f"{place}.{each.path}", each.text) for each in invalid.problems]) from None
    except PerfsvcError:
        raise
    except DataFailure as failure:
        zh, en = failure.text
    except TimeoutError:
        zh, en = f"{limit_s:g} 秒内未完成", f"did not finish within {limit_s:g} s"
    except TargetDenied as denied:
        zh, en = f"目标不在允许范围内：{denied}", str(denied)
    except Exception as error:
        log.exception("data source %s failed", name)
        zh, en = f"内部错误 {type(error).__name__}", f"internal error {type(error).__name__}"
    raise SourceFailed(f"数据源 {name}：{zh}", f"data source {name}: {en}")


def key_of(parts: Any) -> str:
    """A digest of JSON, equal for equal content."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def below(at: str, name: str) -> str:
    """The path of a key below ``at``, which may be empty."""
    return f"{at}.{name}" if at else name
