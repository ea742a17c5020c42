"""What tests of several parts share: one MariaDB server for a whole test run, and how tests are spread."""

from __future__ import annotations

import gc
import signal
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings

from tests.support import mariadb as servers
from tests.support.scheduling import Mixed

pytest.register_assert_rewrite("perfsvc.plugin.testing")

# What else the machine does is no fault of an example.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

STANDING = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    # SIGTERM takes down what a test run has put up, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    standing = config.stash[STANDING] = ExitStack()
    if not hasattr(config, "workerinput"):
        standing.enter_context(servers.claimed())


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[STANDING].close()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    # What was collected is there to the end: 400,000 objects that no collection of garbage has to look through again.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Mixed | None:
    return Mixed(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def mariadb() -> servers.Server:
    """A running MariaDB server; ``mariadb.new_database()`` gives the URL of an empty database."""
    return servers.shared()
