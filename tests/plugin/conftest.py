"""Distributions made on the spot: a module, its metadata, its entry points."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable
from collections.abc import Iterator
from importlib.metadata import Distribution
from importlib.metadata import EntryPoint
from importlib.metadata import distributions
from pathlib import Path

import pytest

from perfsvc.model.functions import library

PREAMBLE = """
from perfsvc.plugin import Call, DataSource, Feed, Protocol, Session, Spec, Text, hookimpl

class Request(Spec):
    url: str = "/"

class Options(Spec):
    keep_alive: bool = True

def protocol(name, **changes):
    methods = {"compile": lambda self, *a: None, "session": lambda self, *a: None}
    fields = {"name": name, "title": Text("协议", "Protocol"), "Request": Request, "Options": Options}
    return type(Protocol)("P_" + str(name).replace(" ", "_"), (Protocol,), {**methods, **fields, **changes})

def source(name):
    async def open_feed(self): ...
    fields = {"name": name, "title": Text("数据", "Data"), "Options": Options, "open": open_feed}
    return type(DataSource)("S_" + name, (DataSource,), fields)
"""

Install = Callable[..., list[EntryPoint]]


@pytest.fixture(autouse=True)
def functions_restored() -> Iterator[None]:
    """Remove the functions that a test registers: they belong to the whole process."""
    before = dict(library._registered), dict(library._failed)
    yield
    for kept, added in zip(before, (library._registered, library._failed), strict=True):
        added.clear()
        added.update(kept)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install("acme", "body of a module")`` puts a distribution on the path and returns its entry points.

    Several bodies are several plugins: ``plugin-0``, ``plugin-1`` …
    """
    numbers = itertools.count()
    modules: list[str] = []

    def make(distribution: str, *bodies: str, version: str = "1.2", requires: str = "") -> list[EntryPoint]:
        site = tmp_path / f"site{next(numbers)}"
        info = site / f"{distribution}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["[perfsvc.plugins]"]
        for at, body in enumerate(bodies):
            module = f"{distribution}_{site.name}_{at}".replace("-", "_")
            (site / f"{module}.py").write_text(PREAMBLE + textwrap.dedent(body), encoding="utf-8")
            lines.append(f"plugin-{at} = {module}")
            modules.append(module)
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}")
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(str(site))
        return [point for found in dists(site) for point in found.entry_points]

    yield make
    for module in modules:
        sys.modules.pop(module, None)


def dists(site: Path) -> list[Distribution]:
    return list(distributions(path=[str(site)]))
