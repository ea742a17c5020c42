"""An engine over a fake target in virtual time, and everything that it reported."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

STEP = {"name": "get", "request": {"path": "/a"}}


def spec_of(steps: list[dict[str, Any]] | None = None, stages: Any = None, scene: Any = None, **more: Any) -> RunSpec:
    scenes = [{"scene": {"name": "s", "steps": steps or [STEP], **(scene or {})}}]
    load = more.pop("load", None) or {"stages": stages or [{"duration": 0, "target": 2}, {"duration": 5, "target": 2}]}
    base = {"execution_id": "x", "name": "x", "seed": 7, "scenes": scenes, "load": load, "protocol": "fake"}
    return RunSpec.parse({**base, **more})


class Rig:
    """An engine over a fake target, and everything that it reported."""

    def __init__(self, spec: RunSpec, script: Any) -> None:
        self.protocol = fake_protocol.answering(script)
        self.snapshots: list[Snapshot] = []
        clock = virtual_time.current_clock()
        self.engine = Engine(
            spec, Node(lambda name: self.protocol, clock, TargetPolicy()), Callbacks(self.snapshots.append)
        )
        self.engine.compile()

    async def begin(self) -> None:
        await self.engine.prepare()
        self.began = asyncio.get_running_loop().time()
        self.engine.start()

    async def run_to_end(self) -> None:
        await self.begin()
        await self.engine.wait()

    @property
    def target(self) -> fake_protocol.FakeProtocol:
        return self.protocol.made[0]

    @property
    def requests(self) -> int:
        return sum(window.requests for snapshot in self.snapshots for window in snapshot.windows)

    @property
    def failures(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for snapshot in self.snapshots:
            for window in snapshot.windows:
                counts.update(window.failures)
        return counts

    def times(self) -> list[float]:
        return [round(moment - self.began, 3) for moment, _, _ in self.target.log]


def run(spec: RunSpec, script: Any = Answer()) -> Rig:  # noqa: B008 - never changed
    async def main() -> Rig:
        rig = Rig(spec, script)
        await rig.run_to_end()
        return rig

    return virtual_time.run(main())
