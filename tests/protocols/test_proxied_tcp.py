"""TCP by way of proxies: the tunnel is asked for the address that was allowed, and TLS is the target's."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.plugin import InvalidInput
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.tcp import TcpProtocol
from tests.protocols.proxies import Proxy
from tests.protocols.proxies import Socks
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.support.certificates import Authority

ASK = {"text": "a\n", "framing": {"type": "delimiter", "text": "\n"}}


async def echo(peer: Peer) -> None:
    while data := await peer.some():
        await peer.send(data)


def user_of(url: str, **options: Any) -> User:
    return User(TcpProtocol(TcpProtocol.Options.parse(options), context(url)))


@pytest.mark.asyncio
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_tunnel(kind: str, secure: bool, authority: Authority):
    tls = None
    if secure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*authority.issue("shop.test"))
    async with ScriptedServer(echo, tls) as server, Socks() if kind == "socks5" else Proxy() as proxy:
        options = {
            "proxy": {"url": f"{kind}://127.0.0.1:{proxy.port}"},
            "resolve": {f"shop.test:{server.port}": "127.0.0.1"},
            "ca": authority.ca_pem,
        }
        async with user_of(f"{'tls' if secure else 'tcp'}://shop.test:{server.port}", **options) as user:
            for _ in range(2):
                outcome = await user.do(ASK)
                assert outcome.failure is None, outcome.message
        assert len(proxy.asked) == server.connections == 1
        assert f"127.0.0.1:{server.port}" in proxy.asked[0]


@pytest.mark.asyncio
async def test_credentials_and_a_refusal():
    async with ScriptedServer(echo) as server, Proxy(credentials=b"Proxy-Authorization: Basic bWU6c2VjcmV0") as proxy:
        url, place = f"tcp://127.0.0.1:{server.port}", f"http://127.0.0.1:{proxy.port}"
        own = {"url": place, "username": "{{name}}", "password": "secret"}
        async with user_of(url, proxy=own) as user:
            user.scope.variables["name"] = "me"
            outcome = await user.do(ASK)
            assert outcome.failure is None, outcome.message
        async with user_of(url, proxy={"url": place}) as user:
            outcome = await user.do(ASK)
            assert (outcome.failure, outcome.sent) == ("Proxy Error: 407", False)
        assert server.connections == 1


@pytest.mark.asyncio
async def test_a_proxy_that_is_not_there(unused_port: int):
    proxy = {"url": f"http://127.0.0.1:{unused_port}"}
    async with user_of("tcp://127.0.0.1:9", proxy=proxy) as user:
        outcome = await user.do(ASK)
        assert (outcome.failure, outcome.sent) == ("Connection Error: refused", False)


@pytest.mark.asyncio
async def test_a_target_behind_a_proxy_must_be_allowed():
    async with Proxy() as proxy:
        run = context("tcp://127.0.0.9:9")._replace(resolve=Resolver(TargetPolicy(deny=["127.0.0.9"])).resolve)
        options = TcpProtocol.Options.parse({"proxy": {"url": f"http://127.0.0.1:{proxy.port}"}})
        async with User(TcpProtocol(options, run)) as user:
            outcome = await user.do(ASK)
            assert (outcome.failure, outcome.sent) == ("Target Denied", False)
        assert proxy.asked == []


def test_tcp_has_no_proxies_over_tls():
    with pytest.raises(InvalidInput) as raised:
        TcpProtocol.Options.parse({"proxy": {"url": "https://127.0.0.1:1"}})
    assert [problem.path for problem in raised.value.problems] == ["proxy.url"]
