"""TCP: payloads out, framed messages in.

==============  =============================================
``spec``        user options
``framing``     where a message ends
``protocol``    the plugin, and steps to calls
``connection``  a connection, and messages cut from its bytes
``session``     one virtual user
==============  =============================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.tcp.protocol import TcpProtocol

__all__ = ["TcpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """TCP."""
    return [TcpProtocol]
