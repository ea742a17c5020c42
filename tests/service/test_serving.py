"""The service between its start and its stop: signals during the start, and errors after it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from perfsvc import app as app_module
from perfsvc.app import App
from perfsvc.app import started
from perfsvc.plugin.catalog import Catalog
from perfsvc.settings import Settings
from perfsvc.store.database import Store

pytestmark = pytest.mark.asyncio


class SlowApp:
    """A service whose start lasts until it is cancelled or ``ready`` is set."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.cancelled = self.stopped = False
        self.lost_database = asyncio.Event()

    async def start(self) -> None:
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def stop(self) -> None:
        self.stopped = True


async def test_a_signal_ends_a_start_that_is_under_way() -> None:
    slow, stopped = SlowApp(), asyncio.Event()
    asyncio.get_running_loop().call_soon(stopped.set)
    assert await started(cast(App, slow), stopped) is False
    assert slow.cancelled


async def test_an_error_after_the_start_stops_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(app: App, language: str) -> None:
        raise BrokenPipeError

    slow = SlowApp()
    slow.ready.set()
    monkeypatch.setattr(app_module, "on_signals", lambda act: None)
    monkeypatch.setattr(app_module, "announce", broken)
    with pytest.raises(BrokenPipeError):
        await app_module._serve(cast(App, slow), "en")
    assert slow.stopped


async def test_a_service_whose_database_another_has_taken_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = SlowApp()
    taken.ready.set()
    monkeypatch.setattr(app_module, "on_signals", lambda act: None)
    monkeypatch.setattr(app_module, "announce", lambda app, language: app.lost_database.set())
    assert await app_module._serve(cast(App, taken), "en") == 1
    assert taken.stopped


async def test_the_lock_is_checked_until_it_is_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers: list[bool | Exception] = [True, OSError("away"), False]

    def still_held() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(app_module, "CHECK_S", 0.0)
    app = App(Settings(data_dir=tmp_path), Catalog.load())
    app.store = cast(Store, SimpleNamespace(service_lock=SimpleNamespace(still_held=still_held)))
    await app._keep_lock()
    assert answers == []
    assert app.lost_database.is_set()
