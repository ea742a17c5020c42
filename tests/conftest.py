"""What tests of several parts share: one MariaDB server for a whole test run, and which tests stay together."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support import mariadb as servers

pytest.register_assert_rewrite("perfsvc.plugin.testing")

STANDING = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    # A test run that is told to end takes down what it has put up, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    standing = config.stash[STANDING] = ExitStack()
    if not hasattr(config, "workerinput"):
        standing.enter_context(servers.claimed())


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[STANDING].close()


class ByGroup(LoadScopeScheduling):
    """Keeps the tests of a module that names an ``xdist_group`` together: what they share is made once.

    pytest-xdist 3.8 looks for groups in names of tests that pytest 9.2 does not let it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, _ = nodeid.partition("::")
        return module if names_a_group(self.config.rootpath / module) else nodeid


@cache
def names_a_group(module: Path) -> bool:
    return "xdist_group(" in module.read_text("utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup | None:
    return ByGroup(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def mariadb() -> servers.Server:
    """A running MariaDB server; ``mariadb.new_database()`` gives the URL of an empty database."""
    return servers.shared()
