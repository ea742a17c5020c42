"""WebSocket as a protocol plugin: one session is one connection, carried by picows.

===============  =======================================================
``spec``         what users write
``script``       the actions of a step, compiled
``session``      one virtual user: its connection, one request at a time
``connection``   opening a connection, and messages in and out
``reply``        what came back, and what was counted
===============  =======================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.websocket.protocol import WebSocketProtocol

__all__ = ["WebSocketProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """WebSocket."""
    return [WebSocketProtocol]
