"""gRPC over TLS, with and without a certificate of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.grpc import GrpcProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.support.certificates import Authority

SAY = {"method": "demo.Desk/Say", "message": {"text": "hello"}}


@asynccontextmanager
async def secured(
    authority: Authority, tls: dict[str, Any], *, host: str = "127.0.0.1", expired: bool = False, mutual: bool = False
) -> AsyncIterator[User]:
    """A user with these options at a server whose certificate is for a host."""
    certificate, key = (path.read_bytes() for path in authority.issue(host, expired=expired))
    ca = authority.ca_pem.encode()
    credentials = grpc.ssl_server_credentials([(key, certificate)], ca if mutual else None, mutual)
    async with served(DemoServicer(), credentials=credentials) as port:
        options = GrpcProtocol.Options.parse({"protos": PROTOS, "tls": tls})
        async with User(GrpcProtocol(options, context(f"grpcs://127.0.0.1:{port}"))) as user:
            yield user


def client(authority: Authority) -> dict[str, str]:
    certificate, key = authority.issue("client.example")
    return {"certificate": certificate.read_text(), "key": key.read_text()}


@pytest.mark.asyncio
async def test_tls(authority: Authority):
    async with secured(authority, {"ca": authority.ca_pem}) as user:
        first, second = await user.do(SAY), await user.do(SAY)
        assert [first.failure, second.failure] == [None, None]
        assert first.connected is not None
        assert second.connected is None


@pytest.mark.asyncio
async def test_mutual_tls(authority: Authority):
    tls = {"ca": authority.ca_pem, **client(authority)}
    async with secured(authority, tls, mutual=True) as user:
        assert (await user.do(SAY)).failure is None


@pytest.mark.asyncio
async def test_no_client_certificate_where_one_is_asked_for(authority: Authority):
    async with secured(authority, {"ca": authority.ca_pem}, mutual=True) as user:
        for _ in range(2):
            outcome = await user.do(SAY)
            assert outcome.failure is not None
            assert outcome.failure.startswith(("TLS Error: ", "Connection Error: ")), outcome.message


@pytest.mark.asyncio
async def test_a_certificate_for_somebody_else(authority: Authority):
    async with secured(authority, {"ca": authority.ca_pem}, host="other.example") as user:
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.sent) == ("TLS Error: hostname mismatch", False), outcome.message


@pytest.mark.asyncio
async def test_a_certificate_for_the_name_that_is_expected(authority: Authority):
    tls = {"ca": authority.ca_pem, "server_name": "other.example"}
    async with secured(authority, tls, host="other.example") as user:
        assert (await user.do(SAY)).failure is None


@pytest.mark.asyncio
@pytest.mark.parametrize(("expired", "known"), [(True, True), (False, False)])
async def test_a_certificate_that_is_not_accepted(authority: Authority, tmp_path: Path, expired: bool, known: bool):
    ca = authority.ca_pem if known else Authority(tmp_path).ca_pem
    async with secured(authority, {"ca": ca}, expired=expired) as user:
        outcome = await user.do(SAY)
        assert (outcome.failure, outcome.sent) == ("TLS Error: certificate not accepted", False), outcome.message


@pytest.mark.asyncio
async def test_tls_to_a_server_that_does_not_speak_it():
    async with served(DemoServicer()) as port:
        options = GrpcProtocol.Options.parse({"protos": PROTOS})
        async with User(GrpcProtocol(options, context(f"grpcs://127.0.0.1:{port}"))) as user:
            outcome = await user.do(SAY)
            assert outcome.failure == "TLS Error: wrong version number", outcome.message


@pytest.mark.parametrize(
    ("tls", "path"),
    [
        ({"ca": "nothing"}, "tls.ca"),
        ({"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, "tls.ca"),
        ({"certificate": "nothing", "key": "-----BEGIN"}, "tls.certificate"),
        ({"certificate": "-----BEGIN"}, "tls.certificate"),
    ],
)
def test_texts_that_are_no_pem(tls: dict[str, str], path: str):
    with pytest.raises(InvalidInput) as raised:
        GrpcProtocol.Options.parse({"tls": tls})
    assert [problem.path for problem in raised.value.problems] == [path]
