"""The protocol against a real Redis, and against everything perfsvc expects of a protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import ClassVar

import hiredis
import pytest
from certificate import self_signed
from perfsvc_redis import RedisProtocol
from perfsvc_redis.command import split
from redis_server import RedisServer

from perfsvc.plugin import InvalidInput
from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Outcome
from perfsvc.plugin.testing import Rig
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import checks_of
from perfsvc.plugin.testing import context
from perfsvc.plugin.testing import hold
from perfsvc.plugin.testing import run_on_loop

# Servers that do what a real one does not

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    commands = hiredis.Reader(notEnoughData=None)
    while data := await reader.read(65_536):
        commands.feed(data)
        while commands.gets() is not None:
            writer.write(b"+PONG\r\n")


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65_536)
    writer.write(b"$100\r\nhalf a re")


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def too_many(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        writer.write(b"+PONG\r\n+PONG\r\n")


async def too_long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        writer.write(b"$10000\r\n" + b"x" * 5000)


FIRST = {Behaviour.GOOD: good, Behaviour.SILENT: silent, Behaviour.DIES: dies, Behaviour.GARBAGE: garbage}


@asynccontextmanager
async def peer(first: Script) -> AsyncIterator[str]:
    """A server whose first connection follows a script, and all others the good one; gives its URL."""
    scripts = iter([first])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await next(scripts, good)(reader, writer)
        except ConnectionError:
            pass  # the client is gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class RedisBench(Rig):
    """What the contract suite must know."""

    protocol = RedisProtocol
    request: ClassVar[dict[str, Any]] = {"command": "PING"}
    unsendable: ClassVar[dict[str, Any]] = {"command": "GET {{nobody}}"}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "command"),
        ({"command": "PING", "commands": ["PING"]}, "command"),
        ({"command": 5}, "command"),
        ({"command": ""}, "command"),
        ({"command": []}, "command"),
        ({"command": "GET 'a"}, "command"),
        ({"command": "{{name}} a"}, "command"),
        ({"command": "GET {{$nonsense}}"}, "command"),
        ({"command": "subscribe news"}, "command"),
        ({"commands": []}, "commands"),
        ({"commands": ["PING", ["MONITOR"]]}, "commands[1]"),
        ({"command": "PING", "url": "http://127.0.0.1"}, "url"),
        ({"command": "PING", "url": "redis://user:secret@127.0.0.1"}, "url"),
        ({"command": "PING", "url": "redis://127.0.0.1/a"}, "url"),
        ({"comand": "PING"}, "comand"),
    ]

    def peer(self, behaviour: Behaviour) -> Any:
        return peer(FIRST[behaviour])

    def url(self, host: str, port: int) -> str:
        return f"redis://{host}:{port}"

    def secure_url(self, host: str, port: int) -> str:
        return f"rediss://{host}:{port}"


@pytest.mark.parametrize("check", checks_of(RedisBench()))
def test_contract(check: str) -> None:
    hold(RedisBench(), check)


def test_a_reply_too_many_or_too_long_is_no_reply() -> None:
    async def main() -> None:
        for script, options in ((too_many, {}), (too_long, {"max_reply_bytes": 4000})):
            async with peer(script) as url, user_of(url, **options) as user:
                assert (await user.do({"command": "PING"})).failure == "Protocol Error"
                assert (await user.do({"command": "PING"})).failure is None

    run_on_loop(main())


# A real one


def user_of(url: str, **options: Any) -> User:
    return User(RedisProtocol(RedisProtocol.Options.parse(options), context(url, redis_password="secret")))


Do = Callable[[User], Coroutine[Any, Any, None]]


def with_user(url: str, do: Do, **options: Any) -> None:
    async def main() -> None:
        async with user_of(url, **options) as user:
            await do(user)

    run_on_loop(main())


def value_of(outcome: Outcome) -> Any:
    assert outcome.failure is None, outcome.message
    return json.loads(outcome.body)


def test_commands_of_all_kinds(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        user.scope.variables.update(name="Ada Lovelace", number=7)
        commands = {
            "SET user:{{number}} '{{name}}'": "OK",
            "GET user:7": "Ada Lovelace",
            "GET nobody": None,
            "INCR hits": 1,
            'RPUSH list "a b" \'c "d"\' {{ number }}': 3,
            "LRANGE list 0 -1": ["a b", 'c "d"', "7"],
            "EVAL 'return {1, {2, \"x\"}}' 0": [1, [2, "x"]],
        }
        for command, value in commands.items():
            assert value_of(await user.do({"command": command})) == value, command
        assert value_of(await user.do({"command": ["SET", "n", 1.5]})) == "OK"
        assert redis.ask("GET", "n") == "1.5"

    with_user(redis.url, do)


def test_what_is_rendered_stays_one_word(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        user.scope.variables["name"] = "x\r\nFLUSHALL\r\n y"
        await user.do({"command": "SET key {{name}}"})
        assert redis.ask("GET", "key") == "x\r\nFLUSHALL\r\n y"
        assert redis.calls("flushall") == 0

    with_user(redis.url, do)


def test_a_pipeline_is_one_request(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        commands = ["MULTI", "INCR a", ["INCR", "a"], "EXEC", "GET nobody"]
        outcome = await user.do({"commands": commands})
        assert value_of(outcome) == ["OK", "QUEUED", "QUEUED", [1, 2], None]
        assert outcome.counters == {"redis_commands": 5, "redis_misses": 1}
        assert outcome.gauges == {"redis_reply_bytes": outcome.bytes_received}
        assert (outcome.bytes_sent, outcome.bytes_received) == (
            sum(len(hiredis.pack_command(tuple(c.split() if isinstance(c, str) else c))) for c in commands),
            len(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n$-1\r\n"),
        )

    with_user(redis.url, do)


def test_an_error_is_the_failure_of_the_request_and_keeps_the_connection(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        await user.do({"command": "LPUSH list a"})
        wrong = await user.do({"command": "GET list"})
        assert (wrong.failure, wrong.sent, wrong.status) == ("Redis Error: WRONGTYPE", True, 0)
        assert wrong.message.startswith("WRONGTYPE Operation against a key")
        assert wrong.excerpt.request == f"{redis.url}\n\nGET list"
        assert (await user.do({"command": "NONSENSE"})).failure == "Redis Error: ERR"
        assert (await user.do({"commands": ["PING", "GET list"]})).failure == "Redis Error: WRONGTYPE"
        after = await user.do({"command": "PING"})
        assert (after.failure, after.connected) == (None, None)

    with_user(redis.url, do)


def test_databases(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        await user.do({"command": "SET where two"})
        await user.do({"command": "SET where five", "url": f"{redis.url}/5"})
        await user.do({"command": "SET where {{$vu}}", "url": f"{redis.url}/{{{{database}}}}"})

    async def variable(user: User) -> None:
        user.scope.variables["database"] = "6"
        await do(user)

    with_user(redis.url, variable, database=2)
    assert redis.ask("INFO", "keyspace").split()[2::1] == [
        f"db{number}:keys=1,expires=0,avg_ttl=0" for number in (2, 5, 6)
    ]


def test_passwords_are_templates_and_never_shown(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--requirepass", "secret") as guarded:

        async def right(user: User) -> None:
            assert value_of(await user.do({"command": "PING"})) == "PONG"
            shown = (await user.do({"commands": ["AUTH secret", "NONSENSE"]})).excerpt.request
            assert "AUTH ***" in shown
            assert "secret" not in shown

        async def wrong(user: User) -> None:
            outcome = await user.do({"command": "PING"})
            assert (outcome.failure, outcome.sent) == ("Redis Error: WRONGPASS", False)

        with_user(guarded.url, right, password="{{redis_password}}")
        with_user(guarded.url, right, username="default", password="{{redis_password}}")
        with_user(guarded.url, wrong, password="other")
    assert "secret" not in repr(RedisProtocol.Options(password="secret"))


def test_tls(tmp_path: Path) -> None:
    files = self_signed(tmp_path)

    async def trusted(user: User) -> None:
        outcome = await user.do({"command": "PING"})
        assert value_of(outcome) == "PONG"
        assert outcome.connected is not None
        assert outcome.connected[2] > 0

    async def unknown(user: User) -> None:
        outcome = await user.do({"command": "PING"})
        assert outcome.failure is not None
        assert outcome.failure.startswith("TLS Error: ")

    with RedisServer(tmp_path, tls=files) as guarded:
        with_user(guarded.url, trusted, ca=files[0].read_text())
        with_user(guarded.url, unknown)


def test_a_server_that_hung_up_is_dialled_again(redis: RedisServer) -> None:
    async def do(user: User) -> None:
        assert (await user.do({"command": "PING"})).connected is not None
        redis.ask("CLIENT", "KILL", "TYPE", "normal")
        for _ in range(200):
            if not user.session._connection.open:  # type: ignore[attr-defined]
                break
            await asyncio.sleep(0.01)
        assert (await user.do({"command": "PING"})).connected is not None

    with_user(redis.url, do)


def test_every_command_is_counted(redis: RedisServer) -> None:
    async def main() -> None:
        users = [user_of(redis.url) for _ in range(20)]
        for _ in range(50):
            await asyncio.gather(*(user.do({"commands": ["INCR a", "GET a"]}) for user in users))
        for user in users:
            await user.session.close()

    run_on_loop(main())
    assert (redis.calls("incr"), redis.calls("get"), redis.ask("GET", "a")) == (1000, 1000, "1000")


def test_a_template_in_the_options_that_means_nothing_is_told() -> None:
    with pytest.raises(InvalidInput, match="password: unknown placeholder"):
        user_of("redis://127.0.0.1", password="{{$nonsense}}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GET a", ["GET", "a"]),
        ("  GET   a  ", ["GET", "a"]),
        ("SET a ''", ["SET", "a", ""]),
        ('SET a "b \\" \\\\ c"', ["SET", "a", 'b " \\ c']),
        ("SET a {{ name }}-{{$randomInt(1, 9)}}", ["SET", "a", "{{ name }}-{{$randomInt(1, 9)}}"]),
        ("SET a 'b", []),
        ("SET a 'b'c", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split(text) == words
