"""The UDP plugin against honest and faulty servers, held against the servers' own counts."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import NotSent
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.udp import UdpProtocol
from perfsvc_protocols.udp.flight import REMEMBERED
from perfsvc_protocols.udp.flight import Arrival
from perfsvc_protocols.udp.flight import Flight
from tests.protocols.udp_peers import UdpServer
from tests.protocols.udp_peers import delays
from tests.protocols.udp_peers import doubles
from tests.protocols.udp_peers import drops
from tests.protocols.udp_peers import echo
from tests.protocols.udp_peers import silent
from tests.protocols.udp_peers import swaps

BURST = {"text": "12345678 payload", "sequence": {"size": 8}, "count": 100, "wait": 400}


def user(server: UdpServer, **options: Any) -> User:
    return User(UdpProtocol(UdpProtocol.Options.parse(options), context(server.url)))


async def counted(client: User, *requests: dict[str, Any]) -> dict[str, float]:
    """The counters of some requests together."""
    total: dict[str, float] = {}
    for request in requests:
        await client.do(request)
        for name, count in (client.session.reply.counters or {}).items():
            total[name] = total.get(name, 0) + count
    return total


@pytest.mark.asyncio
async def test_a_datagram_makes_a_round_trip():
    async with UdpServer(echo) as server, user(server) as client:
        client.scope.variables = {"name": "bob"}
        outcome = await client.do({"text": "hello {{name}}"})
        assert (outcome.failure, outcome.body, outcome.status) == (None, b"hello bob", 0)
        assert (outcome.bytes_sent, outcome.bytes_received) == (9, 9)
        assert client.session.reply.counters == {"datagrams_sent": 1, "datagrams_received": 1}
        trip_ms = (outcome.ended_ns - outcome.started_ns) / 1e6
        assert 0 < (client.session.reply.gauges or {})["round_trip_ms"] <= trip_ms


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sequence", "wire"),
    [
        ({}, b"\x00\x00\x00\x01payload"),
        ({"size": 8, "byte_order": "little"}, b"\x01\x00\x00\x00\x00\x00\x00\x00oad"),
        ({"offset": 2}, b"xx\x00\x00\x00\x01yload"),
        ({"offset": 13}, b"xxxxpayload\x00\x00\x00\x00\x00\x01"),
    ],
)
async def test_sequence_numbers_are_written(sequence: dict[str, Any], wire: bytes):
    async with UdpServer(echo) as server, user(server) as client:
        assert (await client.do({"text": "xxxxpayload", "sequence": sequence})).failure is None
        assert server.got == [wire]


@pytest.mark.asyncio
async def test_replies_are_known_by_a_field():
    def answer(server: UdpServer, data: bytes, addr: Any) -> None:
        for reply in (b"?" + b"zz" + b"no", b"?" + data[:2] + b"yes"):
            server.answer(reply, addr)

    async with UdpServer(answer) as server, user(server) as client:
        outcome = await client.do({"text": "id hello", "match": {"size": 2, "reply_offset": 1}})
        assert outcome.body == b"?idyes"
        assert client.session.reply.counters == {"datagrams_sent": 1, "datagrams_received": 2, "unmatched": 1}


@pytest.mark.asyncio
async def test_one_way():
    async with UdpServer(silent) as server, user(server) as client:
        for _ in range(3):
            outcome = await client.do({"text": "a", "one_way": True, "count": 5})
            assert (outcome.failure, outcome.bytes_sent) == (None, 5)
            assert client.session.reply.counters == {"datagrams_sent": 5}
        async with asyncio.timeout(60):
            while server.did["received"] < 15:
                await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_loss_is_what_the_server_dropped():
    async with UdpServer(drops(every=10)) as server, user(server) as client:
        counts = await counted(client, *[BURST] * 10)
        assert server.did["dropped"] == 100
        assert counts == {"datagrams_sent": 1000, "datagrams_received": 900, "lost": 100}
        assert 9 <= 100 * counts["lost"] / counts["datagrams_sent"] <= 11


@pytest.mark.asyncio
async def test_loss_one_by_one():
    async with UdpServer(drops(every=10)) as server, user(server) as client:
        counts = await counted(client, *[{"text": "....", "sequence": {}, "wait": 200}] * 100)
        assert counts == {"datagrams_sent": 100, "datagrams_received": 90, "lost": 10}


@pytest.mark.asyncio
async def test_a_generator_that_was_held_up_does_not_call_it_loss():
    async with UdpServer(delays(0.03)) as server, user(server) as client:
        client.start(client.call({"text": "....", "sequence": {}, "wait": 40}))
        async with asyncio.timeout(60):
            while not server.did["received"]:
                await asyncio.sleep(0)
        time.sleep(0.2)  # nothing runs: neither the server nor what reads its reply
        outcome = await client.ended()
        assert (outcome.failure, outcome.counters) == (None, {"datagrams_sent": 1, "datagrams_received": 1})


@pytest.mark.asyncio
async def test_duplicates_are_counted_exactly():
    async with UdpServer(doubles(every=7)) as server, user(server) as client:
        counts = await counted(client, *[{**BURST, "count": 99}] * 5, {"text": "last", "sequence": {"size": 8}})
        assert server.did["doubled"] == 70
        assert counts == {"datagrams_sent": 496, "datagrams_received": 566, "duplicates": 70}


@pytest.mark.asyncio
async def test_overtaken_replies_are_counted_exactly():
    async with UdpServer(swaps(every=7)) as server, user(server) as client:
        counts = await counted(client, *[{**BURST, "count": 99}] * 5)
        assert server.did["swapped"] == 70
        assert counts == {"datagrams_sent": 495, "datagrams_received": 495, "reordered": 70}


@pytest.mark.asyncio
async def test_a_late_reply_is_lost_and_late_and_never_that_of_the_next_request():
    async with UdpServer(delays(0.1)) as server, user(server) as client:
        request = {"text": "....", "sequence": {}}
        first = await client.do({**request, "wait": 20})
        assert first.failure == TIMEOUT
        assert client.session.reply.counters == {"datagrams_sent": 1, "lost": 1}
        second = await client.do(request)
        assert (second.failure, second.body) == (None, b"\x00\x00\x00\x02")
        counters = {"datagrams_sent": 1, "datagrams_received": 2, "late": 1}
        assert client.session.reply.counters == counters


@pytest.mark.asyncio
async def test_a_late_reply_without_a_number_meets_nobody():
    async with UdpServer(delays(0.1)) as server, user(server) as client:
        assert (await client.do({"text": "one", "wait": 20})).failure == TIMEOUT
        assert (await client.do({"text": "two"})).body == b"two"
        assert len(server.clients) == 2


@pytest.mark.asyncio
async def test_a_burst_that_nobody_answers_fails():
    async with UdpServer(silent) as server, user(server) as client:
        outcome = await client.do({**BURST, "wait": 20})
        assert outcome.failure == TIMEOUT
        assert client.session.reply.counters == {"datagrams_sent": 100, "lost": 100}


@pytest.mark.asyncio
async def test_datagrams_can_be_spaced():
    async with UdpServer(echo) as server, user(server) as client:
        outcome = await client.do({**BURST, "count": 5, "interval": 10.0})
        assert outcome.failure is None
        # Four intervals; uvloop's timers count whole milliseconds, so that each may ring up to one too early.
        assert outcome.ended_ns - outcome.started_ns >= 36_000_000
        assert set(client.session.reply.gauges or {}) == {"round_trip_ms", "jitter_ms"}


@pytest.mark.asyncio
async def test_several_sockets_are_used_in_turn():
    async with UdpServer(echo) as server, user(server, sockets=3) as client:
        await client.do({**BURST, "count": 7})
        assert len(server.clients) == 3


@pytest.mark.asyncio
async def test_new_sockets_for_each_iteration():
    async with UdpServer(echo) as server, user(server, new_sockets_each_iteration=True) as client:
        for client.scope.iteration in (0, 0, 1):
            await client.do({"text": "a"})
        assert len(server.clients) == 2


@pytest.mark.asyncio
async def test_waiting_lengthens_the_time_limit():
    async with UdpServer(echo) as server, user(server) as client:
        request = {**BURST, "count": 11, "interval": 100.0, "wait": 500}
        assert client.call(request, timeout_s=2).timeout_ns == 3_500_000_000


def test_jitter_is_that_of_rfc_3550():
    flight = Flight()
    trips = [5_000_000, 7_000_000, 6_000_000, 6_000_000]
    for index, trip in enumerate(trips, 1):
        assert flight.arrive(flight.send(index * 20_000_000), index * 20_000_000 + trip) is Arrival.FIRST
    # Differences of 2, 1 and 0 ms: 125,000 ns, then 179,687.5, then
    assert flight.jitter_ns == 168457.03125


def test_a_flight_remembers_so_many():
    flight = Flight()
    for _ in range(REMEMBERED + 1):
        flight.send(1)
    assert [flight.arrive(number, 2) for number in (1, 2, 2, REMEMBERED + 1, REMEMBERED + 2)] == [
        Arrival.UNKNOWN,
        Arrival.FIRST,
        Arrival.DUPLICATE,
        Arrival.FIRST,
        Arrival.UNKNOWN,
    ]


@pytest.mark.asyncio
async def test_a_datagram_that_is_too_big_leaves_nothing_behind():
    async with UdpServer(delays(0.4)) as server, user(server) as client:
        client.scope.variables = {"big": "x" * 65_508}
        with pytest.raises(NotSent, match="a datagram of 65508 bytes exceeds 65507"):
            await client.do({"text": "{{big}}", "one_way": True})
        outcome = await client.do({"text": "next"})
        assert (outcome.failure, outcome.body) == (None, b"next")
        assert outcome.waiting_ns >= 400_000_000
        assert server.got == [b"next"]


@pytest.mark.asyncio
async def test_a_constant_datagram_that_is_too_big_is_refused():
    async with UdpServer(echo) as server, user(server) as client:
        with pytest.raises(InvalidInput) as refused:
            await client.do({"hex": "00" * 65_508})
        assert [problem.path for problem in refused.value.problems] == ["hex"]


@pytest.mark.asyncio
async def test_the_biggest_datagram():
    async with UdpServer(echo) as server, user(server) as client:
        outcome = await client.do({"text": "x" * 65_507})
        assert (outcome.failure, len(outcome.body)) == (None, 65_507)


@pytest.mark.asyncio
async def test_a_burst_at_a_dead_port():
    async with UdpServer(echo) as server, UdpServer(delays(0.2)) as alive:
        dead = server.url
        await server.__aexit__()
        async with user(server) as client:
            for _ in range(5):
                outcome = await client.do({**BURST, "url": dead})
                assert outcome.failure == "Connection Error: refused"
                counters = client.session.reply.counters or {}
                assert counters.keys() == {"datagrams_sent"}
                assert 1 <= counters["datagrams_sent"] <= 100
            outcome = await client.do({"url": alive.url, "text": "next"})
            assert (outcome.failure, outcome.body) == (None, b"next")
            assert alive.got == [b"next"]
