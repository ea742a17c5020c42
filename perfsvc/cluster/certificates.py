"""Certificates for mutual TLS between the processes of a cluster.

A folder of certificates has three parts. ``authority`` signs and never leaves the machine it was made on; ``server``
is for the machine with the service, ``agent`` for machines with agents. A part is copied as a whole. Any of the keys
allows running code in the cluster, so only their owner may read them.
"""

from __future__ import annotations

import errno
import logging
import os
import platform
import shutil
import ssl
import tempfile
from collections.abc import Iterable
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from perfsvc.cluster.authority import Authority
from perfsvc.cluster.authority import host_of
from perfsvc.cluster.authority import hosts_in
from perfsvc.cluster.authority import hosts_of
from perfsvc.errors import InvalidInput
from perfsvc.errors import StartupError

log = logging.getLogger(__name__)

AUTHORITY, SERVER, AGENT = "authority", "server", "agent"
HERE = ("localhost", "127.0.0.1", "::1")
SOON = timedelta(days=30)
"""A certificate that expires sooner is renewed where the authority is here, else a warning says so."""


class Credentials(NamedTuple):
    """The files with one process's certificate, key and authority, named as in a Kubernetes secret."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, folder: Path) -> Credentials:
        """The files of one part, which need not exist."""
        return cls(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")

    def write(self, ca: bytes, certificate: bytes, key: bytes) -> None:
        """Create the files. Raises OSError, also where one of them exists."""
        self.key.parent.mkdir(mode=0o700)
        for path, content, mode in (
            (self.ca, ca, 0o644),
            (self.certificate, certificate, 0o644),
            (self.key, key, 0o600),
        ):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)


class Certificates(NamedTuple):
    """The parts for the server and for agents."""

    server: Credentials
    agent: Credentials

    @classmethod
    def of(cls, folder: Path) -> Certificates:
        return cls(Credentials.of(folder / SERVER), Credentials.of(folder / AGENT))


class Expiry(NamedTuple):
    """The end of a certificate's validity."""

    file: Path
    ends: datetime

    def days(self, now: datetime) -> int:
        """Whole days left, below 0 after the end."""
        return (self.ends - now).days

    def soon(self, now: datetime) -> bool:
        """Whether it expires within 30 days, or has expired."""
        return self.ends - now < SOON


def make_certificates(folder: Path, hosts: Iterable[str], now: datetime) -> Certificates:
    """Make a whole folder; ``hosts`` are the names and addresses by which agents reach the server.

    The folder is complete or absent. Raises InvalidInput for an invalid host, and for a folder that has files.
    """
    names = hosts_of([*hosts, *HERE, *this_machine()])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            authority = Authority.new(now)
            Credentials.of(scratch / AUTHORITY).write(authority.pem, authority.pem, authority.key_pem)
            for part, at in ((SERVER, names), (AGENT, hosts_of(HERE))):
                Credentials.of(scratch / part).write(authority.pem, *authority.issue(f"perfsvc {part}", at, now))
            scratch.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise _made_already(folder) from None
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        zh, en = f"无法在此创建证书：{error.strerror}", f"certificates cannot be created here: {error.strerror}"
        raise InvalidInput.at(str(folder), zh, en) from None
    return Certificates.of(folder)


def _made_already(folder: Path) -> InvalidInput:
    return InvalidInput.at(
        str(folder),
        f"目录不为空，已有的证书不会被覆盖。要加入主机名，请执行 perfsvc certs {folder} --renew --host 主机名",
        f"has files already, which are kept; to add a host: perfsvc certs {folder} --renew --host NAME",
    )


def renew_certificates(folder: Path, now: datetime, hosts: Iterable[str] = ()) -> Certificates:
    """Renew certificates and keys of server and agents, with the same authority; ``hosts`` are added to the server's.

    Raises InvalidInput where the authority is missing, and for an invalid host.
    """
    more = hosts_of(hosts)
    try:
        _, certificate, key = Credentials.of(folder / AUTHORITY)
        authority = Authority.read(certificate.read_bytes(), key.read_bytes())
        for part, added in ((SERVER, more), (AGENT, [])):
            renew_part(folder, part, authority, now, added)
    except (OSError, ValueError) as error:
        raise InvalidInput.at(str(folder), f"无法续期证书：{error}", f"cannot be renewed: {error}") from None
    return Certificates.of(folder)


def renew_part(folder: Path, part: str, authority: Authority, now: datetime, added: Sequence[x509.GeneralName]) -> None:
    """Replace the credentials of a part; ``added`` are further hosts. Raises OSError, ValueError."""
    names = hosts_in(x509.load_pem_x509_certificate(Credentials.of(folder / part).certificate.read_bytes()))
    names += [host for host in added if host not in names]
    fresh, old = folder / f".{part}-new", folder / f".{part}-old"
    for left_over in (fresh, old):
        shutil.rmtree(left_over, ignore_errors=True)
    Credentials.of(fresh).write(authority.pem, *authority.issue(f"perfsvc {part}", names, now))
    (folder / part).rename(old)
    fresh.rename(folder / part)
    shutil.rmtree(old)


def ensure_certificates(folder: Path, now: datetime | None = None) -> Certificates:
    """The certificates in a folder: made for this machine where missing, renewed before they expire.

    Raises StartupError when they are unusable.
    """
    moment = now or datetime.now(UTC)
    if not (folder / SERVER).exists():
        try:
            make_certificates(folder, (), moment)
        except InvalidInput as error:
            raise unusable(folder, *error.problems[0].text) from None
    elif (folder / AUTHORITY).exists() and any(expiry.soon(moment) for expiry in expiries(folder)):
        try:
            renew_certificates(folder, moment)
        except InvalidInput as error:  # they may still be valid for a while
            log.warning("%s", error)
    for part in (SERVER, AGENT):
        read_credentials(folder / part, moment)
    return Certificates.of(folder)


def read_credentials(folder: Path, now: datetime | None = None) -> Credentials:
    """Read and check the credentials of one part.

    Raises StartupError for files that are missing, readable by other users, not valid now, or do not match.
    """
    credentials, moment = Credentials.of(folder), now or datetime.now(UTC)
    try:
        if open_to_others(credentials.key.stat(), os.geteuid()):
            zh, en = "可被其他用户读取，请执行 chmod 600", "other users may read it; run chmod 600 on it"
            raise unusable(credentials.key, zh, en)
        certificate = x509.load_pem_x509_certificate(credentials.certificate.read_bytes())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(credentials.ca.read_bytes()))
        ssl.create_default_context(cafile=credentials.ca).load_cert_chain(credentials.certificate, credentials.key)
    except (InvalidSignature, ssl.SSLError, ValueError, TypeError):
        zh, en = "证书、密钥与 CA 不匹配", "certificate, key and authority do not match"
        raise unusable(folder, zh, en) from None
    except OSError as error:
        raise unusable(folder, f"无法读取证书：{error}", f"certificates cannot be read: {error}") from None
    if not certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc:
        zh = "证书已过期或尚未生效，请执行 perfsvc certs --renew"
        en = "expired or not valid yet; run perfsvc certs --renew"
        raise unusable(credentials.certificate, zh, en)
    return credentials


def agent_credentials(folder: Path) -> Credentials:
    """The agent's part, in a whole folder or copied by itself. Raises StartupError."""
    return read_credentials(folder / AGENT if (folder / AGENT).is_dir() else folder)


def open_to_others(key: os.stat_result, user: int) -> bool:
    """Whether other users may read a key. Root's may be readable by its group, as Kubernetes mounts secrets so."""
    others = 0o037 if key.st_uid == 0 != user else 0o077
    return bool(key.st_mode & others)


def expiries(folder: Path) -> list[Expiry]:
    """The expiries of the certificates in a folder, or in one part. Raises InvalidInput where there are none."""
    parts = [folder / part for part in (AUTHORITY, SERVER, AGENT)]
    files = [Credentials.of(part).certificate for part in (*parts, folder)]
    expiry_dates = [Expiry(file, ends) for file in files if (ends := end_of(file)) is not None]
    if not expiry_dates:
        raise InvalidInput.at(str(folder), "没有找到证书", "no certificates were found")
    return expiry_dates


def end_of(file: Path) -> datetime | None:
    """The end of a certificate's validity; None where it cannot be read."""
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return None


def this_machine() -> list[str]:
    """The name of this machine, if it is a valid host name."""
    name = platform.node()
    return [name] if host_of(name) is not None else []


def unusable(path: Path, zh: str, en: str) -> StartupError:
    return StartupError(f"{path}：{zh}", f"{path}: {en}")
