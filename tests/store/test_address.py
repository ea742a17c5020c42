"""Database URLs, and that a password shows nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfsvc.errors import SettingsError
from perfsvc.store.address import ServerAddress
from perfsvc.store.address import SqliteAddress
from perfsvc.store.address import parse

DATA = Path("/data")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///perfsvc.db", SqliteAddress(Path("/data/perfsvc.db"))),
        ("sqlite:///a/b%20c.db", SqliteAddress(Path("/data/a/b c.db"))),
        ("sqlite:////var/lib/p.db", SqliteAddress(Path("/var/lib/p.db"))),
        ("mysql://u:p@h/db", ServerAddress("h", 3306, "u", "p", "db")),
        ("mariadb://u:p%40%2F@h:3307/db", ServerAddress("h", 3307, "u", "p@/", "db")),
        ("mysql://u@[::1]:1/db?ssl_ca=/ca.pem", ServerAddress("::1", 1, "u", "", "db", "/ca.pem")),
    ],
)
def test_urls(url: str, expected: object) -> None:
    assert parse(url, DATA) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "perfsvc.db",
        "postgres://u:hunter2@h/db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://host/x.db",
        "mysql://u:hunter2@h",
        "mysql://u:hunter2@h/a/b",
        "mysql://:hunter2@h/db",
        "mysql://u:hunter2@/db",
        "mysql://u:hunter2@h:0x1/db",
        "mysql://u:hunter2/2@h/db",
        "mysql://u:hunter2@h/db?charset=latin1",
        "mysql://u:hunter2@[h/db",
    ],
)
def test_unusable_urls_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(url, DATA)
    assert "hunter2" not in caught.value.text.zh + caught.value.text.en


def test_a_password_shows_nowhere() -> None:
    address = parse("mysql://u:hunter2@h/db", DATA)
    assert str(address) == "mysql://u:***@h:3306/db"
    assert "hunter2" not in repr(address)
