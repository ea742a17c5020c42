"""A database without room."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfsvc.clock import SystemClock
from perfsvc.errors import StoreFull
from perfsvc.store import users
from perfsvc.store.binding import DATABASE
from perfsvc.store.database import Store
from perfsvc.store.database import writes


@writes
def limit_pages(most: int) -> None:
    DATABASE.execute_sql(f"PRAGMA max_page_count = {most}")


@writes
def fill() -> None:
    DATABASE.execute_sql("CREATE TABLE IF NOT EXISTS filling (data BLOB)")
    DATABASE.execute_sql("INSERT INTO filling VALUES (zeroblob(10000000))")


@pytest.mark.asyncio
async def test_writes_fail_with_the_cause_until_there_is_room(tmp_path: Path) -> None:
    store = await Store.open("sqlite:///full.db", clock=SystemClock(), data_dir=tmp_path)
    await store.run(limit_pages, 200)
    with pytest.raises(StoreFull) as caught:
        await store.run(fill)
    assert (caught.value.status, store.full) == (507, True)
    assert await store.run(users.exist) is False
    assert store.full
    await store.run(limit_pages, 1_000_000)
    await store.run(fill)
    assert not store.full
    await store.close()
