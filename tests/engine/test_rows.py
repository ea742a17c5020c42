"""Rows of test data in the hands of users: in virtual time, an engine and a dealer on one loop."""

from __future__ import annotations

from typing import Any

from perfsvc.cluster.dealer import Dealer
from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.node import Engine
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.model.window import Snapshot
from tests.engine.bench import spec_of
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer
from tests.support.feeds import Numbered

ROW = {"name": "get", "request": {"path": "{{n}}"}}
TWO_USERS = {"stages": [{"duration": 0, "target": 2}, {"duration": 5, "target": 2}]}


class Dealt:
    """A run with rows: what users asked the target for, and what the dealer told of it."""

    def __init__(self, feed: Numbered, allocation: dict[str, Any], **more: Any) -> None:
        self.feed = feed
        more.setdefault("steps", [ROW])
        data = {"source": "numbered", "allocation": allocation}
        self.spec = spec_of(**{"load": TWO_USERS, **more}, data=data)
        self.snapshots: list[Snapshot] = []
        self.ended = 0.0

    async def opened(self) -> Numbered:
        return self.feed

    async def whole(self, script: Any = Answer()) -> Dealt:  # noqa: B008 - never changed
        assert self.spec.data is not None
        protocol = fake_protocol.answering(script)
        clock = virtual_time.current_clock()
        self.dealer = Dealer(self.opened, self.spec.data, self.spec.seed)
        cluster = LocalCluster(lambda name: protocol, clock, TargetPolicy())
        self.engine: Engine = cluster.deploy(self.spec, self.snapshots.append, lambda: None, dealer=self.dealer)
        self.engine.compile()
        await self.dealer.open()
        await self.engine.prepare()
        self.engine.start()
        try:
            await self.engine.wait()
        finally:
            await self.dealer.close()
        self.log = protocol.made[-1].log
        return self

    @property
    def asked(self) -> list[str]:
        return [path for _, _, path in self.log]

    @property
    def by_user(self) -> dict[int, list[str]]:
        return {vu: [path for _, user, path in self.log if user == vu] for vu in {user for _, user, _ in self.log}}

    @property
    def report(self) -> dict[str, Any]:
        return {name: value for name, value in self.dealer.report().items() if name not in ("source", "columns")}


def dealt(feed: Numbered, script: Any = Answer(), steps: Any = None, **allocation: Any) -> Dealt:  # noqa: B008
    return virtual_time.run(Dealt(feed, allocation, steps=steps or [ROW]).whole(script))


def test_each_iteration_has_the_next_row_and_the_data_begins_again() -> None:
    run = dealt(Numbered(3))
    assert run.asked[:7] == ["0", "1", "2", "0", "1", "2", "0"]
    assert len(run.asked) == 1000
    assert run.report["used"] == 1000
    assert (run.report["total"], run.report["left"]) == (3, None)
    assert run.feed.rewinds == 0  # so little is kept
    assert run.feed.closed == 1
