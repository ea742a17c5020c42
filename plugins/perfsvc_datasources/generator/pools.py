"""Pools of values from the Faker process, filled before the first row is read."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from perfsvc.plugin import DataFailure
from perfsvc.plugin import InvalidInput

CHUNK = 250
"""Values of each column that come at once."""
LONGEST_LINE = 33_554_432
LARGEST = 268_435_456
"""Bytes: of one chunk, and of all of them as they come."""
AT_ONCE = 2
"""Processes."""
END_LIMIT_S = 5.0
"""For the end of a process that was killed, or that has closed its output."""
COMMAND = (sys.executable, "-I", "-m", "perfsvc_datasources._faker_process")

log = logging.getLogger(__name__)

Pools = dict[str, list[Any]]
turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def fill(columns: Mapping[str, dict[str, Any]], size: int, locale: str, seed: int) -> Pools:
    """Make ``size`` values per column. Raises InvalidInput, DataFailure; the process has ended in any case."""
    pools: Pools = {name: [] for name in columns}
    if not columns:
        return pools
    request = {"locale": locale, "seed": seed, "size": size, "chunk": CHUNK, "columns": columns}
    async with turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        await _filled(pools, request)
    return pools


async def _filled(pools: Pools, request: dict[str, Any]) -> None:
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=pipe, stdout=pipe, stderr=nowhere, limit=LONGEST_LINE
    )
    try:
        await _converse(process, request, pools)
    finally:
        await asyncio.shield(_end(process))


async def _converse(process: asyncio.subprocess.Process, request: dict[str, Any], pools: Pools) -> None:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.close()
        received = 0
        while any(len(pool) < request["size"] for pool in pools.values()):
            line = await process.stdout.readline()
            received += len(line)
            if not line:
                code = await asyncio.wait_for(process.wait(), END_LIMIT_S)
                raise DataFailure(f"生成进程已退出（{code}）", f"the Faker process ended ({code})")
            if received > LARGEST:
                raise InvalidInput.at(
                    "pool_size", "取值过长，请减小", "gives too much data with values this long; make it smaller"
                )
            _take(msgspec.json.decode(line), pools)
    except (OSError, ValueError) as error:
        raise DataFailure(f"生成进程出错：{error}", f"the Faker process failed: {error}") from None


def _take(message: dict[str, Any], pools: Pools) -> None:
    error = message.get("error")
    if error is not None:
        at = f"columns.{error['column']}" if error["column"] else "locale"
        raise InvalidInput.at(at, error["zh"], error["en"])
    for name, pool in pools.items():
        pool.extend(message["values"][name])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process if it has not ended, and wait for its end, for END_LIMIT_S."""
    if process.returncode is None:
        process.kill()
    try:
        await asyncio.wait_for(process.communicate(), END_LIMIT_S)
    except TimeoutError:
        log.error("the Faker process was killed and has not ended")
