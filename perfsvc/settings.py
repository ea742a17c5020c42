"""The settings of the service: one table, merged from defaults, a TOML file, the environment and flags, in that order.

A setting ``port`` is ``port`` in the file, ``PERFSVC_PORT`` in the environment and ``--port`` as a flag. Whatever is
wrong stops the start with a SettingsError that names the setting and where it came from.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import secrets
import tomllib
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from pathlib import Path
from typing import Any
from typing import NamedTuple
from urllib.parse import urlsplit

from perfsvc.errors import SettingsError
from perfsvc.errors import Text

PREFIX = "PERFSVC_"
MASK = "******"
SHORTEST_KEY = 16
SHORTEST_PASSWORD = 8
DATA_DIR = Path("data")
SECRET_KEY_FILE = "secret.key"  # noqa: S105 - the name of the file, not what is in it
LOG_LEVELS = ("debug", "info", "warning", "error")
BUILD_TIME_NAMES = frozenset({"PERFSVC_SKIP_UI"})
"""Names in the environment that installing reads, not running."""

REMOVED: Mapping[str, Text] = {}
"""Settings that once were, with what to do instead."""

logger = logging.getLogger(__name__)


class Kind(NamedTuple):
    """A type of setting: what it expects, in words, and how a raw value is read; ``read`` raises ValueError."""

    expects: Text
    read: Callable[[Any], Any]


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise ValueError
    return raw


def _switch(raw: Any) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if isinstance(raw, bool):
        return raw
    if not isinstance(raw, str) or raw.lower() not in known:
        raise ValueError
    return known[raw.lower()]


def _filled(raw: Any) -> str:
    if not _text(raw).strip():
        raise ValueError
    return str(raw)


TEXT = Kind(Text("文本", "text"), _text)
FILLED = Kind(Text("非空文本", "text that is not empty"), _filled)
SWITCH = Kind(Text("true 或 false", "true or false"), _switch)
FOLDER = Kind(Text("目录路径", "the path of a folder"), lambda raw: Path(_filled(raw)).expanduser())


def secret_of(least: int) -> Kind:
    """A secret with at least so many characters, or none."""

    def read(raw: Any) -> str:
        if 0 < len(_text(raw)) < least:
            raise ValueError
        return str(raw)

    return Kind(Text(f"至少 {least} 个字符", f"at least {least} characters long"), read)


def whole(least: int, most: int) -> Kind:
    """A whole number within bounds."""

    def read(raw: Any) -> int:
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,18}", raw.strip(), re.ASCII):
            raw = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            raise ValueError
        return raw

    return Kind(Text(f"{least} 到 {most} 的整数", f"a whole number from {least} to {most}"), read)


def choice(*names: str) -> Kind:
    """One of some names."""

    def read(raw: Any) -> str:
        if _text(raw).lower() not in names:
            raise ValueError
        return str(raw).lower()

    return Kind(Text(f"以下之一：{', '.join(names)}", f"one of {', '.join(names)}"), read)


def listing(item: Kind) -> Kind:
    """Several values: separated by commas in text, a list in the file."""

    def read(raw: Any) -> tuple[Any, ...]:
        parts = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
        if not isinstance(parts, list | tuple):
            raise ValueError
        return tuple(item.read(part) for part in parts if part != "")

    return Kind(Text(f"以逗号分隔的{item.expects.zh}", f"{item.expects.en}, separated by commas"), read)


def _host_rule(raw: Any) -> str:
    rule = _filled(raw).strip().lower()
    if re.fullmatch(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", rule) and not re.fullmatch(r"[0-9.]+", rule):
        return rule
    ipaddress.ip_network(rule, strict=False)
    return rule


def _origin(raw: Any) -> str:
    parts = urlsplit(_filled(raw).strip().rstrip("/").lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError
    return parts.geturl()


HOST_RULES = listing(
    Kind(Text("主机名、*.域名、IP 或 CIDR", "host names, *.domains, addresses or CIDR blocks"), _host_rule)
)
ORIGINS = listing(Kind(Text("来源地址，如 https://ui.example.com", "origins such as https://ui.example.com"), _origin))
NAMES = listing(Kind(Text("名称", "names"), _filled))


class Setting(NamedTuple):
    """A row of the table."""

    name: str
    kind: Kind
    default: Any
    help: Text
    secret: bool

    @property
    def environment_name(self) -> str:
        return PREFIX + self.name.upper()


def _row(default: Any, kind: Kind, zh: str, en: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"kind": kind, "help": Text(zh, en), "secret": secret})


@dataclass(frozen=True, repr=False)
class Settings:
    """What the service was told. Times are seconds, sizes bytes."""

    host: str = _row("127.0.0.1", FILLED, "监听地址", "Address to listen on")
    port: int = _row(8000, whole(0, 65535), "监听端口，0 表示任选", "Port to listen on; 0 takes a free one")
    data_dir: Path = _row(DATA_DIR, FOLDER, "数据目录", "Folder for what is kept")  # noqa: RUF009 - a field, as the others
    database_url: str = _row(
        "sqlite:///perfsvc.db",
        FILLED,
        "数据库地址：sqlite:///文件（位于数据目录）、mysql://… 或 mariadb://…",
        "Database: sqlite:///file (in the data folder), mysql://… or mariadb://…",
        secret=True,
    )
    secret_key: str = _row(
        "",
        secret_of(SHORTEST_KEY),
        "签名与加密密钥，默认随机生成并保存在数据目录",
        "Key for signing and encryption; default is random and kept in the data folder",
        secret=True,
    )
    admin_username: str = _row("admin", FILLED, "首次启动创建的管理员", "Administrator created at the first start")
    admin_password: str = _row(
        "",
        secret_of(SHORTEST_PASSWORD),
        "管理员初始密码，默认随机生成并打印一次",
        "The administrator's first password; default is random and printed once",
        secret=True,
    )
    dask_scheduler: str = _row(
        "",
        TEXT,
        "其他机器上的执行节点加入的地址（主机:端口），默认不开放",
        "Where agents of other machines join, host:port; default is nowhere",
    )
    certs_dir: Path = _row(  # noqa: RUF009 - a field, as the others
        Path("certs"),
        FOLDER,
        "服务与执行节点互认证书的目录（相对数据目录）",
        "Folder of the certificates by which service and agents know each other, below the data folder",
    )
    target_allow: tuple[str, ...] = _row(
        (), HOST_RULES, "允许压测的目标，默认不限", "Targets that may be loaded; default is any"
    )
    target_deny: tuple[str, ...] = _row((), HOST_RULES, "禁止压测的目标", "Targets that may not be loaded")
    access_token_ttl: int = _row(900, whole(30, 86_400), "访问令牌有效期（秒）", "Life of an access token, s")
    refresh_token_ttl: int = _row(604_800, whole(60, 31_536_000), "刷新令牌有效期（秒）", "Life of a refresh token, s")
    session_ttl: int = _row(
        2_592_000, whole(60, 31_536_000), "一次登录最长持续时间（秒）", "Longest time between two logins, s"
    )
    login_attempts: int = _row(
        10, whole(1, 10_000), "同一用户与地址在限制窗口内的登录次数", "Logins per user and address in a window"
    )
    login_window: int = _row(300, whole(1, 86_400), "登录次数限制窗口（秒）", "Length of that window, s")
    registration: bool = _row(True, SWITCH, "是否开放注册", "Whether strangers may register")
    max_body_size: int = _row(
        10_485_760, whole(1024, 1_073_741_824), "请求体大小上限（字节）", "Largest request body, bytes"
    )
    data_cache_size: int = _row(
        1_073_741_824,
        whole(1_048_576, 2**53),
        "数据缓存上限（字节）",
        "Most that rows of data sources take on disk, bytes",
    )
    sqlite_dir: Path = _row(  # noqa: RUF009 - a field, as the others
        Path("databases"),
        FOLDER,
        "数据库连接可以使用的 SQLite 文件所在目录（相对数据目录）",
        "Folder of the SQLite files that connections may name, below the data folder",
    )
    max_datafile_size: int = _row(
        1_073_741_824, whole(1024, 1_099_511_627_776), "数据文件大小上限（字节）", "Largest data file, bytes"
    )
    cors_origins: tuple[str, ...] = _row(
        (), ORIGINS, "允许跨域访问的来源，默认无", "Origins that may call the API from a browser; default none"
    )
    trust_proxy: bool = _row(
        False, SWITCH, "信任反向代理的 X-Forwarded-* 请求头", "Believe the X-Forwarded-* headers of a reverse proxy"
    )
    required_plugins: tuple[str, ...] = _row(
        ("perfsvc:protocol-http",), NAMES, "缺少时拒绝启动的插件", "Plugins without which the service does not start"
    )
    log_level: str = _row("info", choice(*LOG_LEVELS), "日志级别", "How much is logged")

    def __repr__(self) -> str:
        shown = (f"{row.name}={self.shown(row)}" for row in SETTINGS)
        return f"Settings({', '.join(shown)})"

    def shown(self, row: Setting) -> str:
        """A value for people; what is secret is masked."""
        value = getattr(self, row.name)
        return MASK if row.secret and value else repr(value)


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(row.name, row.metadata["kind"], row.default, row.metadata["help"], row.metadata["secret"])
    for row in fields(Settings)
)


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, config: Path | None = None
) -> Settings:
    """Merge defaults, the TOML file ``config``, ``environ`` (default: the process's) and ``flags`` (None: not given).

    Raises SettingsError with every fault found.
    """
    faults: list[Text] = []
    values: dict[str, Any] = {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for source, raw in (
        (Text(f"文件 {config}", f"file {config}"), _of_file(config)),
        (Text("环境变量", "environment"), _of_environment(os.environ if environ is None else environ)),
        (Text("命令行参数", "flags"), given),
    ):
        values |= _read(raw, source, faults)
    if faults:
        raise SettingsError("；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults))
    return Settings(**values)


def _read(raw: Mapping[str, Any], source: Text, faults: list[Text]) -> dict[str, Any]:
    rows = {row.name: row for row in SETTINGS}
    values = {}
    for name, value in raw.items():
        row = rows.get(name)
        if row is None:
            faults.append(_unknown(name, source))
            continue
        try:
            values[name] = row.kind.read(value)
        except ValueError:
            faults.append(_wrong(row, value, source))
    return values


def _unknown(name: str, source: Text) -> Text:
    instead = REMOVED.get(name)
    if instead:
        return Text(f"{name}（{source.zh}）已移除：{instead.zh}", f"{name} ({source.en}) was removed: {instead.en}")
    return Text(f"{name}（{source.zh}）不是已知的设置", f"{name} ({source.en}) is not a known setting")


def _wrong(row: Setting, value: Any, source: Text) -> Text:
    shown = MASK if row.secret else repr(value)
    return Text(
        f"{row.name}（{source.zh}）应为{row.kind.expects.zh}，实际为 {shown}",
        f"{row.name} ({source.en}) must be {row.kind.expects.en}, not {shown}",
    )


def _of_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"无法读取文件 {path}：{error.strerror}", f"cannot read file {path}: {error.strerror}"
        ) from None
    except ValueError as error:
        raise SettingsError(f"文件 {path} 不是合法的 TOML：{error}", f"file {path} is not TOML: {error}") from None


def _of_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment says; a name we do not know is told, not refused: it may be another program's."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in BUILD_TIME_NAMES}
    known = {row.environment_name: row.name for row in SETTINGS} | {PREFIX + name.upper(): name for name in REMOVED}
    for name in sorted(ours.keys() - known.keys()):
        logger.warning("%s in the environment is not a known setting", name)
    return {known[name]: value for name, value in ours.items() if name in known}


def obtain_secret_key(settings: Settings) -> str:
    """The key that was set, or the one kept in the data folder, made at the first start with mode 0600.

    Raises SettingsError when it cannot be kept, or when others on this machine may read it.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / SECRET_KEY_FILE
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _create_key(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                f"{path} 可被其他用户读取，请执行 chmod 600", f"others may read {path}; run chmod 600 on it"
            )
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法保存密钥 {path}：{error}", f"cannot keep the secret key in {path}: {error}") from None
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"{path} 内容不完整", f"{path} is cut short")
    return key


def _create_key(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
