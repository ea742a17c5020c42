"""Nothing that a target does makes a library write to standard error."""

from __future__ import annotations

import asyncio
import gc
import ssl
from typing import Any

import pytest

from tests.protocols.http_user import http_user
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.support.certificates import Authority

WAYS: dict[str, dict[str, Any]] = {
    "version 1.1": {},
    "version 2": {"http_version": "2"},
    "libcurl": {"http_version": "auto"},
}


async def rude(peer: Peer) -> None:
    """Reply with garbage, then reset the connection."""
    await peer.some()
    await peer.send(b"\xff\xfe garbage", b"more of it")
    peer.reset()


async def hasty(peer: Peer) -> None:
    """Closes at once."""


async def gone(peer: Peer) -> None:
    await peer.some()
    peer.reset()


@pytest.mark.asyncio
@pytest.mark.parametrize("way", WAYS)
async def test_faults_of_targets_are_not_written_anywhere(
    way: str, authority: Authority, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue("127.0.0.1"))
    for script in (rude, hasty, gone):
        for server_tls, scheme in ((None, "http"), (None, "https"), (tls, "https"), (tls, "http")):
            async with ScriptedServer(script, server_tls) as server:
                url = f"{scheme}://127.0.0.1:{server.port}"
                async with http_user(url, ca=authority.ca_pem, **WAYS[way]) as user:
                    for _ in range(2):
                        assert (await user.do({"url": "/"})).failure is not None
                    user.start(user.call({"url": "/"}))
                    await asyncio.sleep(0)
                await asyncio.sleep(0.01)
    gc.collect()
    assert [record.message for record in caplog.records] == []
    assert capfd.readouterr() == ("", "")
