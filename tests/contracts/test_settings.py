"""Settings: the merge order, every kind of wrong value, secrets masked, the key that is made at the first start."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from perfsvc.errors import SettingsError
from perfsvc.service.auth.secret_key import obtain_secret_key
from perfsvc.settings import SETTINGS
from perfsvc.settings import Setting
from perfsvc.settings import Settings
from perfsvc.settings import load

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
def test_every_setting_has_help_in_both_languages_and_a_default_that_is_valid(row: Setting) -> None:
    assert row.help.zh
    assert row.help.en
    text = ",".join(row.default) if isinstance(row.default, tuple) else str(row.default)
    assert getattr(load(environ={row.environment_name: text}), row.name) == row.default


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
    ("name", "raw", "zh", "en"),
    [
        ("port", "99999", "不能大于 65535，实际为 '99999'", "must be at most 65535, not '99999'"),
        ("port", "-1", "不能小于 0，实际为 '-1'", "must be at least 0, not '-1'"),
        *(("port", raw, f"应为整数，实际为 {raw!r}", f"must be an integer, not {raw!r}") for raw in ("8_000", "x", "")),
        ("host", " ", "不能为空，实际为 ' '", "must not be empty, not ' '"),
        ("trust_proxy", "maybe", "应为布尔值，实际为 'maybe'", "must be true or false, not 'maybe'"),
        (
            "admin_username", "a\0b",
            r"不能包含空字符，实际为 'a\x00b'", r"must not contain a null character, not 'a\x00b'",
        ),
        ("database_url", "", "不能为空", "must not be empty"),
        ("secret_key", "short", "长度不能少于 16 个字符", "must have at least 16 characters"),
        ("admin_password", "1234567", "长度不能少于 8 个字符", "must have at least 8 characters"),
        ("data_dir", "", "不能为空，实际为 ''", "must not be empty, not ''"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name_and_source(name: str, raw: str, zh: str, en: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={f"PERFSVC_{name.upper()}": raw})
    assert caught.value.text == (f"{name}（环境变量）{zh}", f"{name} (environment) {en}")


@pytest.mark.parametrize(
    ("name", "raw", "at", "en"),
    [
        ("log_level", "loud", "", "must be one of 'debug', 'info', 'warning' or 'error'"),
        ("target_allow", "a,10.0.0.0/99", "[1]", "must be a host name, *.domain, IP address or CIDR block"),
        ("target_allow", "1.2.3", "[0]", "must be a host name, *.domain, IP address or CIDR block"),
        ("target_deny", "a b", "[0]", "must be a host name, *.domain, IP address or CIDR block"),
        ("cors_origins", "*", "[0]", "must be an origin such as https://ui.example.com"),
        ("cors_origins", "https://x.example/path", "[0]", "must be an origin such as https://ui.example.com"),
        ("cors_origins", "ftp://x", "[0]", "must be an origin such as https://ui.example.com"),
    ],
)
def test_a_wrong_item_is_refused_by_its_place(name: str, raw: str, at: str, en: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={f"PERFSVC_{name.upper()}": raw})
    assert str(caught.value) == f"{name}{at} (environment) {en}, not {raw!r}"


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


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"port": "x"}, {"PERFSVC_LOG_LEVEL": "loud"}, written(tmp_path, "prot = 1"))
    assert str(caught.value).count("; ") == 2
    assert "prot (file " in str(caught.value)
    assert "port (flags) must be an integer, not 'x'" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read file .*absent\.toml"):
        load(environ={}, config=tmp_path / "absent.toml")
    with pytest.raises(SettingsError) as caught:
        load(environ={}, config=written(tmp_path, "port = "))
    file = tmp_path / "x.toml"
    assert str(caught.value) == f"file {file} is not TOML (line 1, column 8): a value is missing after the equals sign"
    assert caught.value.text.zh == f"文件 {file} 不是合法的 TOML（第 1 行第 8 列）：等号后缺少值"


def test_unknown_names_in_the_environment_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load(environ={"PERFSVC_PROT": "1", "PERFSVC_SKIP_UI": "1"}) == Settings()
    assert [record.getMessage() for record in caplog.records] == [
        "PERFSVC_PROT in the environment is not a known setting"
    ]


def test_secrets_are_not_shown() -> None:
    secrets = {
        "PERFSVC_SECRET_KEY": "k" * 20,
        "PERFSVC_ADMIN_PASSWORD": "hunter22",
        "PERFSVC_DATABASE_URL": "mysql://u:pw@h/d",
    }
    shown = repr(load(environ=secrets))
    for value in secrets.values():
        assert value not in shown
    assert "secret" not in shown
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
    with pytest.raises(SettingsError, match="is truncated"):
        obtain_secret_key(Settings(data_dir=tmp_path))


def test_a_data_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot keep the secret key"):
        obtain_secret_key(Settings(data_dir=tmp_path / "file" / "data"))
