"""Certificates of an environment, for connections over TLS."""

from __future__ import annotations

from pydantic import model_validator

from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault

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

    @model_validator(mode="after")
    def _pair(self) -> Certificates:
        if (self.certificate is None) != (self.key is None):
            raise Fault("certificate 与 key 必须同时填写", "certificate and key come together", "certificate")
        return self


NO_CERTIFICATES = Certificates()
