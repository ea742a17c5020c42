"""The lock on a MariaDB: renewed when its connection dies, and lost for good when another has taken it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import OperationalError

from perfsvc.errors import StartupError
from perfsvc.store import service_lock
from perfsvc.store.address import parse
from perfsvc.store.backends import backend_for
from perfsvc.store.service_lock import ServiceLock
from tests.support import mariadb as support


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for servers that have just been started, s."""
    waited: list[float] = []
    monkeypatch.setattr(service_lock, "sleep", waited.append)
    return waited


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.Server]:
    """A server of this module's own: its tests stop it."""
    made = support.Server(tmp_path_factory.mktemp("server") / "mariadb")
    made.install()
    yield made
    made.stop()


@pytest.fixture
def server(own_server: support.Server) -> support.Server:
    """The module's server, which is started again where a test has left it stopped."""
    if not own_server.pid:
        own_server.start()
    return own_server


def lock_on(url: str) -> ServiceLock:
    return backend_for(parse(url, Path()), 1, 10.0).service_lock()


def kill_connections(server: support.Server) -> None:
    support.execute(server.socket, f"KILL USER {support.USER}")


def test_a_lock_whose_connection_died_is_taken_again(server: support.Server) -> None:
    url = server.new_database()
    lock = lock_on(url)
    lock.acquire()
    assert lock.still_held()
    kill_connections(server)
    assert lock.still_held()
    with pytest.raises(StartupError, match="another perfsvc service uses this database"):
        lock_on(url).acquire()
    lock.release()


def test_a_lock_that_another_has_taken_is_lost(server: support.Server) -> None:
    url = server.new_database()
    lock, other = lock_on(url), lock_on(url)
    lock.acquire()
    kill_connections(server)
    other.acquire()
    assert not lock.still_held()
    assert other.still_held()
    other.release()
    assert lock.still_held()
    lock.release()


def test_a_lock_outlives_a_restart_of_the_server(server: support.Server) -> None:
    lock = lock_on(server.new_database())
    lock.acquire()
    server.stop()
    for _ in range(2):
        with pytest.raises(OperationalError):
            lock.still_held()
    server.start()
    assert lock.still_held()
    lock.release()


def test_of_a_server_that_was_restarted_a_service_that_runs_takes_the_lock_first(
    server: support.Server, pauses: list[float]
) -> None:
    url = server.new_database()
    running, starting = lock_on(url), lock_on(url)
    running.acquire()
    server.stop()
    server.start()
    pauses.clear()
    assert running.still_held()
    assert pauses == []
    with pytest.raises(StartupError, match="another perfsvc service uses this database"):
        starting.acquire()
    (waited,) = pauses
    assert service_lock.SETTLED_S - 3 < waited <= service_lock.SETTLED_S
    running.release()


def test_a_service_that_lost_the_connection_of_its_lock_alone_takes_it_before_another(
    server: support.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.new_database()
    running, starting = lock_on(url), lock_on(url)
    running.acquire()
    others = backend_for(parse(url, Path()), 1, 10.0).database
    others.connect()
    holder = others.execute_sql("SELECT IS_USED_LOCK(%s)", (f"perfsvc.service.{others.database}",)).fetchone()[0]
    support.execute(server.socket, f"KILL {holder}")
    held: list[bool] = []
    monkeypatch.setattr(service_lock, "sleep", lambda _: held.append(running.still_held()))
    with pytest.raises(StartupError, match="another perfsvc service uses this database"):
        starting.acquire()
    assert held == [True]
    others.close_all()
    running.release()


def test_other_connections_to_the_database_do_not_keep_a_service_from_starting(
    server: support.Server, pauses: list[float]
) -> None:
    url = server.new_database()
    others = backend_for(parse(url, Path()), 1, 10.0).database
    others.connect()
    lock = lock_on(url)
    lock.acquire()
    assert sum(pauses) >= service_lock.SETTLED_S
    assert lock.still_held()
    others.close_all()
    lock.release()
