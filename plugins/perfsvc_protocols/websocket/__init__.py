"""WebSocket: one session is one connection, carried by picows.

==============  ======================================================
``spec``        user options
``protocol``    the plugin, and steps to calls
``script``      actions of a step, compiled to operations
``predicate``   which messages an ``expect`` waits for
``address``     WebSocket URLs
``opening``     opening a connection: dialling, TLS, upgrade
``upgrade``     reply to the HTTP upgrade
``compression`` permessage-deflate
``connection``  messages in and out
``session``     one virtual user: operations in turn
``counts``      counters of a session
``reply``       the last message, the status and the upgrade's headers
==============  ======================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.websocket.protocol import WebSocketProtocol

__all__ = ["WebSocketProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """WebSocket."""
    return [WebSocketProtocol]
