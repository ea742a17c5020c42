"""Certificates: made once, readable by their owner, good for both ends of a connection, renewed before they end."""

from __future__ import annotations

import asyncio
import os
import ssl
import stat
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate
from distributed.comm import Comm
from distributed.comm import CommClosedError
from distributed.comm import connect
from distributed.comm import listen

from perfsvc.cluster.authority import hosts_in
from perfsvc.cluster.certificates import Certificates
from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.certificates import ensure_certificates
from perfsvc.cluster.certificates import expiries
from perfsvc.cluster.certificates import make_certificates
from perfsvc.cluster.certificates import open_to_others
from perfsvc.cluster.certificates import read_credentials
from perfsvc.cluster.certificates import renew_certificates
from perfsvc.cluster.dask.dask_config import security_of
from perfsvc.errors import InvalidInput
from perfsvc.errors import StartupError

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
WRONG_HOSTS = ["", " ", "a b", "http://host", "host:8786", "-host", "ho/st", "ä", "x" * 254, "*.*.example.com"]


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "certs", ["load.example.com", "192.0.2.7"], NOW)


def test_only_the_owner_may_read_the_keys(made: Certificates) -> None:
    folder = made.server.ca.parents[1]
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    parts = ("authority", "server", "agent")
    assert modes == {
        ".": 0o700,
        **dict.fromkeys(parts, 0o700),
        **{f"{part}/{name}": 0o644 for part in parts for name in ("ca.crt", "tls.crt")},
        **{f"{part}/tls.key": 0o600 for part in parts},
    }


def test_nothing_is_overwritten(made: Certificates) -> None:
    folder, before = made.server.ca.parents[1], made.server.key.read_bytes()
    with pytest.raises(InvalidInput) as refused:
        make_certificates(folder, [], NOW)
    assert refused.value.problems[0].text.en == (
        f"has files already, which are kept; to add a host: perfsvc certs {folder} --renew --host NAME"
    )
    assert made.server.key.read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("host", WRONG_HOSTS)
def test_what_is_no_host_is_refused_before_anything_is_made(host: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_certificates(tmp_path / "certs", ["good.example.com", host], NOW)
    assert [problem.path for problem in refused.value.problems] == [host]
    assert list(tmp_path.iterdir()) == []


def test_lives(made: Certificates) -> None:
    days = [expiry.days(NOW) for expiry in expiries(made.server.ca.parents[1])]
    assert days == [3650 - (NOW.microsecond > 0), 825 - (NOW.microsecond > 0), 825 - (NOW.microsecond > 0)]
    assert [expiry.file.parent.name for expiry in expiries(made.agent.ca.parent)] == ["agent"]


def test_no_certificate_outlives_its_authority(made: Certificates) -> None:
    folder = made.server.ca.parents[1]
    renew_certificates(folder, NOW + 3600 * DAY)
    assert len({expiry.ends for expiry in expiries(folder)}) == 1


def test_hosts_are_added_when_certificates_are_renewed(made: Certificates) -> None:
    folder = made.server.ca.parents[1]
    renew_certificates(folder, NOW, ["192.0.2.7", "more.example.com"])
    names, agents = (
        [str(host.value) for host in hosts_in(load_pem_x509_certificate(part.certificate.read_bytes()))]
        for part in (made.server, made.agent)
    )
    assert (names[:2], names[-1], names.count("192.0.2.7")) == (
        ["load.example.com", "192.0.2.7"], "more.example.com", 1,
    )  # fmt: skip
    assert "more.example.com" not in agents
    with pytest.raises(InvalidInput):
        renew_certificates(folder, NOW, ["ho/st"])


def test_ensure_makes_them_once(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path / "data" / "certs", NOW)
    key = first.server.key.read_bytes()
    assert ensure_certificates(tmp_path / "data" / "certs", NOW + 700 * DAY) == first
    assert first.server.key.read_bytes() == key


def test_ensure_renews_what_ends_soon(made: Certificates) -> None:
    folder, key, trusted = made.server.ca.parents[1], made.server.key.read_bytes(), made.agent.ca.read_bytes()
    ensure_certificates(folder, NOW + 800 * DAY)
    assert made.server.key.read_bytes() != key
    assert made.agent.ca.read_bytes() == trusted
    assert not any(expiry.soon(NOW + 800 * DAY) for expiry in expiries(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["agent", "authority", "server"]


def test_without_the_authority_what_has_ended_is_refused(made: Certificates) -> None:
    folder = made.server.ca.parents[1]
    for file in (folder / "authority").iterdir():
        file.unlink()
    (folder / "authority").rmdir()
    assert ensure_certificates(folder, NOW + 800 * DAY) == made
    with pytest.raises(StartupError, match="expired or not valid yet"):
        ensure_certificates(folder, NOW + 826 * DAY)
    with pytest.raises(InvalidInput, match="cannot be renewed"):
        renew_certificates(folder, NOW)


def other_authority(made: Certificates, tmp_path: Path) -> None:
    made.agent.ca.write_bytes(make_certificates(tmp_path / "other", [], NOW).agent.ca.read_bytes())


FAULTS = {
    "do not match: authority": other_authority,
    "do not match: key": lambda made, _: made.agent.key.write_bytes(made.server.key.read_bytes()),
    "do not match: text": lambda made, _: made.agent.certificate.write_text("hello"),
    "cannot be read": lambda made, _: made.agent.ca.unlink(),
    "chmod 600": lambda made, _: made.agent.key.chmod(0o640),
}


@pytest.mark.parametrize("words", FAULTS)
def test_what_cannot_be_used_is_refused(words: str, made: Certificates, tmp_path: Path) -> None:
    FAULTS[words](made, tmp_path)
    with pytest.raises(StartupError, match=words.split(":")[0]):
        read_credentials(made.agent.ca.parent, NOW)


@pytest.mark.parametrize(
    ("mode", "owner", "user", "refused"),
    [(0o600, 7, 7, False), (0o400, 7, 7, False), (0o440, 7, 7, True), (0o604, 7, 7, True), (0o440, 0, 7, False),
     (0o444, 0, 7, True), (0o460, 0, 7, True), (0o440, 0, 0, True), (0o440, 8, 7, True)],
)  # fmt: skip
def test_a_key_is_readable_by_its_owner_only(mode: int, owner: int, user: int, refused: bool) -> None:
    assert open_to_others(os.stat_result((mode, 0, 0, 1, owner, 7, 0, 0, 0, 0)), user) is refused


def context_of(credentials: Credentials, side: ssl.Purpose) -> ssl.SSLContext:
    context = ssl.create_default_context(side, cafile=credentials.ca)
    context.load_cert_chain(credentials.certificate, credentials.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def spoken(server: Credentials, client: Credentials) -> bytes:
    """What a client hears from a server, each of which wants to see the other's certificate."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context_of(server, ssl.Purpose.CLIENT_AUTH))
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        connecting = context_of(client, ssl.Purpose.SERVER_AUTH)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=connecting, server_hostname="localhost")
        try:
            return await reader.read()
        finally:
            writer.close()


def test_each_end_proves_itself_to_the_other(made: Certificates) -> None:
    assert asyncio.run(spoken(made.server, made.agent)) == b"hello"
    assert asyncio.run(spoken(made.agent, made.server)) == b"hello"


def test_strangers_are_turned_away(made: Certificates, tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path / "other", [], NOW)
    for server, client in ((made.server, stranger.agent), (stranger.server, made.agent)):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            asyncio.run(spoken(server, client))


async def spoken_over_dask(scheduler: Credentials, worker: Credentials) -> str:
    """What a worker hears from a scheduler over Dask's own connections."""

    async def greet(connection: Comm) -> None:
        await connection.write("hello")
        await connection.close()

    listening = listen("tls://127.0.0.1:0", greet, **security_of(scheduler).get_listen_args("scheduler"))
    async with listening:
        known = security_of(worker).get_connection_args("worker")
        connection = await connect(listening.contact_address, timeout=5, **known)
        try:
            return str(await connection.read())
        finally:
            connection.abort()


def test_dask_accepts_certificates_of_our_authority_only(made: Certificates, tmp_path: Path) -> None:
    assert asyncio.run(spoken_over_dask(made.server, made.agent)) == "hello"
    stranger = make_certificates(tmp_path / "other", [], NOW)
    for scheduler, worker in ((made.server, stranger.agent), (stranger.server, made.agent)):
        with pytest.raises((OSError, CommClosedError)):
            asyncio.run(spoken_over_dask(scheduler, worker))
