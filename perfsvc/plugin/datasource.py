"""What a data-source plugin is: it opens a feed, and the feed hands out rows in blocks."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.base import Spec

Row = dict[str, Any]


class Feed(ABC):
    """An open source of rows. Order, uniqueness and what happens at the end are the engine's business."""

    columns: Sequence[str] = ()
    """The names every row has."""
    count: int | None = None
    """How many rows there are, where that is known."""

    @abstractmethod
    async def read(self, limit: int) -> list[Row]:
        """The next rows, at most ``limit``; an empty list at the end."""

    @abstractmethod
    async def rewind(self) -> None:
        """Begin again at the first row."""

    async def close(self) -> None:  # noqa: B027 - most feeds hold nothing
        """Let go of whatever is held. Called exactly once."""


class DataSource(ABC):
    """A kind of test data. One object serves one run.

    ``Options`` validates ``data_config``; raise InvalidInput from ``open`` for what only shows then.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    Options: ClassVar[type[Spec]]

    def __init__(self, options: Any) -> None:
        self.options = options

    @abstractmethod
    async def open(self) -> Feed:
        """Open the source."""
