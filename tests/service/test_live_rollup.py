"""The roll-up of a run under way, with a database that holds it up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest

from perfsvc.service.runs import live_rollup
from perfsvc.service.runs.live_rollup import INTERVAL_S
from perfsvc.service.runs.live_rollup import LiveRollup
from perfsvc.store.rollup import Measured
from tests.support import virtual_time


async def stubborn(*arguments: Any) -> None:
    """Goes on for a while after it was cancelled, as a transaction may."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(60)


def test_the_time_limit_of_a_stop_holds_while_a_roll_up_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_rollup, "roll_up", stubborn)

    async def main() -> None:
        recorder = SimpleNamespace(up_to_date=True, newest=100)
        rollup = LiveRollup(cast("Any", None), cast("Any", recorder), 1, "x", Measured(1))
        rollup.start()
        await asyncio.sleep(INTERVAL_S + 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rollup.stop(), 5)
        assert asyncio.get_running_loop().time() == INTERVAL_S + 6

    virtual_time.run(main())
