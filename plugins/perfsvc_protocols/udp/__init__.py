"""UDP as a protocol plugin: datagrams out and in, and what became of each.

==============  ==============================================================
``spec``        what users write
``flight``      datagrams under way: lost, doubled, overtaken, and their jitter
``session``     one virtual user: its sockets, one request at a time
``protocol``    steps compiled
==============  ==============================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.udp.protocol import UdpProtocol

__all__ = ["UdpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """UDP."""
    return [UdpProtocol]
