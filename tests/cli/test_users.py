"""``perfsvc users``."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from perfsvc.file_lock import FileLock
from tests.cli.conftest import Command
from tests.cli.conftest import Done


@pytest.fixture
def users(perfsvc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``perfsvc users`` on one data folder; ``typed`` is its standard input."""

    def run(*words: str, typed: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return perfsvc("users", "--data-dir", str(tmp_path), *words)

    return run


def test_create_list_reset_disable(users: Command) -> None:
    made = users("create", "wang", "--administrator", "--password-stdin", typed="correct horse\n")
    assert (made.code, made.out) == (0, "user wang was created\n")
    random = users("create", "li", "--email", "li@example.com")
    assert random.out.startswith("user li was created\nthe new password of li, shown this once: ")
    assert users("disable", "li").out == "user li was disabled\n"
    assert [line.split() for line in users("list").out.splitlines()] == [
        ["name", "email", "role", "state"],
        ["wang", "wang@localhost", "administrator", "active"],
        ["li", "li@example.com", "user", "disabled"],
    ]
    assert users("reset-password", "li").out.startswith("the new password of li, shown this once: ")
    assert (
        users("reset-password", "li", "--password-stdin", typed="battery staple\n").out
        == "the password of li was changed\n"
    )
    assert users("list").out.count("active") == 2


def test_flags_may_stand_after_the_action(perfsvc: Command, tmp_path: Path) -> None:
    settings = tmp_path / "perfsvc.toml"
    settings.write_text(f'data_dir = "{tmp_path}"\n')
    assert perfsvc("users", "create", "wang", "--data-dir", str(tmp_path)).code == 0
    for words in (
        ("users", "list", "--config", str(settings), "--lang", "zh"),
        ("users", "--config", str(settings), "list", "--lang", "zh", "--log-level", "error"),
        ("--lang", "zh", "users", "--data-dir", str(tmp_path), "list"),
    ):
        done = perfsvc(*words)
        assert done.code == 0, done.err
        assert [line.split() for line in done.out.splitlines()][1] == ["wang", "wang@localhost", "用户", "正常"]


@pytest.mark.parametrize(
    ("words", "typed", "code", "said"),
    [
        (("reset-password", "nobody"), "", 1, "the user does not exist"),
        (("create", "WANG"), "", 1, "the username is taken"),
        (("create", "li", "--password-stdin"), "password123", 2, "password: is among the passwords"),
        (("reset-password", "wang", "--password-stdin"), "wang-2026", 2, "contain the username"),
    ],
)
def test_what_is_refused(users: Command, words: tuple[str, ...], typed: str, code: int, said: str) -> None:
    users("create", "wang")
    refused = users(*words, typed=typed)
    assert refused.code == code
    assert said in refused.err


def test_while_a_service_runs_it_says_so(users: Command, tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    try:
        refused = users("list")
    finally:
        lock.release()
    assert refused.code == 1
    assert f"the data folder {tmp_path} is in use by process" in refused.err
