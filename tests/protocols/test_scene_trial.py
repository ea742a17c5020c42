"""A scene tried once over every protocol that comes with perfsvc: through the plugin interface alone."""

from __future__ import annotations

import pytest

from perfsvc.engine.masking import Masker
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import SceneTrial
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from tests.protocols.rigs import RIGS


async def tried(rig: Rig, address: str, timeout_ms: int = 3_000) -> list[dict[str, object]]:
    name = rig.protocol.name
    around = TrialSurroundings(
        lambda _: rig.protocol,
        Resolver(TargetPolicy()),
        Target(base_url=address),
        {name: rig.options},
        {},
        RunFiles(),
    )
    scene = SceneSpec.parse({"name": "s", "steps": [{"name": "a", "request": rig.request}] * 2})
    trial = SceneTrial(scene, around, protocol=name, timeout_ms=timeout_ms, seed=1)
    trial.compile()
    await trial.run()
    await trial.close()
    return [step.as_dict(Masker()) for step in trial.steps]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", RIGS)
async def test_request_and_reply_are_shown(name: str) -> None:
    rig = RIGS[name]
    async with rig.peer(Behaviour.GOOD) as address:
        seen = await tried(rig, address)
    assert [(step["outcome"], step["error"]) for step in seen] == [("passed", None)] * 2
    for step in seen:
        assert step["request"]["text"], step  # type: ignore[index]
        assert step["response"]["size"] >= 0  # type: ignore[index]
        assert step["duration"] > 0  # type: ignore[operator]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", RIGS)
async def test_a_peer_that_says_nothing_is_a_timeout(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = RIGS[name]
    async with rig.peer(Behaviour.SILENT) as address:
        first = (await tried(rig, address, timeout_ms=300))[0]
    assert first["error"]["class"] == "Timeout"  # type: ignore[index]
