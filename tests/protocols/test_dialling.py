"""How protocols get to their targets: client certificates, source addresses, host overrides, the target policy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Protocol
from perfsvc.plugin.net.sources import Sources
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.grpc import GrpcProtocol
from perfsvc_protocols.http import HttpProtocol
from perfsvc_protocols.tcp import TcpProtocol
from perfsvc_protocols.udp import UdpProtocol
from perfsvc_protocols.websocket import WebSocketProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.protocols.udp_peers import UdpServer
from tests.protocols.udp_peers import echo
from tests.protocols.websocket_peers import WebSocketServer
from tests.support.certificates import Authority

LINE = {"type": "delimiter", "text": "\n"}
ASK = {"text": "a\n", "framing": LINE}


class Guests:
    """A script that echoes, and notes who came: the name in the client's certificate, and its address."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.addresses: list[str] = []

    async def __call__(self, peer: Peer) -> None:
        certificate: Any = peer._writer.get_extra_info("peercert")
        if certificate:
            self.names.append(dict(part[0] for part in certificate["subject"])["commonName"])
        self.addresses.append(peer._writer.get_extra_info("peername")[0])
        while data := await peer.some():
            await peer.send(data)


def strict_tls(authority: Authority) -> ssl.SSLContext:
    """A server's TLS that asks for a certificate of the same authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue("127.0.0.1"))
    tls.load_verify_locations(cadata=authority.ca_pem)
    tls.verify_mode = ssl.CERT_REQUIRED
    return tls


def pem(files: tuple[Path, Path]) -> dict[str, str]:
    certificate, key = files
    return {"certificate": certificate.read_text(), "key": key.read_text()}


def user_of(protocol: type[Protocol], base_url: str = "", vu: int = 1, **options: Any) -> User:
    return User(protocol(protocol.Options.parse(options), context(base_url)), vu)


# Client certificates


@pytest.mark.asyncio
async def test_one_certificate_for_all_users(authority: Authority):
    shown = pem(authority.issue("client.example"))
    guests = Guests()
    async with ScriptedServer(guests, strict_tls(authority)) as server:
        url = f"tls://127.0.0.1:{server.port}"
        async with user_of(TcpProtocol, url, ca=authority.ca_pem, **shown) as user:
            assert (await user.do(ASK)).failure is None
    assert guests.names == ["client.example"]


@pytest.mark.asyncio
async def test_a_certificate_from_each_users_data_row(authority: Authority):
    guests = Guests()
    options = {"ca": authority.ca_pem, "certificate": "{{certificate}}", "key": "{{key}}"}
    async with ScriptedServer(guests, strict_tls(authority)) as server:
        protocol = TcpProtocol(TcpProtocol.Options.parse(options), context(f"tls://127.0.0.1:{server.port}"))
        for name in ("one.example", "two.example", "one.example"):
            user = User(protocol)
            user.scope.variables = dict(pem(authority.issue(name)))
            assert (await user.do(ASK)).failure is None
            await user.session.close()
    assert guests.names == ["one.example", "two.example", "one.example"]


@pytest.mark.asyncio
async def test_a_row_whose_certificate_is_of_no_use_sends_nothing(authority: Authority):
    options = {"ca": authority.ca_pem, "certificate": "{{certificate}}", "key": "{{key}}"}
    async with (
        ScriptedServer(Guests(), strict_tls(authority)) as server,
        user_of(TcpProtocol, f"tls://127.0.0.1:{server.port}", **options) as user,
    ):
        outcome = await user.do(ASK)
        assert (outcome.failure, outcome.sent) == ("Missing variable: certificate", False)
        one, other = pem(authority.issue("one.example")), pem(authority.issue("two.example"))
        user.scope.variables = {**one, "key": other["key"]}
        outcome = await user.do(ASK)
        assert (outcome.failure, outcome.sent) == ("Invalid Request", False)
        assert "PRIVATE KEY" not in outcome.message
        user.scope.variables = dict(one)
        assert (await user.do(ASK)).failure is None


@pytest.mark.asyncio
async def test_websocket_and_http_show_it_too(authority: Authority):
    options = {"ca": authority.ca_pem, **pem(authority.issue("client.example"))}
    async with (
        WebSocketServer(tls=strict_tls(authority)) as server,
        user_of(WebSocketProtocol, server.url, **options) as user,
    ):
        assert (await user.do({"url": "/echo", "text": "a", "expect": {}})).body == b"a"
        certificate = server.peers[0].ws_connection.stream.socket.getpeercert()  # type: ignore[union-attr]
        assert certificate
        assert dict(part[0] for part in certificate["subject"])["commonName"] == "client.example"  # type: ignore[index]
    async with ScriptedServer(always(), strict_tls(authority)) as plain:
        url = f"https://127.0.0.1:{plain.port}"
        async with user_of(HttpProtocol, url, **options) as user:
            assert (await user.do({"url": "/"})).status == 200


@pytest.mark.asyncio
async def test_without_a_certificate_one_is_turned_away(authority: Authority):
    async with (
        ScriptedServer(Guests(), strict_tls(authority)) as server,
        user_of(TcpProtocol, f"tls://127.0.0.1:{server.port}", ca=authority.ca_pem) as user,
    ):
        outcome = await user.do(ASK)
        assert outcome.failure is not None
        assert outcome.failure.startswith(("TLS Error: ", "Connection Error: "))


@pytest.mark.parametrize("protocol", [HttpProtocol, TcpProtocol, WebSocketProtocol])
def test_what_is_wrong_with_a_certificate_is_reported_before_the_run(protocol: type[Protocol], authority: Authority):
    one, other = pem(authority.issue("one.example")), pem(authority.issue("two.example"))
    for options, path in (
        ({"certificate": one["certificate"]}, "certificate"),
        ({**one, "key": "no key"}, "key"),
        ({**one, "key": other["key"]}, "certificate"),
        ({**one, "key": "-----BEGIN nonsense"}, "certificate"),
        ({**one, "key": "{{$nonsense}}"}, "key"),
    ):
        with pytest.raises(InvalidInput) as raised:
            user_of(protocol, **options)
        assert [problem.path for problem in raised.value.problems] == [path]
        assert all(problem.text.zh and problem.text.en for problem in raised.value.problems)


def test_keys_are_not_shown(authority: Authority):
    shown = pem(authority.issue("one.example"))
    assert shown["key"].splitlines()[1] not in repr(TcpProtocol.Options.parse(shown))


# Source addresses


def test_users_are_spread_over_the_source_addresses():
    sources = Sources(["127.0.1.0/30", "127.0.0.9", "::1"])
    assert [sources.of(vu, 2) for vu in range(6)] == [
        "127.0.1.1",
        "127.0.1.2",
        "127.0.0.9",
        "127.0.1.1",
        "127.0.1.2",
        "127.0.0.9",
    ]
    assert [sources.of(vu, 10) for vu in range(2)] == ["::1", "::1"]
    assert Sources([]).of(1, 2) is None
    assert Sources(["2001:db8::/32"]).of(5, 10) == "2001:db8::5"


@pytest.mark.asyncio
async def test_connections_come_from_them():
    guests = Guests()
    async with ScriptedServer(guests) as server:
        for vu in range(4):
            url = f"tcp://127.0.0.1:{server.port}"
            async with user_of(TcpProtocol, url, vu, source_addresses=["127.0.1.0/30"]) as user:
                assert (await user.do(ASK)).failure is None
    assert guests.addresses == ["127.0.1.1", "127.0.1.2", "127.0.1.1", "127.0.1.2"]


@pytest.mark.asyncio
async def test_datagrams_and_websockets_come_from_them():
    options = {"source_addresses": ["127.0.0.7"]}
    async with UdpServer(echo) as server, user_of(UdpProtocol, server.url, **options) as user:
        assert (await user.do({"text": "a"})).failure is None
        assert [address for address, _ in server.clients] == ["127.0.0.7"]
    async with WebSocketServer() as web, user_of(WebSocketProtocol, web.url, **options) as user:
        assert (await user.do({"url": "/echo"})).failure is None
        assert web.peers[0].request.remote_ip == "127.0.0.7"


@pytest.mark.asyncio
@pytest.mark.parametrize("source", ["::1", "203.0.113.1"], ids=["of another kind", "not of this machine"])
async def test_a_source_address_that_cannot_be_used(source: str):
    async with ScriptedServer(Guests()) as server:
        url = f"127.0.0.1:{server.port}"
        for protocol, base in ((TcpProtocol, f"tcp://{url}"), (UdpProtocol, f"udp://{url}")):
            async with user_of(protocol, base, source_addresses=[source]) as user:
                outcome = await user.do(ASK if protocol is TcpProtocol else {"text": "a"})
                assert (outcome.failure, outcome.sent) == ("Connection Error: no such source address", False)


# Host overrides

ANSWERS: dict[type[Protocol], Callable[[int], tuple[str, dict[str, Any]]]] = {
    TcpProtocol: lambda port: (f"tcp://shop.test:{port}", ASK),
    HttpProtocol: lambda port: (f"http://Shop.test:{port}", {"url": "/"}),
}


async def either(peer: Peer) -> None:
    """Reply to HTTP and to lines."""
    while data := await peer.some():
        await peer.send(b"HTTP/1.1 204 No Content\r\n\r\n" if data.startswith(b"GET ") else data)


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", ANSWERS)
async def test_a_name_leads_where_the_plan_says(protocol: type[Protocol]):
    async with ScriptedServer(either) as server:
        url, request = ANSWERS[protocol](server.port)
        resolve = {f"shop.test:{server.port}": "127.0.0.1", "shop.test:1": "127.0.0.9"}
        async with user_of(protocol, url, resolve=resolve) as user:
            assert (await user.do(request)).failure is None


@pytest.mark.asyncio
async def test_names_of_grpc_and_udp_too():
    async with served(DemoServicer(), "v1") as port:
        options = {"protos": PROTOS, "resolve": {f"shop.test:{port}": "127.0.0.1"}}
        async with user_of(GrpcProtocol, f"grpc://shop.test:{port}", **options) as user:
            said = await user.do({"method": "demo.Desk/Say", "message": {"text": "hello"}})
            assert (said.failure, said.status) == (None, 0)
    async with UdpServer(echo) as server:
        resolve = {f"shop.test:{server.port}": "127.0.0.1"}
        async with user_of(UdpProtocol, f"udp://shop.test:{server.port}", resolve=resolve) as user:
            assert (await user.do({"text": "a"})).failure is None


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", ANSWERS)
async def test_no_override_leads_to_a_target_that_is_denied(protocol: type[Protocol]):
    resolver = Resolver(TargetPolicy(deny=["127.0.0.0/8"]))
    async with ScriptedServer(either) as server:
        url, request = ANSWERS[protocol](server.port)
        run = context(url)._replace(resolve=resolver.resolve)
        options = protocol.Options.parse({"resolve": {f"shop.test:{server.port}": "127.0.0.1"}})
        async with User(protocol(options, run)) as user:
            outcome = await user.do(request)
        assert (outcome.failure, outcome.sent) == ("Target Denied", False)
        assert server.connections == 0


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"resolve": {"shop.test": "127.0.0.1"}}, "resolve.shop.test"),
        ({"resolve": {"shop.test:80": "127.0.0.1/x"}}, "resolve.shop.test:80"),
        ({"source_addresses": ["127.0.0.1", "here"]}, "source_addresses.1"),
    ],
)
def test_what_leads_nowhere_is_reported(options: dict[str, Any], path: str):
    with pytest.raises(InvalidInput) as raised:
        UdpProtocol.Options.parse(options)
    assert [problem.path for problem in raised.value.problems] == [path]


@pytest.mark.asyncio
async def test_a_server_that_hangs_up_during_the_handshake():
    async def rude(peer: Peer) -> None:
        await peer.some()

    async with ScriptedServer(rude) as server, user_of(TcpProtocol, f"tls://127.0.0.1:{server.port}") as user:
        outcome = await user.do(ASK)
        assert (outcome.failure, outcome.sent) == ("TLS Error: connection closed", False)


@pytest.mark.asyncio
async def test_a_connection_given_up_while_it_is_opened_is_closed():
    async with ScriptedServer(Guests()) as server, user_of(TcpProtocol, f"tls://127.0.0.1:{server.port}") as user:
        user.start(user.call(ASK))
        async with asyncio.timeout(60):
            while not server.connections:
                await asyncio.sleep(0.001)
        user.session.abort("Timeout")
        await server.gone(1)
