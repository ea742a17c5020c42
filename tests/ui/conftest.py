"""The UI tests' fixtures: one browser and one service for each module, and pages that are watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Ui
from tests.support.browser import chromium
from tests.support.environment import Environment
from tests.support.nginx import Nginx
from tests.support.redis import EXAMPLE
from tests.support.service import Service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser. Playwright's event loop runs in this thread, so it must end before tests with loops of their own."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with an empty data folder, shared by the tests of a module."""
    with Service(tmp_path_factory.mktemp("service") / "data") as started:
        yield started


@pytest.fixture
def ui(browser: Browser, service: Service) -> Iterator[Ui]:
    opened = Ui(browser, service)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """A target."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    with Nginx(folder) as server:
        yield server


@pytest.fixture
def equipped(browser: Browser, tmp_path: Path) -> Iterator[Ui]:
    """A service in an environment into which the example package was installed."""
    environment = Environment(tmp_path / "env")
    environment.install(EXAMPLE, tmp_path / "scratch")
    with Service(tmp_path / "data", environment.perfsvc) as service:
        ui = Ui(browser, service)
        yield ui
        ui.close()
