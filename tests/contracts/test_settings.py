"""Settings: the merge order, every kind of wrong value, secrets masked, the key that is made at the first start."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from perfsvc import settings as module
from perfsvc.errors import SettingsError
from perfsvc.errors import Text
from perfsvc.settings import SETTINGS
from perfsvc.settings import Settings
from perfsvc.settings import load
from perfsvc.settings import obtain_secret_key

DESIGN_NAMES = [
    "PERFSVC_HOST",
    "PERFSVC_PORT",
    "PERFSVC_DATA_DIR",
    "PERFSVC_DATABASE_URL",
    "PERFSVC_SECRET_KEY",
    "PERFSVC_ADMIN_USERNAME",
    "PERFSVC_ADMIN_PASSWORD",
    "PERFSVC_DASK_SCHEDULER",
    "PERFSVC_TARGET_ALLOW",
    "PERFSVC_TARGET_DENY",
]


def written(folder: Path, text: str) -> Path:
    path = folder / "x.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_name_of_the_design_is_there() -> None:
    assert set(DESIGN_NAMES) <= {row.environment_name for row in SETTINGS}


def test_defaults() -> None:
    settings = load(environ={})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path("data"))
    assert settings.database_url == "sqlite:///perfsvc.db"
    assert settings.cors_origins == ()


def test_flags_beat_environment_beats_file_beats_default(tmp_path: Path) -> None:
    config = written(tmp_path, 'port = 1\nhost = "file"\nlogin_window = 7\n')
    environ = {"PERFSVC_PORT": "2", "PERFSVC_HOST": "environment", "PATH": "/bin"}
    settings = load({"port": "3", "host": None}, environ, config)
    assert (settings.port, settings.host, settings.login_window) == (3, "environment", 7)
    assert settings.login_attempts == 10


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_setting_has_help_in_both_languages_and_a_default_its_kind_accepts(row: module.Setting) -> None:
    assert row.help.zh
    assert row.help.en
    assert row.kind.expects.zh
    assert row.kind.expects.en
    raw = str(row.default) if isinstance(row.default, Path) else row.default
    assert row.kind.read(raw) == row.default


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("PORT", " 8080 ", 8080),
        ("TRUST_PROXY", "yes", True),
        ("TRUST_PROXY", "OFF", False),
        ("LOG_LEVEL", "DEBUG", "debug"),
        (
            "TARGET_ALLOW",
            "10.0.0.0/8, *.Example.com,localhost,::1",
            ("10.0.0.0/8", "*.example.com", "localhost", "::1"),
        ),
        ("TARGET_DENY", "", ()),
        (
            "CORS_ORIGINS",
            "https://UI.example.com/,http://localhost:5173",
            ("https://ui.example.com", "http://localhost:5173"),
        ),
        ("DATA_DIR", "/tmp/x", Path("/tmp/x")),
    ],
)
def test_text_is_read(name: str, raw: str, value: object) -> None:
    assert getattr(load(environ={f"PERFSVC_{name}": raw}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("port", "99999"), ("port", "-1"), ("port", "8_000"), ("port", "eighty"), ("port", ""), ("host", " "),
        ("trust_proxy", "maybe"), ("log_level", "loud"), ("target_allow", "10.0.0.0/99"), ("target_allow", "1.2.3"),
        ("target_deny", "a b"), ("cors_origins", "*"), ("cors_origins", "https://x.example/path"),
        ("cors_origins", "ftp://x"), ("secret_key", "short"), ("admin_password", "1234567"), ("admin_username", "a\0b"),
        ("database_url", ""),
        ("data_dir", ""),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name_and_source(name: str, raw: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} \(environment\) must be ") as caught:
        load(environ={f"PERFSVC_{name.upper()}": raw})
    assert caught.value.text.zh.startswith(f"{name}（环境变量）应为")


@pytest.mark.parametrize(
    "text",
    ["port = true", 'port = "x"', "port = 1.5", "host = 1", "target_allow = 7", "target_allow = [7]", "log_level = []"],
)
def test_a_wrong_type_in_the_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"\(file .*x\.toml\) must be"):
        load(environ={}, config=written(tmp_path, text))


def test_lists_in_the_file_are_lists(tmp_path: Path) -> None:
    assert load(environ={}, config=written(tmp_path, 'target_allow = ["a.example", "10.0.0.0/8"]')).target_allow == (
        "a.example",
        "10.0.0.0/8",
    )


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"port": "x"}, {"PERFSVC_LOG_LEVEL": "loud"}, written(tmp_path, "prot = 1"))
    assert str(caught.value).count("; ") == 2
    assert "prot (file " in str(caught.value)
    assert "port (flags) must be a whole number from 0 to 65535, not 'x'" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read file .*absent\.toml"):
        load(environ={}, config=tmp_path / "absent.toml")
    with pytest.raises(SettingsError, match=r"x\.toml is not TOML"):
        load(environ={}, config=written(tmp_path, "port = "))


def test_unknown_names_in_the_environment_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load(environ={"PERFSVC_PROT": "1", "PERFSVC_SKIP_UI": "1"}) == Settings()
    assert [record.getMessage() for record in caplog.records] == [
        "PERFSVC_PROT in the environment is not a known setting"
    ]


@pytest.mark.parametrize("source", ["file", "environment"])
def test_a_removed_name_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
    monkeypatch.setattr(module, "REMOVED", {"listen": Text("请使用 host", "use host")})
    config = written(tmp_path, 'listen = "x"') if source == "file" else None
    environ = {"PERFSVC_LISTEN": "x"} if source == "environment" else {}
    with pytest.raises(SettingsError, match=r"listen \(.*\) was removed: use host"):
        load(environ=environ, config=config)


def test_secrets_are_masked() -> None:
    secrets = {
        "PERFSVC_SECRET_KEY": "k" * 20,
        "PERFSVC_ADMIN_PASSWORD": "hunter22",
        "PERFSVC_DATABASE_URL": "mysql://u:pw@h/d",
    }
    shown = repr(load(environ=secrets))
    for value in secrets.values():
        assert value not in shown
    assert "secret_key=******" in shown
    assert "port=8000" in shown


def test_a_wrong_secret_is_not_told() -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={"PERFSVC_SECRET_KEY": "sesame"})
    assert "sesame" not in caught.value.text.zh + caught.value.text.en


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data")
    key = obtain_secret_key(settings)
    assert len(key) == 64
    assert obtain_secret_key(settings) == key
    assert stat.S_IMODE((settings.data_dir / "secret.key").stat().st_mode) == 0o600


def test_the_secret_key_that_was_set_wins(tmp_path: Path) -> None:
    assert obtain_secret_key(Settings(data_dir=tmp_path, secret_key="s" * 16)) == "s" * 16
    assert not list(tmp_path.iterdir())


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    obtain_secret_key(settings)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        obtain_secret_key(settings)


def test_a_key_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text("")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="cut short"):
        obtain_secret_key(Settings(data_dir=tmp_path))


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot keep the secret key"):
        obtain_secret_key(Settings(data_dir=tmp_path / "file" / "data"))
