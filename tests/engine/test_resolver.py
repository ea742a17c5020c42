"""Where load may go, and how names become addresses."""

from __future__ import annotations

import socket

import pytest

from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.plugin.protocol import TargetDenied


@pytest.mark.parametrize(
    ("allow", "deny", "host", "address", "allowed"),
    [
        ([], [], "a.example", "203.0.113.9", True),
        (["10.0.0.0/8"], [], "a", "10.1.2.3", True),
        (["10.0.0.0/8"], [], "a", "11.1.2.3", False),
        ([], ["169.254.0.0/16"], "metadata", "169.254.169.254", False),
        ([], ["169.254.0.0/16"], "metadata", "::ffff:169.254.169.254", False),
        (["*.example.com"], [], "API.example.com.", "203.0.113.9", True),
        (["*.example.com"], [], "example.com", "203.0.113.9", False),
        (["example.com"], ["203.0.113.9"], "example.com", "203.0.113.9", False),
        (["fe80::/10"], [], "x", "fe80::1%eth0", True),
        ([], [], "metadata", "169.254.169.254", False),
        ([], [], "metadata", "::ffff:169.254.169.254", False),
        ([], [], "nat", "64:ff9b::169.254.169.254", False),
        ([], [], "x", "fe80::1%eth0", False),
        ([], [], "x", "fd00:ec2::254", False),
        ([], [], "x", "fd00:abc::254", True),
        (["*.example.com", "0.0.0.0/0"], [], "rebound.example.com", "169.254.169.254", False),
        (["169.254.169.254"], [], "metadata", "169.254.169.254", True),
        (["169.254.0.0/16"], ["169.254.169.254"], "metadata", "169.254.169.254", False),
        ([], ["127.0.0.0/8"], "0", "0.0.0.0", False),
        ([], ["::1"], "any", "::", False),
        ([], ["10.0.0.0/8"], "nat", "64:ff9b::10.1.2.3", False),
        ([], ["10.0.0.0/8"], "6to4", "2002:0a01:0203::1", False),
    ],
)
def test_the_policy(allow: list[str], deny: list[str], host: str, address: str, allowed: bool) -> None:
    assert TargetPolicy(allow, deny).allows(host, address) is allowed


@pytest.mark.asyncio
async def test_a_name_is_asked_once() -> None:
    resolver = Resolver(TargetPolicy())
    first = await resolver.resolve("127.0.0.1", 80)
    assert first[0][4] == ("127.0.0.1", 80)
    assert await resolver.resolve("127.0.0.1", 80) is first


@pytest.mark.asyncio
async def test_a_denied_target_is_refused() -> None:
    with pytest.raises(TargetDenied):
        await Resolver(TargetPolicy(deny=["127.0.0.0/8"])).resolve("127.0.0.1", 80)


@pytest.mark.asyncio
async def test_an_unknown_name_is_an_error_every_time() -> None:
    resolver = Resolver(TargetPolicy())
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await resolver.resolve("no-such-host.invalid", 80)


@pytest.mark.asyncio
async def test_without_the_cache_a_name_is_asked_every_time() -> None:
    resolver = Resolver(TargetPolicy(), cached=False)
    assert await resolver.resolve("127.0.0.1", 80) is not await resolver.resolve("127.0.0.1", 80)


def test_a_users_own_machine_may_load_its_neighbours() -> None:
    assert TargetPolicy(guarded=False).allows("x", "169.254.1.2")
