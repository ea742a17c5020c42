"""TCP as a protocol plugin: payloads out, framed messages in.

==============  =====================================================
``spec``        what users write
``connection``  one connection, and where messages end in what comes
``session``     one virtual user: its connection, one request at a time
``protocol``    steps compiled
==============  =====================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.tcp.protocol import TcpProtocol

__all__ = ["TcpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """TCP."""
    return [TcpProtocol]
