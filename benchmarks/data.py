"""Test data: one GET with a row for each iteration, beside the same without data, on one core each.

Without data the header holds a built-in variable, so that requests differ there as well, or always the same text, in
which case they are not rendered at all.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.http_peers import USERS
from benchmarks.http_peers import perfsvc
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import Contender
from benchmarks.rounds import compare
from benchmarks.target import nginx

ROWS = 1_000_000
FIXED = "user-123456"

SOURCES: dict[str, dict[str, Any]] = {
    "csv": {"data_source_type": "csv", "data_config": {"file": "users.csv"}},
    "generator": {
        "data_source_type": "generator",
        "data_config": {"columns": {"user": "name"}, "locale": "en_US"},
    },
}


def main() -> None:
    """A csv file of a million rows, and names made by Faker."""
    with folder() as here, nginx(core=TARGET_CORE) as url:
        for source, config in SOURCES.items():
            with_rows = planned(here, source, url, "{{user}}", config)
            without = [planned(here, "no data", url, "user-{{$iteration}}"), planned(here, "fixed", url)]
            compare(f"A row of {source} for each iteration, {USERS} users", [with_rows, *without])


def planned(here: Path, name: str, url: str, value: str = FIXED, config: dict[str, Any] | None = None) -> Contender:
    """``perfsvc run`` of a plan whose only request has ``value`` in a header."""
    step = {"name": "get", "request": {"url": "/", "headers": {"X-User": value}}}
    plan = {
        "env": {"host": url},
        "scenes": [{"name": "get", "steps": [step]}],
        "config": {"concurrent_users": USERS, "hold_time": 1, **(config or {})},
    }
    path = here / f"{name}.json"
    path.write_text(json.dumps(plan))
    return perfsvc(str(path))._replace(name=f"perfsvc, {name}")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder with a file of a million rows in it."""
    numbers = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        with (Path(name) / "users.csv").open("w") as file:
            file.write("user,password,city\n")
            file.writelines(
                f"user-{number:06},{numbers.getrandbits(32):08x},city-{number % 500}\n" for number in range(ROWS)
            )
        yield Path(name)
