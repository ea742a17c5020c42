"""TLS options: trusted authorities, client certificates, versions, ciphers, resumed sessions."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from typing import ClassVar
from typing import Literal
from typing import NamedTuple
from typing import cast

from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Problem
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Spec
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin import titled
from perfsvc.plugin.failures import INVALID_REQUEST

PEM = "-----BEGIN"
VARIES = "{{"
EXAMPLE_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----"
EXAMPLE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END PRIVATE KEY-----"
Version = Literal["1.0", "1.1", "1.2", "1.3"]
VERSIONS: dict[str, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
OLD = ("1.0", "1.1")
OLD_CIPHERS = "DEFAULT:@SECLEVEL=0"
"""OpenSSL 3 allows no version below 1.2 at its usual level of security."""
RESUMED = MappingProxyType({"tls_resumed": 1})
NOT_RESUMED = MappingProxyType({"tls_full_handshakes": 1})
MAX_CONTEXTS = 64
"""Contexts kept where certificates vary: each holds the system's authorities, some hundred KB."""

ABOUT_CA = (
    "用来校验对方的证书；不填时取自测试环境。",
    "The certificate of the target is checked against these; without them, against those of the environment.",
)
ABOUT_VERSIONS = (
    "不填时由 OpenSSL 决定；填 1.0 或 1.1 时也允许旧的加密套件。",
    "Without it, OpenSSL decides; 1.0 and 1.1 allow old ciphers as well.",
)
LABELS = {version: (f"TLS {version}", f"TLS {version}") for version in VERSIONS}


class CertificateOptions(Spec):
    """Trusted authorities of a client, and its certificate where the target requires one. All texts are PEM."""

    varies: ClassVar[bool] = False
    """Whether certificate and key may be templates."""

    verify: bool = titled(
        "校验证书",
        "Verify certificates",
        default=True,
        about=(
            "关闭后接受任何证书，例如自签名的；更好的办法是把签发它的 CA 证书填在这里或测试环境中。",
            "Switched off, any certificate is accepted, a self-signed one too; better is to give the CA certificate"
            " that signed it, here or in the environment.",
        ),
    )
    ca: str | None = titled(
        "CA 证书（PEM 文本）", "CA certificates, PEM text", default=None, about=ABOUT_CA, examples=[EXAMPLE_CERTIFICATE]
    )
    certificate: str | None = titled(
        "客户端证书（PEM 文本）", "Client certificate, PEM text", default=None, examples=[EXAMPLE_CERTIFICATE]
    )
    key: str | None = titled(
        "客户端私钥（PEM 文本）",
        "Client key, PEM text",
        default=None,
        secret=True,
        about=(
            "与客户端证书成对，没有密码保护；加密保存，不再显示。",
            "Goes with the client certificate, without a passphrase; stored encrypted and not shown again.",
        ),
        examples=[EXAMPLE_KEY],
    )

    @field_validator("certificate", "key")
    @classmethod
    def _is_pem(cls, value: str | None) -> str | None:
        if value is not None and PEM not in value and not (cls.varies and VARIES in value):
            raise Fault("不是 PEM 文本", "is not PEM text")
        return value

    @model_validator(mode="after")
    def _pair(self) -> CertificateOptions:
        if (self.certificate is None) != (self.key is None):
            raise Fault("certificate 与 key 必须同时填写", "certificate and key come together", "certificate")
        return self


class TlsOptions(CertificateOptions):
    """Certificates, and the versions, ciphers and resumed sessions that a client agrees to."""

    varies = True

    ca: str | None = titled(
        "CA 证书（PEM 文本或数据文件名）",
        "CA: PEM text, or name of a data file",
        datafile=True,
        default=None,
        about=ABOUT_CA,
        examples=["ca.pem"],
    )
    certificate: str | None = titled(
        "客户端证书（PEM 文本）",
        "Client certificate, PEM text",
        template=True,
        default=None,
        about=(
            "可使用模板，例如取自数据行的 {{certificate}}，每个用户出示各自的证书。",
            "May hold templates, such as {{certificate}} from a data row: each user then shows its own.",
        ),
        examples=[EXAMPLE_CERTIFICATE],
    )
    tls_min_version: Version | None = titled(
        "最低 TLS 版本", "Lowest TLS version", advanced=True, default=None, about=ABOUT_VERSIONS, labels=LABELS
    )
    tls_max_version: Version | None = titled(
        "最高 TLS 版本", "Highest TLS version", advanced=True, default=None, about=ABOUT_VERSIONS, labels=LABELS
    )
    ciphers: str | None = titled(
        "TLS 1.2 及以下的加密套件（OpenSSL 格式）",
        "Ciphers up to TLS 1.2, as OpenSSL lists them",
        advanced=True,
        default=None,
        min_length=1,
        max_length=2000,
        about=(
            "不填时使用 OpenSSL 的默认套件；TLS 1.3 的套件不受影响。",
            "Without it OpenSSL’s own; those of TLS 1.3 stay as they are.",
        ),
        examples=["ECDHE+AESGCM"],
    )
    session_resumption: bool = titled(
        "恢复 TLS 会话",
        "Resume TLS sessions",
        advanced=True,
        default=False,
        about=(
            "用户再次连接同一地址时，是否恢复其最近一次的 TLS 会话。",
            "Whether a user's later connections to a place resume the TLS session of its latest one there.",
        ),
    )

    @field_validator("ciphers")
    @classmethod
    def _are_ciphers(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers(value)
        except (ssl.SSLError, ValueError):
            raise Fault("没有可用的加密套件", "names no cipher that is available here") from None
        return value

    @model_validator(mode="after")
    def _in_order(self) -> TlsOptions:
        lowest, highest = self.tls_min_version, self.tls_max_version
        if lowest is not None and highest is not None and lowest > highest:
            raise Fault("高于最高版本", "is above the highest version", "tls_min_version")
        return self

    @property
    def cipher_list(self) -> str | None:
        """Return the ciphers to offer, None for the usual ones."""
        old = self.tls_min_version in OLD or self.tls_max_version in OLD
        return self.ciphers or (OLD_CIPHERS if old else None)


class Identity(NamedTuple):
    """A client's certificate and key, PEM."""

    certificate: str
    key: str


class Tls:
    """The TLS contexts of a run: one for all users, or one for each certificate where that varies from user to user."""

    def __init__(self, options: TlsOptions, context: RunContext, alpn: Sequence[str] = ()) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        self._alpn = list(alpn)
        self._options = options
        self._file = context.file
        self._templates = _templates(options, context)
        self._contexts: dict[Identity | None, ssl.SSLContext] = {}
        if options.ca is not None or self._templates:
            self.prepare()

    def prepare(self) -> None:
        """Makes the context of all users, where it is one. Reading the system's authorities takes some milliseconds."""
        if not self._contexts:
            varies = any(each.constant is None for each in self._templates)
            identity = None if varies else self.identity(Scope(0, 0))
            self._contexts[identity] = self._make(identity)

    async def of(self, scope: Scope) -> ssl.SSLContext:
        """The context of one user. Raises MissingVariable, and Failed for a certificate that cannot be used."""
        identity = self.identity(scope)
        context = self._contexts.get(identity)
        if context is None:
            context = await asyncio.to_thread(self._made_late, identity)
            if len(self._contexts) >= MAX_CONTEXTS:
                del self._contexts[next(iter(self._contexts))]
            self._contexts[identity] = context
        return context

    def identity(self, scope: Scope) -> Identity | None:
        """The certificate that a user shows. Raises MissingVariable."""
        return Identity._make(each.render(scope) for each in self._templates) if self._templates else None

    def _made_late(self, identity: Identity | None) -> ssl.SSLContext:
        try:
            return self._make(identity)
        except InvalidInput as error:
            raise Failed(INVALID_REQUEST, str(error)) from None

    def _make(self, identity: Identity | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._alpn:
            context.set_alpn_protocols(self._alpn)
        if self._options.ca is not None:
            _trust(context, self._options.ca, self._file)
        if not self._options.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if identity is not None:
            _show(context, identity)
        _restrict(context, self._options)
        return context


class TlsSessions:
    """TLS sessions of one user's latest connections, by place."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], tuple[ssl.SSLContext, ssl.SSLObject]] = {}

    def resuming(self, context: ssl.SSLContext, host: str, port: int) -> ssl.SSLContext:
        """Return a context that resumes the latest session at a place, and remembers the next."""
        return cast(ssl.SSLContext, ResumingContext(context, (host, port), self._latest))

    def forget(self) -> None:
        """Forget all sessions."""
        self._latest.clear()


class ResumingContext:
    """A context for one connection, as an event loop uses it."""

    __slots__ = ("_context", "_latest", "_place")

    def __init__(
        self,
        context: ssl.SSLContext,
        place: tuple[str, int],
        latest: dict[tuple[str, int], tuple[ssl.SSLContext, ssl.SSLObject]],
    ) -> None:
        self._context = context
        self._latest = latest
        self._place = place

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, server_side: bool, server_hostname: str | None
    ) -> ssl.SSLObject:
        """Make the TLS object of the connection."""
        context, latest = self._latest.get(self._place, (None, None))
        # Read as late as this: since TLS 1.3 servers send tickets after the handshake.
        session = latest.session if latest is not None and context is self._context else None
        tls = self._context.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        self._latest[self._place] = self._context, tls
        return tls


def handshake_counters(transport: asyncio.BaseTransport | None) -> Mapping[str, float] | None:
    """Return the counters of a connection's TLS handshake, None for one without TLS."""
    tls: Any = None if transport is None else transport.get_extra_info("ssl_object")
    return None if tls is None else RESUMED if tls.session_reused else NOT_RESUMED


def _restrict(context: ssl.SSLContext, options: TlsOptions) -> None:
    if options.tls_min_version is not None or options.tls_max_version in OLD:
        context.minimum_version = VERSIONS[options.tls_min_version or options.tls_max_version or "1.2"]
    if options.tls_max_version is not None:
        context.maximum_version = VERSIONS[options.tls_max_version]
    if options.cipher_list is not None:
        context.set_ciphers(options.cipher_list)


def _templates(options: TlsOptions, context: RunContext) -> tuple[Template, ...]:
    if options.certificate is None or options.key is None:
        return ()
    templates, problems = [], []
    for at, text in (("certificate", options.certificate), ("key", options.key)):
        try:
            templates.append(context.template(text))
        except Fault as fault:
            problems += [Problem(at, problem.text) for problem in fault.problems]
    if problems:
        raise InvalidInput(problems)
    return tuple(templates)


def _trust(context: ssl.SSLContext, ca: str, file: Callable[[str], Path]) -> None:
    """Raises InvalidInput with one text for every cause, so that it does not reveal which files exist."""
    try:
        if PEM in ca:
            # Bundles have comments, and these any letters; the ssl module takes nothing but ASCII.
            context.load_verify_locations(cadata=ca.encode("ascii", "ignore").decode())
            return
        context.load_verify_locations(cafile=file(ca))
        return
    except (OSError, ValueError, InvalidInput):
        pass
    raise InvalidInput.at("ca", "无法读取 PEM 证书", "no PEM certificate can be read there")


def _show(context: ssl.SSLContext, identity: Identity) -> None:
    """The ssl module reads certificates from files only; this one is ours alone, and gone at once."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(f"{identity.certificate}\n{identity.key}\n")
        file.flush()
        try:
            context.load_cert_chain(file.name, password=_no_password)
        except (OSError, ValueError) as error:
            cause = getattr(error, "reason", None) or type(error).__name__
            text = Text(f"无法使用客户端证书：{cause}", f"cannot be used as a client certificate: {cause}")
            raise InvalidInput([Problem("certificate", text)]) from None


def _no_password() -> str:
    """Keys with a password are refused: without this OpenSSL would ask for it at the terminal."""
    raise ValueError("the key has a password")
