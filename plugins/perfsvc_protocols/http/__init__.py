"""HTTP as a protocol plugin: its own client on asyncio, made for sending load.

====================  =================================================================
``spec``              what users write
``compile`` …         texts to bytes: ``body recipe message``
``user connected``    one virtual user: cookies and redirects, and its connections
``session``           the same as a client of HTTP/1.1
``connection``        carrying requests over a connection that speaks it
``h2``                HTTP/2
``curl``              what libcurl does
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
