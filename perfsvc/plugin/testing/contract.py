"""Contract tests for protocols: the promises of ``perfsvc.plugin.protocol``, one by one.

A protocol takes part with a ``Rig``. Every check is a coroutine over a rig that fails by AssertionError; ``CHECKS`` has
all of them by name.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import psutil

from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import ABORTED
from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import TargetDenied
from perfsvc.plugin.operations import checked
from perfsvc.plugin.testing.drive import EVERYTHING
from perfsvc.plugin.testing.drive import LIMIT_S
from perfsvc.plugin.testing.drive import Outcome
from perfsvc.plugin.testing.drive import User
from perfsvc.plugin.testing.drive import context
from perfsvc.plugin.testing.freeform import unmarked_freeform
from perfsvc.plugin.testing.load import Series
from perfsvc.plugin.testing.load import crowd
from perfsvc.plugin.testing.relay import HOST
from perfsvc.plugin.testing.relay import Relay
from perfsvc.plugin.testing.rig import Behaviour
from perfsvc.plugin.testing.rig import Rig
from perfsvc.plugin.testing.rig import refusing_port
from perfsvc.plugin.testing.titles import bare_fields

CROWD = 10
ABREAST = 2
"""Number of users in tests for leaks: few, since each may keep something of its latest requests."""
SLICES = 10
"""After each of which it is looked whether anything grew: what leaks is found out early."""
FEW_OBJECTS = 300
FEW_BYTES = 2_000_000
"""100 for each request: less than any reply, more than a process varies by."""
PAUSE_S = 0.3
WAITS_S = (0.1, 1, 10)
"""For a request to be sent: on a busy machine a connection takes long."""
ROUNDS = 4
"""Rounds of requests that may leave something behind."""
Counts = tuple[int, int, int]
"""Open descriptors, tasks and timers."""
ENDLESS = 1_000_000_000

Check = Callable[[Rig], Coroutine[Any, Any, None]]
CHECKS: dict[str, Check] = {}
OF_REPLIES = frozenset(
    {
        "a_peer_that_dies_in_the_middle",
        "a_peer_that_sends_garbage",
        "a_request_aborted_in_flight_is_done_at_once",
    }
)
"""Checks of how a reply ends, which a one-way protocol does not have."""
CHECK_OF = {Behaviour.DIES: "a_peer_that_dies_in_the_middle", Behaviour.GARBAGE: "a_peer_that_sends_garbage"}
"""The check that a peer with a behaviour ends a request."""


def check(function: Check) -> Check:
    """Puts a check into the suite."""
    CHECKS[function.__name__] = function
    return function


def checks_of(rig: Rig) -> list[str]:
    """The names of the checks that a rig does not go without; a one-way protocol goes without those of replies."""
    return [name for name in CHECKS if name not in rig.without and not (rig.one_way and name in OF_REPLIES)]


def hold(rig: Rig, name: str) -> None:
    """Hold a protocol to one check, on the loop that perfsvc runs on. Raises AssertionError."""
    run_on_loop(CHECKS[name](rig))


def succeeded(outcome: Outcome, rig: Rig) -> None:
    """A request that went as it should, with nothing contradictory in it."""
    assert outcome.failure is None, outcome.message
    assert outcome.sent
    assert 0 < outcome.started_ns < outcome.ended_ns
    assert 0 <= outcome.waiting_ns <= outcome.ended_ns - outcome.started_ns
    assert outcome.bytes_sent > 0
    assert (outcome.waiting_ns > 0, outcome.bytes_received > 0) == (not rig.one_way, not rig.one_way)
    if outcome.connected is not None:
        assert min(outcome.connected) >= 0


def failed(outcome: Outcome, *, sent: bool) -> str:
    """The error class of a request that failed, with nothing contradictory beside it."""
    assert outcome.failure
    assert len(outcome.failure) < 100
    assert (outcome.status, outcome.sent) == (0, sent)
    assert 0 < outcome.started_ns <= outcome.ended_ns
    assert (outcome.bytes_sent > 0) == sent
    return outcome.failure


# Going right


@check
async def done_is_called_once_for_each_start(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        for reads in (ReplyParts(), ReplyParts(headers=True), EVERYTHING) * 10:
            succeeded(await user.do(rig.request, reads), rig)
        await asyncio.sleep(0.02)
        assert user.count == 30


@check
async def many_users_at_a_time_do_not_mix(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, crowd(rig, url, 3 * CROWD) as users:
        for _ in range(5):
            for outcome in await asyncio.gather(*(user.do(rig.request) for user in users)):
                succeeded(outcome, rig)
        assert [user.count for user in users] == [5] * 3 * CROWD


@check
async def the_next_request_may_start_inside_done(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, crowd(rig, url, 1) as users:
        assert await successes_of(50, users, rig) == 50


@check
async def opening_a_connection_is_told_once(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        first, second = await user.do(rig.request), await user.do(rig.request)
        assert first.connected is not None
        assert second.connected is None


@check
async def many_requests_leave_nothing_behind(rig: Rig) -> None:
    slice_of_them = rig.many // SLICES
    async with rig.peer(Behaviour.GOOD) as url, crowd(rig, url, ABREAST) as users:
        await successes_of(2 * slice_of_them, users, rig)  # what users remember of the latest is there then
        objects, memory = footprint()
        for _ in range(SLICES):
            assert await successes_of(slice_of_them, users, rig) == slice_of_them
            more_objects, more_memory = footprint()
            assert more_objects - objects < FEW_OBJECTS
            assert more_memory - memory < FEW_BYTES


@check
async def nothing_is_sent_in_a_pause(rig: Rig) -> None:
    async with (
        rig.peer(Behaviour.GOOD) as url,
        Relay(url) as relay,
        crowd(rig, rig.url(HOST, relay.port), CROWD) as users,
    ):
        every = [Series(user, rig.request) for user in users]
        await _paused_in_the_middle(every)
        await relay.falls_silent()
        before = relay.sent
        await asyncio.sleep(PAUSE_S)
        assert relay.sent == before, "something was sent without a request"
        await _paused_in_the_middle(every)
        assert [series.good for series in every] == [series.ended for series in every]
        assert relay.sent > before


async def _paused_in_the_middle(every: list[Series]) -> None:
    for series in every:
        series.start(ENDLESS)
    await asyncio.gather(*(series.reaches(series.ended + 3) for series in every))
    with_those_in_flight = [series.ended + 1 for series in every]
    for series in every:
        series.pause()
    await asyncio.gather(*(series.over() for series in every))
    assert [series.ended for series in every] == with_those_in_flight


# Nothing sent


@check
async def what_cannot_be_sent_raises_and_is_not_done(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        call = user.call(rig.unsendable)
        for _ in range(2):
            raised = None
            try:
                user.start(call)
            except (MissingVariable, NotSent) as error:
                raised = error.error_class
            assert raised == "Missing variable: nobody"
        assert user.count == 0
        succeeded(await user.do(rig.request), rig)
        assert user.count == 1


@check
async def a_peer_that_refuses(rig: Rig) -> None:
    with refusing_port() as port:
        async with rig.user(context(rig.url("127.0.0.1", port))) as user:
            for _ in range(2):
                assert failed(await user.do(rig.request), sent=False) == "Connection Error: refused"
            assert user.count == 2


@check
async def a_target_that_is_not_allowed(rig: Rig) -> None:
    await _unresolved(rig, TargetDenied("169.254.169.254"), "Target Denied")


@check
async def a_name_that_nobody_knows(rig: Rig) -> None:
    await _unresolved(rig, OSError("Name or service not known"), "DNS Error")


async def _unresolved(rig: Rig, error: Exception, error_class: str) -> None:
    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        raise error

    async with rig.user(context(rig.url("peer.example", 1))._replace(resolve=resolve)) as user:
        assert failed(await user.do(rig.request), sent=False) == error_class


# Going wrong


@check
async def a_peer_that_dies_in_the_middle(rig: Rig) -> None:
    async with rig.peer(Behaviour.DIES) as url, rig.user(context(url)) as user:
        assert failed(await user.do(rig.request), sent=True).startswith("Connection Error: ")
        succeeded(await user.do(rig.request), rig)
        assert user.count == 2


@check
async def a_peer_that_sends_garbage(rig: Rig) -> None:
    async with rig.peer(Behaviour.GARBAGE) as url, rig.user(context(url)) as user:
        assert failed(await user.do(rig.request), sent=True) == "Protocol Error"
        succeeded(await user.do(rig.request), rig)
        assert user.count == 2


@check
async def a_peer_that_does_not_speak_tls(rig: Rig) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is not TLS\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = rig.secure_url("127.0.0.1", server.sockets[0].getsockname()[1])
        if url is None:
            return
        async with rig.user(context(url)) as user:
            for _ in range(2):
                assert failed(await user.do(rig.request), sent=False).startswith("TLS Error: ")


@check
async def a_request_aborted_in_flight_is_done_at_once(rig: Rig) -> None:
    async with rig.peer(Behaviour.SILENT) as url, rig.user(context(url)) as user:
        assert failed(await _aborted(user, rig, WAITS_S), sent=True) == TIMEOUT
        before = user.count
        succeeded(await user.do(rig.request), rig)
        assert user.count == before + 1


@check
async def a_request_aborted_before_it_left_is_done_at_once(rig: Rig) -> None:
    async def never(host: str, port: int) -> list[tuple[Any, ...]]:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async with rig.user(context(rig.url("peer.example", 1))._replace(resolve=never)) as user:
        for turns in range(3):
            user.start(user.call(rig.request))
            for _ in range(turns):
                await asyncio.sleep(0)
            user.session.abort(ABORTED)
            assert user.count == turns + 1
            assert failed(await user.ended(), sent=False) == ABORTED
        await asyncio.sleep(0.02)
        assert user.count == 3


@check
async def nothing_of_an_aborted_request_comes_later(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        for turns in range(12):
            user.start(user.call(rig.request))
            for _ in range(turns):
                await asyncio.sleep(0)
            before = user.count
            user.session.abort(ABORTED)
            assert user.count == turns + 1
            assert ((await user.ended()).failure == ABORTED) == (before == turns)
        await asyncio.sleep(0.05)
        assert user.count == 12
        succeeded(await user.do(rig.request), rig)


@check
async def aborting_an_idle_session_does_nothing(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        user.session.abort(ABORTED)
        assert user.count == 0
        succeeded(await user.do(rig.request), rig)
        user.session.abort(ABORTED)
        assert user.count == 1
        second = await user.do(rig.request)
        succeeded(second, rig)
        assert second.connected is None, "the connection of an idle session was given up"


@check
async def a_session_can_be_closed_at_any_time_between_requests(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url:
        for requests in (0, 1, 2):
            user = rig.user(context(url))
            for _ in range(requests):
                await user.do(rig.request)
            await user.session.close()
            await user.protocol.close()
            await asyncio.sleep(0)
            assert user.count == requests


@check
async def a_session_begins_anew_after_reset(rig: Rig) -> None:
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        user.session.reset()
        for _ in range(2):
            outcome = await user.do(rig.request)
            succeeded(outcome, rig)
            assert outcome.connected is not None
            user.session.reset()


@check
async def no_end_of_a_request_leaves_anything_to_the_next(rig: Rig) -> None:
    rounds: list[Counts] = []
    for _ in range(ROUNDS):
        behaviours = (Behaviour.GOOD,) if rig.one_way else Behaviour
        await asyncio.gather(*(_ended_and_followed(rig, behaviour) for behaviour in behaviours))
        rounds.append(await settled())
    for name, *found in zip(("descriptors", "tasks", "timers"), *rounds, strict=True):
        # Pools of libraries come and go: what is left behind grows in every round.
        grows = all(before < after for before, after in pairwise(found))
        assert not grows, f"{name} left behind: {found} after rounds of requests"


async def _aborted(user: User, rig: Rig, waits_s: Sequence[float]) -> Outcome:
    """Abort a request that has not ended by itself; begin again and wait longer where it had not been sent."""
    for wait_s in waits_s:
        before = user.count
        user.start(user.call(rig.request))
        with suppress(TimeoutError):
            await user.ended(wait_s)
        user.session.abort(TIMEOUT)
        assert user.count == before + 1, "abort came back before done was called"
        outcome = await user.ended()
        if outcome.sent:
            break
    return outcome


async def _ended_and_followed(rig: Rig, behaviour: Behaviour) -> None:
    """End a request as a peer has it; the next one must be as one of a user without a past."""
    async with rig.peer(behaviour) as url, rig.user(context(url)) as user:
        # One that the peer ends is not aborted before: the next would begin on a connection that is about to end.
        await _aborted(user, rig, (LIMIT_S,) if _ends(rig, behaviour) else WAITS_S)
        after = await user.do(rig.request)
        succeeded(after, rig)
        async with rig.user(context(url)) as fresh:
            alone = await fresh.do(rig.request)
        for name in ("status", "failure", "message", "counters"):
            kept, own = getattr(after, name), getattr(alone, name)
            same = kept == own if not isinstance(own, dict) else set(kept or ()) == set(own)
            assert same, f"{name} has something of the request before: {kept}, and {own} without one"


def _ends(rig: Rig, behaviour: Behaviour) -> bool:
    """Return whether a peer with this behaviour ends a request of the protocol."""
    return behaviour is Behaviour.GOOD or CHECK_OF.get(behaviour, "") in checks_of(rig)


async def settled() -> Counts:
    """Return the numbers of open descriptors, tasks and timers once they no longer fall."""
    found = _open_things()
    for _ in range(100):
        await asyncio.sleep(0.02)
        before, found = found, _open_things()
        if found >= before:
            break
    return found


def _open_things() -> Counts:
    loop = asyncio.get_running_loop()
    timers = [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]  # uvloop does not say
    return psutil.Process().num_fds(), len(asyncio.all_tasks()), len(timers)


# What users write


@check
async def fields_have_titles_in_both_languages(rig: Rig) -> None:
    for spec in (rig.protocol.Request, rig.protocol.Options):
        assert bare_fields(spec) == []
    assert rig.protocol.title.zh
    assert rig.protocol.title.en


@check
async def fields_in_which_users_name_what_is_within_say_so(rig: Rig) -> None:
    for spec in (rig.protocol.Request, rig.protocol.Options):
        assert unmarked_freeform(spec) == []


@check
async def wrong_requests_are_told_where(rig: Rig) -> None:
    async with rig.user(context(rig.url("127.0.0.1", 1))) as user:
        for request, path in rig.refused:
            problems = _problems(user, request)
            assert path in [problem.path for problem in problems], request
            assert all(problem.text.zh and problem.text.en for problem in problems)


@check
async def operations_can_be_listed(rig: Rig) -> None:
    if not rig.protocol.has_operations:
        return
    async with rig.peer(Behaviour.GOOD) as url, rig.user(context(url)) as user:
        found = checked(await user.protocol.operations(rig.request, LIMIT_S))
        assert found, "has_operations is set, and nothing is listed"
        assert all(each.name and each.kind.zh and each.kind.en for each in found)


def _problems(user: User, request: dict[str, Any]) -> list[Problem]:
    try:
        user.call(request)
    except InvalidInput as error:
        return error.problems
    return []


async def successes_of(count: int, users: list[User], rig: Rig) -> int:
    """Send ``count`` requests from all these users together and return how many succeeded."""
    every = [Series(user, rig.request) for user in users]
    for series in every:
        series.start(count // len(users))
    for series in every:
        await series.over()
    return sum(series.good for series in every)


def footprint() -> tuple[int, int]:
    """Return the number of objects and their memory."""
    gc.collect()
    return len(gc.get_objects()), psutil.Process().memory_info().rss
