"""Invented rows: true to Faker, the same for the same seed, and nothing that a user writes is ever run."""

from __future__ import annotations

import asyncio
import re
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from faker import Faker

from perfsvc.plugin import DataFailure
from perfsvc.plugin import Feed
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Row
from perfsvc.plugin.testing import data_context
from perfsvc_datasources._faker_process.calls import METHODS
from perfsvc_datasources._faker_process.calls import parse_call
from perfsvc_datasources._faker_process.pattern import compile_pattern
from perfsvc_datasources.generator import GeneratorSource
from perfsvc_datasources.generator import pools


@asynccontextmanager
async def opened(columns: dict[str, Any], seed: int = 1, **options: Any) -> AsyncIterator[Feed]:
    parsed = GeneratorSource.Options.parse({"columns": columns, **options})
    feed = await GeneratorSource(parsed, data_context(Path(), seed)).open()
    try:
        yield feed
    finally:
        await feed.close()


async def taken(feed: Feed, count: int) -> list[Row]:
    rows: list[Row] = []
    while len(rows) < count and (block := await feed.read(count - len(rows))):
        rows += block
    return rows


async def rows(columns: dict[str, Any], count: int, seed: int = 1, **options: Any) -> list[Row]:
    async with opened(columns, seed, **options) as feed:
        return await taken(feed, count)


EVERY_KIND = {
    "name": "name",
    "phone": "phone_number",
    "age": "random_int(18, 80)",
    "id": {"type": "uuid"},
    "number": {"type": "integer", "min": 1, "max": 10**12},
    "mobile": {"type": "regex", "pattern": r"1[3-9]\d{9}"},
    "level": {"type": "choice", "values": ["gold", "silver", 5, None], "weights": [1, 2, 3, 4]},
    "since": {"type": "datetime", "from": "2020-01-01T00:00:00Z", "to": "2025-12-31T23:59:59+08:00"},
    "mail": {"type": "text", "template": "{{number}}@example.com"},
}


@pytest.mark.asyncio
async def test_the_seed_decides_every_row():
    first = await rows(EVERY_KIND, 3000, pool_size=500)
    assert await rows(EVERY_KIND, 3000, pool_size=500) == first
    other = await rows(EVERY_KIND, 3000, seed=2, pool_size=500)
    for column in EVERY_KIND:
        assert [row[column] for row in other] != [row[column] for row in first]


@pytest.mark.asyncio
async def test_rows_have_no_end_unless_one_is_given():
    async with opened({"n": {"type": "sequence"}}) as feed:
        assert feed.count is None
        assert (await taken(feed, 12_345))[-1] == {"n": 12_345}
    async with opened({"name": "name"}, count=1500, pool_size=1400) as feed:
        assert feed.count == 1500
        assert len(await taken(feed, 5000)) == 1500


@pytest.mark.asyncio
async def test_values_are_those_of_faker():
    fake = Faker("en_US")
    fake.seed_instance("1/faker")
    async with opened({"name": "name"}, locale="en_US", count=400) as feed:
        made = await taken(feed, 1000)
    assert [row["name"] for row in made] == [fake.name() for _ in range(400)]


@pytest.mark.asyncio
async def test_each_value_is_for_one_row_and_then_drawn_evenly():
    made = [row["a"] for row in await rows({"a": "random_int(1, 1000000000)"}, 21_000, pool_size=1000)]
    assert len(set(made[:1000])) == 1000
    counts = Counter(made[1000:])
    assert set(counts) == set(made[:1000])
    assert max(counts.values()) < 60


@pytest.mark.asyncio
async def test_uuids_are_of_version_4():
    made = [row["a"] for row in await rows({"a": {"type": "uuid"}}, 1000)]
    assert len(set(made)) == 1000
    assert all(uuid.UUID(text).version == 4 and str(uuid.UUID(text)) == text for text in made)
    assert {uuid.UUID(text).variant for text in made} == {uuid.RFC_4122}


@pytest.mark.asyncio
async def test_weights_are_kept():
    column = {"type": "choice", "values": ["a", "b"], "weights": [9, 1]}
    counts = Counter(row["c"] for row in await rows({"c": column}, 10_000))
    assert 8700 < counts["a"] < 9300


@pytest.mark.asyncio
async def test_moments_lie_between_their_limits():
    column = {"type": "datetime", "from": "2026-01-01", "to": "2026-01-01T00:00:09", "format": "%Y-%m-%dT%H:%M:%S"}
    found = {row["t"] for row in await rows({"t": column}, 1000)}
    assert found == {f"2026-01-01T00:00:0{second}" for second in range(10)}


@pytest.mark.parametrize(
    "pattern",
    [
        r"1[3-9]\d{9}", r"[A-Z]{2}-\d{4,6}", r"(foo|bar|)baz?", r"^\w+@(?:a|b)\.com$", r"[^a-z]{5}", r"\D\W\S\s",
        r"a*b+?c{,3}", r"[一-龥]{2,4}", r"(?P<year>20[0-9]{2})", r".{10}", r"",
    ],
)  # fmt: skip
def test_patterns_are_matched(pattern: str):
    make, numbers = compile_pattern(pattern), Random(1)
    compiled = re.compile(pattern)
    texts = [make(numbers) for _ in range(200)]
    assert all(compiled.fullmatch(text) for text in texts)


@pytest.mark.parametrize(
    "pattern",
    [
        "(", "a{1001}", "(a{100}){100}", "((a*)*)*" + "x" * 500, "(((a{50}){50}){50}){50}", r"(a)\1", "(?=a)b",
        "(?<!a)b", r"\bword\b", "(?i)a", "(?i:a)", r"[^\d\D]", "(?(1)a|b)", "[\x00-\U0010ffff]", "(" * 400,
    ],
)  # fmt: skip
def test_patterns_that_are_refused(pattern: str):
    with pytest.raises(ValueError, match=r"."):
        compile_pattern(pattern)


def test_a_broken_pattern_is_explained_in_both_languages():
    with pytest.raises(InvalidInput) as refused:
        GeneratorSource.Options.parse({"columns": {"a": {"type": "regex", "pattern": "[A-Z"}}})
    (problem,) = refused.value.problems
    assert problem.text.zh.startswith("无效的正则表达式：第 1 个字符处的 [ 没有闭合")
    assert problem.text.en.startswith("invalid regular expression: character 1: this [ is not closed")


@pytest.mark.parametrize(
    "text",
    [
        "__class__", "name.__class__", "name()()", "().__class__", "name(open('/etc/passwd'))", "name(*[1])",
        "name(**{'a': 1})", "name(lambda: 1)", "name(9**9**9)", "name(f'{1}')", "add_provider('os')", "seed(1)",
        "binary(length=10)", "zip", "tar", "image", "json", "random", "factories", "items", "generator", "unique.name",
        "text(1000000000)", "text(max_nb_chars=1001)", "password(length=1e9)", "random_int(1, 10**99)",
        "random_int([1])", "import os", "name; name", "name\nname", "name(" + "(" * 150, "a" * 201, "", " ",
        "random_int(1e999)",
    ],
)  # fmt: skip
def test_calls_that_are_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        parse_call(text)


def test_calls_are_read_and_not_run():
    assert parse_call("name") == ("name", [], {})
    assert parse_call(" random_int(1, max=-9) ") == ("random_int", [1], {"max": -9})
    assert parse_call("password(length=12, digits=False)") == ("password", [], {"length": 12, "digits": False})


def test_all_methods_are_somewhere_in_faker():
    fakers = [Faker(locale) for locale in ("zh_CN", "en_US", "de_DE", "pt_BR", "ja_JP", "en_GB")]
    assert {name for name in METHODS if not any(hasattr(fake, name) for fake in fakers)} == set()


@pytest.mark.asyncio
async def test_a_value_that_is_too_long_is_refused():
    with pytest.raises(InvalidInput) as caught:
        await rows({"a": f"bothify('{'?' * 150}')", "b": "pystr(min_chars=5, max_chars=1)"}, 1)
    assert [problem.path for problem in caught.value.problems] == ["columns.b"]


ENDLESS = {"columns": {"a": "address"}, "pool_size": 200_000}


async def opening() -> tuple[asyncio.Task[Feed], psutil.Process]:
    """A source that is being opened, and the process that works for it."""
    options = GeneratorSource.Options.parse(ENDLESS)
    others = children()
    task = asyncio.ensure_future(GeneratorSource(options, data_context(Path(), 1)).open())
    async with asyncio.timeout(60):
        while not (found := children() - others):
            await asyncio.sleep(0.01)
    return task, found.pop()


def children() -> set[psutil.Process]:
    """The processes of this one; servers of other tests may be among them."""
    return set(psutil.Process().children())


@pytest.mark.asyncio
async def test_no_process_is_left_when_the_source_is_open():
    others = children()
    async with opened({"a": "name"}, pool_size=10):
        assert children() == others


@pytest.mark.asyncio
async def test_the_process_ends_when_nobody_wants_the_source_any_more():
    task, process = await opening()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not process.is_running()


@pytest.mark.asyncio
async def test_a_process_that_is_gone_is_reported():
    task, process = await opening()
    process.kill()
    with pytest.raises(DataFailure, match="the Faker process ended"):
        await task


PROGRAM = """
import asyncio, os, psutil
from pathlib import Path
from perfsvc.plugin.testing import data_context
from perfsvc_datasources.generator import GeneratorSource
from perfsvc_datasources.generator import pools

async def main():
    options = GeneratorSource.Options.parse(%r)
    task = asyncio.ensure_future(GeneratorSource(options, data_context(Path(), 1)).open())
    while not psutil.Process().children():
        await asyncio.sleep(0.01)
    print(psutil.Process().children()[0].pid, flush=True)
    os._exit(1)

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_a_process_whose_reader_is_gone_ends():
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM % ENDLESS, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    await parent.wait()
    async with asyncio.timeout(60):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.05)


# Memory


@pytest.mark.asyncio
async def test_the_texts_of_templates_are_bounded():
    pattern = {"type": "regex", "pattern": "x{1000}"}
    template = "{{a}}" * 10
    async with opened({"a": pattern, "b": {"type": "text", "template": template}}, pool_size=1) as feed:
        assert [len(row["b"]) for row in await feed.read(2)] == [10_000] * 2
    async with opened({"a": pattern, "b": {"type": "text", "template": template + "."}}, pool_size=1) as feed:
        with pytest.raises(DataFailure, match="more than 10000 characters"):
            await feed.read(1)


@pytest.mark.asyncio
async def test_a_block_of_many_templates_has_few_rows():
    texts = {f"t{each}": {"type": "text", "template": "{{n}}"} for each in range(80)}
    async with opened({"n": {"type": "sequence"}, **texts}) as feed:
        assert len(await feed.read(1000)) == 6
        assert [row["t7"] for row in await taken(feed, 15)] == [str(each) for each in range(7, 22)]


@pytest.mark.parametrize(
    ("columns", "size", "path"),
    [
        ({"n": {"type": "sequence"}, "t": {"type": "text", "template": "{{n}}" * 51}}, 1, "columns.t.template"),
        ({f"c{each}": "name" for each in range(11)}, 200_000, "pool_size"),
    ],
)
def test_what_would_take_too_much_memory_is_refused(columns: dict[str, Any], size: int, path: str):
    with pytest.raises(InvalidInput) as refused:
        GeneratorSource.Options.parse({"columns": columns, "pool_size": size})
    assert [problem.path for problem in refused.value.problems] == [path]
    GeneratorSource.Options.parse({"columns": columns | {"t": "name"}, "pool_size": 1})


@pytest.mark.asyncio
async def test_pools_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pools, "LARGEST", 300_000)
    columns = {"a": {"type": "regex", "pattern": "x{1000}"}}
    assert len(await rows(columns, 250, pool_size=250)) == 250
    with pytest.raises(InvalidInput, match="gives too much data"):
        await rows(columns, 1, pool_size=500)


@pytest.mark.asyncio
async def test_few_processes_work_at_once(monkeypatch: pytest.MonkeyPatch):
    running, most = 0, 0

    async def filled(*_: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    monkeypatch.setattr(pools, "_filled", filled)
    await asyncio.gather(*(pools.fill({"a": {"method": "name"}}, 1, "en_US", 1) for _ in range(5)))
    assert (running, most) == (0, pools.AT_ONCE)


@pytest.mark.asyncio
async def test_huge_integers_are_texts():
    [row] = await rows({"n": "random_number(30, True)"}, 1, pool_size=1)
    assert re.fullmatch(r"\d{30}", row["n"])
