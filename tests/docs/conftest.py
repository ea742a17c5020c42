"""A shop to load and a shell with a service, for the examples of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.docs_shell import DocsShell
from tests.docs.pages import DOCUMENTED_SERVICE
from tests.support.service import Service
from tests.support.shop import Shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shell")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with Service(folder / "data") as running:
        yield running


@pytest.fixture(scope="module")
def shell(folder: Path, shop: Shop, service: Service) -> DocsShell:
    return DocsShell(folder, shop.url, service.url)


@pytest.fixture
def shell_without_service(tmp_path: Path, shop: Shop) -> DocsShell:
    return DocsShell(tmp_path, shop.url, DOCUMENTED_SERVICE)
