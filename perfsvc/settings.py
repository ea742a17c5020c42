"""The settings of the service, merged from defaults, a TOML file, the environment and flags, in that order.

A setting ``port`` is ``port`` in the file, ``PERFSVC_PORT`` in the environment and ``--port`` as a flag. A wrong value
stops the start with a SettingsError that names the setting and its source.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from typing import Any
from typing import Literal
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic import BeforeValidator
from pydantic import ValidationError

from perfsvc.errors import SettingsError
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault
from perfsvc.model.problems import problems_of
from perfsvc.model.toml_faults import toml_fault

PREFIX = "PERFSVC_"
SHORTEST_KEY = 16
SHORTEST_PASSWORD = 8
BUILD_TIME_NAMES = frozenset({"PERFSVC_SKIP_UI"})
"""Environment variables that the installation reads, not the service."""
SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

logger = logging.getLogger(__name__)

# Values from the environment and from flags are text; what is not text is left to the type itself.


def _integer(raw: Any) -> Any:
    return int(raw) if isinstance(raw, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", raw, re.ASCII) else raw


def _switch(raw: Any) -> Any:
    return SWITCH.get(raw.lower(), raw) if isinstance(raw, str) else raw


def _lower(raw: Any) -> Any:
    return raw.lower() if isinstance(raw, str) else raw


def _listed(raw: Any) -> Any:
    return [part.strip() for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw


def _folder(raw: Any) -> Any:
    return Path(_filled(_plain(raw))).expanduser() if isinstance(raw, str) else raw


def _plain(value: str) -> str:
    if "\0" in value:
        raise Fault("不能包含空字符", "must not contain a null character")
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise Fault("不能为空", "must not be empty")
    return value


def _key(value: str) -> str:
    return _secret(value, SHORTEST_KEY)


def _password(value: str) -> str:
    return _secret(value, SHORTEST_PASSWORD)


def _secret(value: str, shortest: int) -> str:
    if 0 < len(value) < shortest:
        raise Fault(f"长度不能少于 {shortest} 个字符", f"must have at least {shortest} characters")
    return value


def _host_rule(value: str) -> str:
    rule = value.strip().lower()
    if re.fullmatch(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", rule) and not re.fullmatch(r"[0-9.]+", rule):
        return rule
    try:
        ipaddress.ip_network(rule, strict=False)
    except ValueError:
        zh, en = "应为主机名、*.域名、IP 地址或 CIDR 网段", "must be a host name, *.domain, IP address or CIDR block"
        raise Fault(zh, en) from None
    return rule


def _origin(value: str) -> str:
    parts = urlsplit(value.strip().rstrip("/").lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise Fault("应为来源地址，如 https://ui.example.com", "must be an origin such as https://ui.example.com")
    return parts.geturl()


def _public_url(value: str) -> str:
    return _origin(value) if value.strip() else ""


Line = Annotated[str, AfterValidator(_plain)]
Filled = Annotated[Line, AfterValidator(_filled)]
Integer = Annotated[int, BeforeValidator(_integer)]
Switch = Annotated[bool, BeforeValidator(_switch)]
Folder = Annotated[Path, BeforeValidator(_folder)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
Names = Annotated[Many[Filled], BeforeValidator(_listed)]
HostRules = Annotated[Many[Annotated[Filled, AfterValidator(_host_rule)]], BeforeValidator(_listed)]
Origins = Annotated[Many[Annotated[Filled, AfterValidator(_origin)]], BeforeValidator(_listed)]


class Settings(Spec):  # size: one attribute for each setting
    """The merged settings. Times are in seconds, sizes in bytes; secrets are left out of ``repr``."""

    host: Filled = titled("监听地址", "Address to listen on", default="127.0.0.1")
    port: Integer = titled(
        "监听端口，0 表示任选", "Port to listen on; 0 takes a free one", default=8000, ge=0, le=65535
    )
    data_dir: Folder = titled("数据目录", "Data folder", default=Path("data"))
    database_url: Filled = titled(
        "数据库地址：sqlite:///文件（位于数据目录）、mysql://… 或 mariadb://…",
        "Database: sqlite:///file (in the data folder), mysql://… or mariadb://…",
        default="sqlite:///perfsvc.db",
        repr=False,
    )
    secret_key: Annotated[Line, AfterValidator(_key)] = titled(
        "签名与加密密钥，默认随机生成并保存在数据目录",
        "Key for signing and encryption; default: random, kept in the data folder",
        default="",
        repr=False,
    )
    admin_username: Filled = titled("首次启动创建的管理员", "Administrator created at the first start", default="admin")
    admin_password: Annotated[Line, AfterValidator(_password)] = titled(
        "管理员初始密码，默认随机生成并打印一次",
        "Initial password of the administrator; default: random, printed once",
        default="",
        repr=False,
    )
    dask_scheduler: Line = titled(
        "其他机器上的执行节点加入的地址（主机:端口），默认不开放",
        "Address (host:port) at which agents on other machines join; default: closed",
        default="",
    )
    certs_dir: Folder = titled(
        "服务与执行节点互认证书的目录（相对数据目录）",
        "Folder of the certificates that service and agents use for mutual TLS, below the data folder",
        default=Path("certs"),
    )
    target_allow: HostRules = titled(
        "允许压测的目标，以逗号分隔，默认不限",
        "Targets that may be loaded, separated by commas; default: any",
        default=(),
    )
    target_deny: HostRules = titled(
        "禁止压测的目标，以逗号分隔", "Targets that may not be loaded, separated by commas", default=()
    )
    access_token_ttl: Integer = titled(
        "访问令牌有效期（秒）", "Lifetime of an access token, s", default=900, ge=10, le=86_400
    )
    refresh_token_ttl: Integer = titled(
        "刷新令牌有效期（秒）", "Lifetime of a refresh token, s", default=604_800, ge=60, le=31_536_000
    )
    session_ttl: Integer = titled(
        "一次登录最长持续时间（秒）", "Longest time between two logins, s", default=2_592_000, ge=60, le=31_536_000
    )
    login_attempts: Integer = titled(
        "同一用户与地址在限制窗口内的登录次数",
        "Login attempts per user and address within the login window",
        default=10,
        ge=1,
        le=10_000,
    )
    login_window: Integer = titled(
        "登录次数限制窗口（秒）", "Length of the login window, s", default=300, ge=1, le=86_400
    )
    registration: Switch = titled("是否开放注册", "Whether anyone may register", default=False)
    demo: Switch = titled("是否提供演示目标 /demo/", "Whether there is a demo target at /demo/", default=True)
    max_body_size: Integer = titled(
        "请求体大小上限（字节）", "Largest request body, bytes", default=10_485_760, ge=1024, le=1_073_741_824
    )
    data_cache_size: Integer = titled(
        "数据缓存上限（字节）",
        "Disk space for cached rows of data sources, bytes",
        default=1_073_741_824,
        ge=1_048_576,
        le=2**53,
    )
    sqlite_dir: Folder = titled(
        "数据库连接可以使用的 SQLite 文件所在目录（相对数据目录）",
        "Folder of the SQLite files that database connections may use, below the data folder",
        default=Path("databases"),
    )
    max_datafile_size: Integer = titled(
        "数据文件大小上限（字节）", "Largest data file, bytes", default=1_073_741_824, ge=1024, le=1_099_511_627_776
    )
    cors_origins: Origins = titled(
        "允许跨域访问的来源，以逗号分隔，默认无",
        "Origins that may call the API from a browser, separated by commas; default: none",
        default=(),
    )
    public_url: Annotated[Line, AfterValidator(_public_url)] = titled(
        "用户访问服务的地址，如 https://perf.example.com，默认为监听地址",
        "Address by which users reach the service, such as https://perf.example.com; default: the one it listens on",
        default="",
    )
    trust_proxy: Switch = titled(
        "信任反向代理的 X-Forwarded-* 请求头", "Trust the X-Forwarded-* headers of a reverse proxy", default=False
    )
    required_plugins: Names = titled(
        "缺少时拒绝启动的插件，以逗号分隔",
        "Plugins without which the service does not start, separated by commas",
        default=("perfsvc:protocol-http",),
    )
    log_level: LogLevel = titled(
        "日志级别：debug、info、warning 或 error", "Log level: debug, info, warning or error", default="info"
    )


class Setting(NamedTuple):
    """A setting as the command line and the documentation show it."""

    name: str
    default: Any
    help: Text
    secret: bool

    @property
    def environment_name(self) -> str:
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name, field.default, Text(str(field.json_schema_extra["x-title-zh"]), field.title or ""), not field.repr)
    for name, field in Settings.model_fields.items()
    if isinstance(field.json_schema_extra, dict)
)


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, config: Path | None = None
) -> Settings:
    """Merge defaults, the TOML file ``config``, ``environ`` (default: the process's) and ``flags`` (None: not given).

    Raises SettingsError with every problem found.
    """
    from_flags = {name: value for name, value in (flags or {}).items() if value is not None}
    values: dict[str, Any] = {}
    problems: list[Text] = []
    for source, raw in (
        (Text(f"文件 {config}", f"file {config}"), _of_file(config)),
        (Text("环境变量", "environment"), _of_environment(os.environ if environ is None else environ)),
        (Text("命令行参数", "flags"), from_flags),
    ):
        try:
            parsed = Settings.model_validate(raw)
        except ValidationError as error:
            problems += _problems(error, raw, source)
        else:
            values |= {name: getattr(parsed, name) for name in parsed.model_fields_set}
    if problems:
        raise SettingsError("；".join(text.zh for text in problems), "; ".join(text.en for text in problems))
    return Settings(**values)


def _problems(error: ValidationError, raw: Mapping[str, Any], source: Text) -> Iterator[Text]:
    """Yield what is wrong with one source; values are quoted unless they are secret."""
    secret = {row.name: row.secret for row in SETTINGS}
    for problem in problems_of(error, raw):
        name = problem.path.partition("[")[0]
        zh, en = problem.text
        if name not in secret:
            zh, en = "不是已知的设置", "is not a known setting"
        elif not secret[name]:
            zh, en = f"{zh}，实际为 {raw[name]!r}", f"{en}, not {raw[name]!r}"
        yield Text(f"{problem.path}（{source.zh}）{zh}", f"{problem.path} ({source.en}) {en}")


def _of_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    text = ""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"无法读取文件 {path}：{error.strerror}", f"cannot read file {path}: {error.strerror}"
        ) from None
    except ValueError as error:
        zh, en = toml_fault(text, error).of_kind("TOML")
        raise SettingsError(f"文件 {path} {zh}", f"file {path} {en}") from None


def _of_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the environment. Unknown names are logged only: they may belong to another program."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in BUILD_TIME_NAMES}
    names = {row.environment_name: row.name for row in SETTINGS}
    for name in sorted(ours.keys() - names.keys()):
        logger.warning("%s in the environment is not a known setting", name)
    return {names[name]: value for name, value in ours.items() if name in names}
