"""Operations of a target: what a plugin returns or raises becomes a list, or problems at their paths."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import pytest

from perfsvc.engine.operations import Operations
from perfsvc.engine.operations import operations_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.errors import InvalidInput
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.plugin import Failed
from perfsvc.plugin import Operation
from perfsvc.plugin import Text
from tests.support.fake_protocol import FakeProtocol

pytestmark = pytest.mark.asyncio

KIND = Text("主题", "topic")


def raising(error: Exception) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


async def listed(
    act: Callable[[], Any], made: Callable[[], Any] = lambda: None, options: Any = None
) -> tuple[Operations, list[FakeProtocol]]:
    objects: list[FakeProtocol] = []

    class Listing(FakeProtocol):
        def __init__(self, options: Any, context: Any) -> None:
            super().__init__(options, context)
            made()
            objects.append(self)

        async def operations(self, request: Mapping[str, Any], limit_s: float) -> Any:
            return act()

    surroundings = TrialSurroundings(
        lambda name: Listing, Resolver(TargetPolicy()), Target(), {"fake": options or {}}, {}, RunFiles()
    )
    return await operations_of("fake", {}, surroundings, 5), objects


async def problem(*args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        await listed(*args, **more)
    (only,) = caught.value.problems
    return only.path, only.text.en


async def test_what_is_listed_is_shown_and_the_protocol_is_closed() -> None:
    many = [Operation(str(number), KIND, {"topic": (number, None)}) for number in range(1001)]
    found, (protocol,) = await listed(lambda: many)
    assert (len(found.shown), found.truncated, protocol.closed) == (1000, True, True)
    assert found.shown[0] == Operation("0", KIND, {"topic": [0, None]})
    found, _ = await listed(lambda: many[:1000])
    assert (len(found.shown), found.truncated) == (1000, False)


@pytest.mark.parametrize(
    "found",
    [
        None,
        iter(()),
        [("a", KIND, {})],
        [Operation(1, KIND, {})],  # type: ignore[arg-type]  # as plugins without annotations return them
        [Operation("a", "topic", {})],  # type: ignore[arg-type]
        [Operation("a", Text("主题", None), {})],  # type: ignore[arg-type]
        [Operation("a", KIND, ["b"])],  # type: ignore[arg-type]
        [Operation("a", KIND, {"b": b"c"})],
    ],
)
async def test_what_is_no_list_of_operations_is_the_plugins_mistake(found: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        await listed(lambda: found)
    (only,) = caught.value.problems
    assert (only.path, only.text.zh.startswith("插件出错")) == ("request", True)


@pytest.mark.parametrize(("number", "text"), [(float("nan"), "a"), (1, "\ud800")])
async def test_what_json_cannot_hold_is_the_plugins_mistake(number: float, text: str) -> None:
    assert (await problem(lambda: [Operation("a", KIND, {"b": number, "c": text})]))[0] == "request"


async def test_what_a_plugin_raises_is_placed() -> None:
    assert await problem(raising(InvalidInput.at("url", "不对", "is wrong"))) == ("request.url", "is wrong")
    unresolved = "the host name cannot be resolved (x); check the host name in the address"
    assert await problem(raising(Failed("DNS Error", "x"))) == ("request", unresolved)
    assert await problem(raising(KeyError("k"))) == ("request", "'k'")
    assert await problem(raising(TimeoutError("mine"))) == ("request", "mine")
    assert await problem(list, raising(InvalidInput.at("ca", "不对", "is wrong"))) == (
        "protocol_options.fake.ca",
        "is wrong",
    )
    assert await problem(list, raising(KeyError("k"))) == ("protocol_options.fake", "'k'")
    assert (await problem(list, options={"speed": 1}))[0] == "protocol_options.fake.speed"
