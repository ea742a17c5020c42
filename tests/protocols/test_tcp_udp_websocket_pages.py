"""The plans on the pages of WebSocket, TCP and UDP, run by the command against real servers."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from contextlib import asynccontextmanager
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfsvc.cli.commands import main
from perfsvc.plugin import Protocol
from perfsvc_protocols.tcp import TcpProtocol
from perfsvc_protocols.tcp.framing import LengthFraming
from perfsvc_protocols.udp import UdpProtocol
from perfsvc_protocols.udp.spec import Field
from perfsvc_protocols.udp.spec import Sequence
from perfsvc_protocols.websocket import WebSocketProtocol
from perfsvc_protocols.websocket.spec import Close
from perfsvc_protocols.websocket.spec import Expect
from perfsvc_protocols.websocket.spec import JsonMatch
from tests.protocols.servers import ScriptedServer
from tests.protocols.tcp_rig import echoing
from tests.protocols.udp_peers import UdpServer
from tests.protocols.udp_peers import echo
from tests.protocols.websocket_peers import WebSocketServer
from tests.support.outcomes import assert_passed

DOCS = Path(__file__).parents[2] / "docs" / "protocols"
PLAN = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


@asynccontextmanager
async def websocket() -> AsyncIterator[int]:
    async with WebSocketServer() as server:
        yield server.port


@asynccontextmanager
async def tcp() -> AsyncIterator[int]:
    async with ScriptedServer(echoing) as server:
        yield server.port


@asynccontextmanager
async def udp() -> AsyncIterator[int]:
    async with UdpServer(echo) as server:
        yield server.port


@contextmanager
def running(peer: Callable[[], AbstractAsyncContextManager[int]]) -> Iterator[int]:
    """A peer in a thread of its own; gives its port."""
    ready, ports, stops = threading.Event(), [], []

    async def serve() -> None:
        async with peer() as port:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            stops.append(lambda: loop.call_soon_threadsafe(stop.set))
            ports.append(port)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield ports[0]
    stops[0]()
    thread.join(20)


NESTED = {"websocket": (Expect, JsonMatch, Close), "tcp": (LengthFraming,), "udp": (Sequence, Field)}


@pytest.mark.parametrize("suffix", ["", ".zh-CN"])
@pytest.mark.parametrize("protocol", [WebSocketProtocol, TcpProtocol, UdpProtocol])
def test_every_field_is_named(protocol: type[Protocol], suffix: str):
    text = (DOCS / f"{protocol.name}{suffix}.md").read_text("utf-8")
    specs = (protocol.Request, protocol.Options, *NESTED[protocol.name])
    names = {field.alias or name for spec in specs for name, field in spec.model_fields.items()}
    assert {name for name in names - {"type"} if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("protocol", [WebSocketProtocol, TcpProtocol, UdpProtocol])
def test_both_languages_have_the_same_outline(protocol: type[Protocol]):
    pages = [(DOCS / f"{protocol.name}{suffix}.md").read_text("utf-8") for suffix in ("", ".zh-CN")]
    outlines = [re.findall(r"^(#+|\|)", page, re.MULTILINE) for page in pages]
    assert outlines[0] == outlines[1]


@pytest.mark.parametrize("peer", [websocket, tcp, udp], ids=lambda peer: peer.__name__)
def test_the_plan_runs(peer: Callable[[], AbstractAsyncContextManager[int]], tmp_path: Path):
    english, chinese = (
        PLAN.findall((DOCS / f"{peer.__name__}{suffix}.md").read_text("utf-8")) for suffix in ("", ".zh-CN")
    )
    assert english == chinese
    assert len(english) == 1
    with running(peer) as port:
        (tmp_path / "plan.yaml").write_text(english[0].replace("127.0.0.1:8080", f"127.0.0.1:{port}"), "utf-8")
        report = tmp_path / "report.json"
        code = main(["run", str(tmp_path / "plan.yaml"), "--quiet", "--json", str(report)])
    found = json.loads(report.read_text("utf-8"))
    assert_passed(code, found)
    assert found["summary"]["total_requests"] > 0
    assert (found["summary"]["error_count"], found["summary"]["checks_failed"]) == (0, 0)
    counters = {name for step in found["steps"] for name in step["counters"]}
    own = {"websocket": "messages_sent", "udp": "datagrams_sent"}.get(peer.__name__)
    assert own is None or own in counters
