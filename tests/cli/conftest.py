"""A shop to load and the command line in this process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import NamedTuple

import pytest

from perfsvc.cli.commands import main
from tests.support.shop import Shop


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def without_places(text: str) -> str:
    """Messages without the file, line and column before each path."""
    return re.sub(r"(?m)^perfsvc: \S+\.(?:yaml|json):(?:\d+:\d+:)? ", "perfsvc: ", text)


Command = Callable[..., Done]
Report = Callable[..., dict[str, Any]]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


@pytest.fixture
def perfsvc(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line; English unless it says otherwise."""

    def run(*words: str, lang: str = "en") -> Done:
        capsys.readouterr()
        code = main(["--lang", lang, *words])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def report(perfsvc: Command, tmp_path: Path) -> Report:
    """Run ``perfsvc run`` quietly for a second. Return the report."""

    def run(*words: str) -> dict[str, Any]:
        path = tmp_path / "report.json"
        perfsvc("run", "--quiet", "--duration", "1", "--json", str(path), *words)
        read: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return read

    return run
