"""HTTP/1.1 as a protocol plugin: its own client on asyncio and httptools, made for sending load.

====================  =================================================================
``spec``              what users write
``compile`` …         texts to bytes: ``body recipe message``
``session``           one virtual user: connections, cookies, redirects
``connection``        carrying requests over a connection
``reply head coding`` what came back
====================  =================================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.http.protocol import HttpProtocol

__all__ = ["HttpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """HTTP."""
    return [HttpProtocol]
