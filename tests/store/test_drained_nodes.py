"""The names of drained nodes."""

from __future__ import annotations

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.store import drained_nodes
from perfsvc.store.database import Store

pytestmark = pytest.mark.asyncio


async def test_names_are_kept_until_they_are_taken_back(store: Store) -> None:
    for name in ("east", "west", "east"):
        await store.run(drained_nodes.note, name, True)
    assert await store.run(drained_nodes.names) == {"east", "west"}
    for name in ("east", "nobody"):
        await store.run(drained_nodes.note, name, False)
    assert await store.run(drained_nodes.names) == {"west"}


async def test_a_name_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput):
        await store.run(drained_nodes.note, "x" * 65, True)
