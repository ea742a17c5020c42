"""What a data-source plugin is: it opens a feed, and the feed hands out rows in blocks."""

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
    """The source itself failed (unreachable, a bad row, a statement that took too long): what is told to people."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class DataContext(NamedTuple):
    """What a run, or a preview, gives to a data source."""

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
    """Whether each row can travel to any node as it is, so that nobody has to look at it.

    Then values are those of JSON, all text can be encoded, that is, has no halves of characters, and whole numbers have
    64 bits at most.
    """
    count: int | None = None
    """How many rows there are, where that is known."""
    warnings: Sequence[Text] = ()
    """What people should know of the source: rows skipped, data that is stale."""

    @abstractmethod
    async def read(self, limit: int) -> list[Row]:
        """The next rows, at most ``limit``; an empty list at the end. Raises DataFailure.

        Must not hold up the loop: what blocks, or takes more than a millisecond or two, belongs in a thread.
        """

    def read_nowait(self, limit: int) -> list[Row]:
        """The next rows, at most ``limit``, where they are there at once; else none, and ``read`` tells what follows.

        Takes well under a millisecond. Never called while a ``read`` is on its way. Raises DataFailure.
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
    """Whether the rows come from afar: they are then fetched whole before the run, and kept for ``data_cache_ttl``.

    Such rows must not depend on the seed, and are JSON.
    """

    def __init__(self, options: Any, context: DataContext) -> None:
        self.options = options
        self.context = context

    @abstractmethod
    async def open(self) -> Feed:
        """Open the source. Raises InvalidInput, DataFailure."""
