"""Certificates of an environment, for connections over TLS."""

from __future__ import annotations

from perfsvc.model.base import Spec
from perfsvc.model.base import titled

MAX_BUNDLE = 500_000
MAX_CHAIN = 50_000
MAX_KEY = 20_000


class Certificates(Spec):
    """Certificates for protocols whose options name none: trusted authorities, and what the client presents."""

    ca: str | None = titled(
        "CA 证书（PEM 文本）",
        "CA certificates, PEM text",
        default=None,
        max_length=MAX_BUNDLE,
        examples=["-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----"],
    )
    certificate: str | None = titled(
        "客户端证书（PEM 文本）",
        "Client certificate, PEM text",
        default=None,
        max_length=MAX_CHAIN,
        examples=["-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----"],
    )
    key: str | None = titled(
        "客户端私钥（PEM 文本）",
        "Client key, PEM text",
        default=None,
        password=True,
        max_length=MAX_KEY,
        repr=False,
        examples=["-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END PRIVATE KEY-----"],
    )


NO_CERTIFICATES = Certificates()
