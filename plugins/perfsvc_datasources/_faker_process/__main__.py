"""The process. Its input is one line of JSON; each line of its output has the next values of all columns, or an error.

It ends when all values are made or its reader has gone; its memory and processor time are limited.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any

from faker import Faker

from perfsvc_datasources._faker_process.calls import FakerCall
from perfsvc_datasources._faker_process.pattern import compile_pattern

MEMORY = 1_073_741_824
"""Bytes of address space."""
CPU_S = 600
LARGEST_INTEGER = 2**63
"""Larger integers are sent as text."""
LONGEST_VALUE = 10_000
"""Characters."""

Make = Callable[[], Any]


class Refused(Exception):
    """A column, or the whole request where there is no name, that cannot be served."""

    def __init__(self, column: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.error = {"column": column, "zh": zh, "en": en}


def makers(request: dict[str, Any]) -> dict[str, Make]:
    """Return the function that makes values, per column. Raises Refused."""
    seed = request["seed"]
    try:
        fake = Faker(request["locale"])
    except (AttributeError, ValueError):
        raise Refused("", "没有该语言区域", "Faker has no such locale") from None
    fake.seed_instance(f"{seed}/faker")
    return {name: maker(fake, name, spec, seed) for name, spec in request["columns"].items()}


def maker(fake: Any, name: str, spec: dict[str, Any], seed: int) -> Make:
    """Return the function that makes values of a column. Raises Refused."""
    if "pattern" in spec:
        make, numbers = compile_pattern(spec["pattern"]), random.Random(f"{seed}/{name}")  # noqa: S311 - repeatable
        return lambda: make(numbers)
    call = FakerCall(**spec)
    method = getattr(fake, call.method, None)
    if method is None:
        raise Refused(name, f"该语言区域没有 {call.method}", f"the locale has no {call.method}")

    def value() -> Any:
        try:
            return plain(method(*call.args, **call.kwargs))
        except Exception as error:
            raise Refused(name, f"Faker 拒绝了参数：{error}", f"Faker refused it: {error}") from None

    return value


def plain(value: Any) -> Any:
    """Return a value as JSON has it. Raises ValueError for one that is too long."""
    if value is None or (isinstance(value, int) and abs(value) < LARGEST_INTEGER) or isinstance(value, float):
        return value
    text = str(value)
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"the value has more than {LONGEST_VALUE} characters")
    return text


def serve(request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    """Send all values in chunks."""
    try:
        made = makers(request)
        for begin in range(0, request["size"], request["chunk"]):
            count = min(request["chunk"], request["size"] - begin)
            send({"values": {name: [make() for _ in range(count)] for name, make in made.items()}})
    except Refused as refused:
        send({"error": refused.error})
    except MemoryError:
        send({"error": {"column": "", "zh": "占用内存过多", "en": "it takes too much memory"}})


def send(message: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def restrict() -> None:
    """Limit this process; all others of the machine go first."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        os.nice(5)


if __name__ == "__main__":
    restrict()
    try:
        serve(json.loads(sys.stdin.readline()), send)
    except BrokenPipeError:
        os._exit(0)  # skips flushing, which would fail as well
