"""An engine over every protocol and a real peer, paused in mid-run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from perfsvc.clock import SystemClock
from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc.plugin.testing.relay import HOST
from perfsvc.plugin.testing.relay import Relay
from tests.protocols.rigs import RIGS

USERS = 5
ENOUGH = 50
PAUSE_S = 0.3
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


def spec_of(rig: Rig, url: str) -> RunSpec:
    name = rig.protocol.name
    return RunSpec.parse(
        {
            "execution_id": "x",
            "name": "x",
            "seed": 7,
            "scenes": [{"scene": {"name": "s", "steps": [{"name": "ask", "request": rig.request}]}}],
            "load": {"stages": [{"duration": 0, "target": USERS}, {"duration": 60, "target": USERS}]},
            "protocol": name,
            "protocol_options": {name: rig.options},
            "target": {"base_url": url},
        }
    )


class Counted:
    """A protocol of which it is counted how often its sessions called ``done``."""

    def __init__(self, protocol: type[Protocol]) -> None:
        self.count = 0
        counted = self

        class SnapshotReport(protocol):  # type: ignore[misc, valid-type]  # which one is not known before
            def session(self, scope: Scope, done: Callable[[Reply], None]) -> Session:
                def told(reply: Reply) -> None:
                    counted.count += 1
                    done(reply)

                session: Session = super().session(scope, told)
                return session

        self.protocol = SnapshotReport

    async def grows(self) -> None:
        """Until so many more requests have ended that every user has had some."""
        wanted = self.count + ENOUGH
        async with asyncio.timeout(60):
            while self.count < wanted:
                await asyncio.sleep(0.001)


def requests(snapshots: list[Snapshot]) -> tuple[int, dict[str, Any]]:
    windows = [window for snapshot in snapshots for window in snapshot.windows]
    failures = {name: count for window in windows for name, count in window.failures.items()}
    return sum(window.requests for window in windows), failures


@pytest.mark.parametrize("name", RIGS)
async def test_a_run_is_paused_and_goes_on(name: str):
    rig, snapshots = RIGS[name], list[Snapshot]()
    counted = Counted(rig.protocol)
    async with rig.peer(Behaviour.GOOD) as url, Relay(url) as relay:
        spec = spec_of(rig, rig.url(HOST, relay.port))
        engine = Engine(
            spec, Node(lambda _: counted.protocol, SystemClock(), TargetPolicy()), Callbacks(snapshots.append)
        )
        engine.compile()
        await engine.prepare()
        engine.start()
        await counted.grows()
        engine.pause()
        before = counted.count
        await relay.falls_silent()
        await asyncio.sleep(PAUSE_S)
        assert counted.count - before <= USERS, "each has ended the request that it had in flight, and no more"
        engine.resume()
        await counted.grows()
        engine.stop()
        await engine.wait()
    assert requests(snapshots) == (counted.count, {})
