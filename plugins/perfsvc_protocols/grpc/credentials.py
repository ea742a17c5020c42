"""TLS credentials of channels. The library always verifies: without verification it trusts what the server shows."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any
from typing import NamedTuple

import grpc
from cryptography import x509

from perfsvc.plugin import failures
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.spec import Tls
from perfsvc_protocols.grpc.target import Target


class Trust(NamedTuple):
    """Credentials for a channel, and the name that the server's certificate must have."""

    credentials: grpc.ChannelCredentials
    name: str


class Credentials:
    """Makes the credentials of a run's channels."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        texts = (tls.ca, tls.key, tls.certificate)
        self._pem = [None if text is None else text.encode() for text in texts]
        self._usual = grpc.ssl_channel_credentials(*self._pem)

    async def of(self, target: Target, address: tuple[Any, ...]) -> Trust:
        """Return what a channel to an address trusts. Raises Failed."""
        if self._tls.verify:
            return Trust(self._usual, self._tls.server_name or target.host)
        shown = await self._shown(target, address)
        name = self._tls.server_name or name_of(shown) or target.host
        pem = ssl.DER_cert_to_PEM_cert(shown).encode()
        return Trust(grpc.ssl_channel_credentials(pem, *self._pem[1:]), name)

    async def _shown(self, target: Target, address: tuple[Any, ...]) -> bytes:
        """The certificate that a server shows, DER. Raises Failed."""
        try:
            _, writer = await asyncio.open_connection(*address[:2], ssl=self._unverified(), server_hostname=target.host)
        except OSError as error:
            raise Failed(failures.broken(error), str(error)) from None
        found: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        if found is None:
            raise Failed("TLS Error: no certificate", "the server shows no certificate")
        return found

    def _unverified(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        return context


def name_of(der: bytes) -> str | None:
    """Return a name that a certificate is valid for, or None."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    found = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return found[0].replace("*", "any", 1) if found else None
