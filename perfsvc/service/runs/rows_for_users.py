"""Whether test data has a row for every user, where each keeps one for itself; known before any load is started."""

from __future__ import annotations

from perfsvc.errors import InvalidInput
from perfsvc.model.data import AtEnd
from perfsvc.model.run import RunSpec
from perfsvc.plugin.datasource import Feed

MOST_COUNTED = 100_000
"""Rows that are counted by reading them; for more users nothing is said."""
BATCH = 1_000


def users_with_rows(spec: RunSpec) -> int | None:
    """Return how many users each need a row of their own; None where the run goes on without.

    Of arrivals, searches and adaptive loads it is not known how many users there will be.
    """
    data, load = spec.data, spec.load
    if data is None or load.open or load.control is not None or load.most_users > MOST_COUNTED:
        return None
    rows = data.allocation
    needed = rows.scope == "vu" and (rows.ending == "stop_vu" or (rows.unique and rows.ending == "stop_run"))
    return load.most_users if needed else None


async def count_rows(feed: Feed, users: int, ending: AtEnd) -> None:
    """Count the rows of a feed up to the number of users, so that ``feed.count`` says if there are fewer.

    Raises InvalidInput where the run would end for that, DataFailure.
    """
    count = feed.count if feed.count is not None else await _counted(feed, users)
    if count >= users:
        return
    feed.count = count
    if ending == "stop_run":
        raise InvalidInput.at(
            "config.data_config",
            f"{users} 个虚拟用户各独占一行（unique，scope: vu），而数据只有 {count} 行，数据用完时测试即结束；"
            "请增加数据、减少用户，或设置 at_end: stop_vu",
            f"each of {users} users keeps a row of its own (unique, scope: vu) and there are {count} rows, "
            "at whose end the run ends; add rows, have fewer users, or set at_end: stop_vu",
        )


async def _counted(feed: Feed, most: int) -> int:
    """Count the rows up to a number of them."""
    count = 0
    while count < most and (rows := await feed.read(min(BATCH, most - count))):
        count += len(rows)
    await feed.rewind()
    return count
