"""The private server itself, and encrypted connections to one."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from perfsvc.clock import SystemClock
from perfsvc.errors import MigrationError
from perfsvc.errors import StartupError
from perfsvc.errors import StoreUnavailable
from perfsvc.store import backends
from perfsvc.store import database
from perfsvc.store import service_lock
from perfsvc.store.address import parse
from perfsvc.store.binding import DATABASE
from perfsvc.store.database import Store
from tests.store.conftest import FakeClock
from tests.support import mariadb


def test_a_missing_server_fails_and_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match="apt-get install mariadb-server"):
        mariadb.Server(tmp_path).install()


def write_certificate(directory: Path, name: str) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    written = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / f"{name}.key").write_bytes(written)
    (directory / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    return directory / f"{name}.pem"


def cipher() -> str:
    return str(DATABASE.execute_sql("SHOW STATUS LIKE 'Ssl_cipher'").fetchone()[1])


@pytest.mark.asyncio
async def test_a_certificate_is_held_against_its_authority(tmp_path: Path, mariadb: mariadb.Server) -> None:
    right, wrong = write_certificate(tmp_path, "right"), write_certificate(tmp_path, "wrong")
    server = type(mariadb)(tmp_path / "m", f"--ssl-cert={right}", f"--ssl-key={right.with_suffix('.key')}")
    server.install()
    server.start()
    try:
        url = server.new_database()
        store = await Store.open(f"{url}?ssl_ca={right}", clock=SystemClock())
        assert await store.run(cipher) != ""
        await store.close()
        with pytest.raises(StoreUnavailable):
            await Store.open(f"{url}?ssl_ca={wrong}", clock=SystemClock())
        with pytest.raises(StartupError, match="no such certificate file"):
            await Store.open(f"{url}?ssl_ca={tmp_path}/none.pem", clock=SystemClock())
    finally:
        server.stop()
    with pytest.raises(StoreUnavailable):
        await Store.open(f"{mariadb.new_database()}?ssl_ca={right}", clock=SystemClock())


@pytest.mark.asyncio
async def test_a_server_that_is_too_old(mariadb: mariadb.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "OLDEST_MARIADB", (99, 0, 0))
    with pytest.raises(StartupError, match="the database server is too old: 1"):
        await Store.open(mariadb.new_database(), clock=SystemClock())


@pytest.mark.asyncio
async def test_one_process_migrates_at_a_time(
    empty_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "MIGRATION_WAIT_S", 0)
    backend = backends.backend_for(parse(empty_url, Path()), 1, 10.0)
    await asyncio.to_thread(backend.prepare)
    with backend.exclusive(), pytest.raises(MigrationError, match="another process is migrating the database"):
        await Store.open(empty_url, clock=clock)
    await (await Store.open(empty_url, clock=clock)).close()
    backend.database.close_all()


@pytest.mark.asyncio
async def test_a_database_in_use_is_not_migrated(
    url: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: list[object] = []
    monkeypatch.setattr(service_lock, "sleep", lambda seconds: None)  # for a server that has just been started
    first = await Store.open(url, clock=clock, data_dir=tmp_path, lock=True)
    assert await asyncio.to_thread(first.service_lock.still_held)
    with monkeypatch.context() as patched:
        patched.setattr(database, "migrate", lambda *arguments: migrated.append(arguments))
        with pytest.raises(StartupError, match="another perfsvc service uses this database"):
            await Store.open(url, clock=clock, data_dir=tmp_path, lock=True)
    assert migrated == []
    assert await asyncio.to_thread(first.service_lock.still_held)
    await first.close()
    await (await Store.open(url, clock=clock, data_dir=tmp_path, lock=True)).close()
