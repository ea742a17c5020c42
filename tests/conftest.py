"""What tests of several parts share: one MariaDB server for a whole test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import mariadb as servers

pytest.register_assert_rewrite("perfsvc.plugin.testing")

CLAIMED = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[CLAIMED] = servers.claim()


def pytest_unconfigure(config: pytest.Config) -> None:
    if CLAIMED in config.stash:
        servers.release(config.stash[CLAIMED])


@pytest.fixture(scope="session")
def mariadb() -> servers.Server:
    """A running MariaDB server; ``mariadb.new_database()`` gives the URL of an empty database."""
    return servers.shared()
