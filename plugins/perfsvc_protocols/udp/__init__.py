"""UDP: datagrams out and in, and which were lost, duplicated or overtaken.

============  ================================================
``spec``      user options
``protocol``  the plugin
``calls``     compiled steps: payload, sequence numbers, waits
``flight``    datagrams in flight, and jitter
``session``   one virtual user
============  ================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.udp.protocol import UdpProtocol

__all__ = ["UdpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """UDP."""
    return [UdpProtocol]
