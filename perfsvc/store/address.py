"""The address of a database, read from a URL. The password never shows in a ``repr``, a message or a log."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from urllib.parse import SplitResult
from urllib.parse import parse_qsl
from urllib.parse import unquote
from urllib.parse import urlsplit

from perfsvc.errors import SettingsError

DEFAULT_PORT = 3306


@dataclass(frozen=True)
class SqliteAddress:
    """A file."""

    path: Path

    def __str__(self) -> str:
        return f"sqlite:///{self.path}"


@dataclass(frozen=True)
class ServerAddress:
    """A MySQL or MariaDB server. ``ssl_ca``: encrypt, and hold the server's certificate and name against this file."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    ssl_ca: str | None = None

    def __str__(self) -> str:
        return f"mysql://{self.user}:***@{self.host}:{self.port}/{self.database}"


Address = SqliteAddress | ServerAddress


def parse(url: str, data_dir: Path) -> Address:
    """Read a URL; raises SettingsError, which does not quote it.

    ``sqlite:///file`` lies below ``data_dir``, ``sqlite:////folder/file`` where it says. A server is
    ``mysql://user:password@host:port/database`` or ``mariadb://…``, with ``?ssl_ca=file`` where it must be encrypted.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            return sqlite_address(parts, data_dir)
        if parts.scheme in ("mysql", "mariadb"):
            return server_address(parts)
    except ValueError as error:
        raise refusal(str(error)) from None
    raise refusal(f"scheme {parts.scheme!r}")


def sqlite_address(parts: SplitResult, data_dir: Path) -> SqliteAddress:
    """Raises ValueError."""
    name = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or not name or name == ":memory:":
        raise ValueError("a file is needed after sqlite:///")
    return SqliteAddress(data_dir.absolute() / name)


def server_address(parts: SplitResult) -> ServerAddress:
    """Raises ValueError."""
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    ssl_ca = options.pop("ssl_ca", None)
    database = unquote(parts.path.removeprefix("/"))
    if options:
        raise ValueError(f"unknown option {', '.join(sorted(options))}")
    if not parts.hostname or not parts.username or not database or "/" in database:
        raise ValueError("user, host and database are needed")
    port = _port(parts)
    user, password = unquote(parts.username), unquote(parts.password or "")
    return ServerAddress(parts.hostname, port, user, password, database, ssl_ca)


def _port(parts: SplitResult) -> int:
    # urllib quotes what it took for the port, which is a piece of the password when that holds an unescaped "/" or "@".
    try:
        return parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError("the port is not a number from 1 to 65535") from None


def refusal(why: str) -> SettingsError:
    """The error for an unusable URL."""
    forms = "sqlite:///file, mysql://user:password@host:port/database, mariadb://…"
    return SettingsError(
        f"数据库地址无效（{why}），可用形式：{forms}", f"not a usable database URL ({why}); write {forms}"
    )
