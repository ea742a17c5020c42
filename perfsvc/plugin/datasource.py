"""Interface of data sources: a source opens a feed, and the feed gives rows in blocks."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from perfsvc.errors import Text
from perfsvc.model.base import Spec

Row = dict[str, Any]


class DataFailure(Exception):
    """The source failed (unreachable, an invalid row, a statement over its time limit); the text is shown to users."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class DataContext(NamedTuple):
    """Inputs of a data source from a run or a preview."""

    file: Callable[[int | str], Awaitable[Path]]
    """A data file by its id, or by its name beside a plan file. Raises InvalidInput; the path is safe to open."""
    connection: Callable[[str], Awaitable[Mapping[str, Any]]]
    """A database connection of the environment by its name, its password in clear. Raises InvalidInput.

    Keys: ``type`` (sqlite, mysql, postgresql), ``host``, ``port``, ``user``, ``password``, ``database``.
    """
    resolve: Callable[[str, int], Awaitable[list[tuple[Any, ...]]]]
    """As ``RunContext.resolve``: raises OSError when the name is unknown, TargetDenied when no address is allowed."""
    seed: int
    base_url: str = ""
    headers: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}


class Feed(ABC):
    """An open source of rows. Order, uniqueness and what happens at the end are the engine's business."""

    columns: Sequence[str] = ()
    """The names every row has."""
    json_safe: bool = False
    """Whether every row can be sent to any node unchanged, so that rows need no conversion.

    True requires JSON values, text that can be encoded (no lone surrogates) and integers of at most 64 bits.
    """
    count: int | None = None
    """Number of rows, if known."""
    warnings: Sequence[Text] = ()
    """Warnings for users: rows skipped, stale data."""
    encoding: str | None = None
    """Encoding of the text that is read, given or detected; shown in previews."""
    delimiter: str | None = None
    """Delimiter of the fields of the text, given or detected; None for text of a single field. Shown in previews."""

    @abstractmethod
    async def read(self, limit: int) -> list[Row]:
        """The next rows, at most ``limit``; an empty list at the end. Raises DataFailure.

        Must not hold up the loop: what blocks, or takes more than a millisecond or two, belongs in a thread.
        """

    def read_nowait(self, limit: int) -> list[Row]:
        """Return the next rows, at most ``limit``, if available without waiting; else none, and ``read`` gives them.

        Takes well under a millisecond. Never called during a ``read``. Raises DataFailure.
        """
        return []

    @abstractmethod
    async def rewind(self) -> None:
        """Begin again at the first row. Raises DataFailure."""

    async def close(self) -> None:  # noqa: B027 - most feeds hold nothing
        """Let go of whatever is held. Called exactly once."""


class DataSource(ABC):
    """A kind of test data. One object serves one run, or one preview.

    ``Options`` validates ``data_config`` without the keys of Allocation; raise InvalidInput from ``open`` for what
    only shows then, with paths relative to ``data_config``.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    Options: ClassVar[type[Spec]]
    cacheable: ClassVar[bool] = False
    """Whether rows are fetched as a whole before the run, and cached for ``data_cache_ttl``: for remote sources.

    Such rows must be JSON and must not depend on the seed.
    """

    def __init__(self, options: Any, context: DataContext) -> None:
        self.options = options
        self.context = context

    @abstractmethod
    async def open(self) -> Feed:
        """Open the source. Raises InvalidInput, DataFailure."""
