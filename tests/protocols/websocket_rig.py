"""WebSocket for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc_protocols.websocket import WebSocketProtocol
from tests.protocols.websocket_peers import Babbling
from tests.protocols.websocket_peers import Dying
from tests.protocols.websocket_peers import Echo
from tests.protocols.websocket_peers import Silent
from tests.protocols.websocket_peers import WebSocketServer

FIRST = {
    Behaviour.GOOD: Echo,
    Behaviour.SILENT: Silent,
    Behaviour.DIES: Dying,
    Behaviour.GARBAGE: Babbling,
}


class WebSocketRig(Rig):
    protocol = WebSocketProtocol
    request: ClassVar[dict[str, Any]] = {"url": "/first", "text": "hello", "expect": {}}
    unsendable: ClassVar[dict[str, Any]] = {"url": "/first", "text": "{{nobody}}"}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"url": 5}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "/{{$nonsense}}"}, "url"),
        ({"text": "{{$nonsense}}"}, "text"),
        ({"base64": "***"}, "base64"),
        ({"text": "a", "json": {}}, "json"),
        ({"json": {"a": ["{{$nonsense}}"]}}, "json.a[0]"),
        ({"expect": {"regex": "("}}, "expect.regex"),
        ({"expect": {"contains": "{{$nonsense}}"}}, "expect.contains"),
        ({"expect": {"json": {"path": "$.a", "equals": {"b": "{{$nonsense}}"}}}}, "expect.json.equals.b"),
        ({"actions": [{"expect": {"json": {"path": "$["}}}]}, "actions[0].expect.json.path"),
        ({"actions": [{"ping": True}], "text": "a"}, "actions"),
        ({"close": {"code": 1006}}, "close.code"),
        ({"headers": {"A B": "c"}}, "headers.A B"),
        ({"headers": {"Upgrade": "c"}}, "headers.Upgrade"),
        ({"headers": {"X": "a\r\nb"}}, "headers.X"),
        ({"subprotocols": ["a b"]}, "subprotocols"),
        ({"hold": 0}, "hold"),
        ({"tekst": "a"}, "tekst"),
    ]

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async with WebSocketServer(FIRST[behaviour]) as server:
            yield server.url

    def url(self, host: str, port: int) -> str:
        return f"ws://{host}:{port}"

    def secure_url(self, host: str, port: int) -> str:
        return f"wss://{host}:{port}"
