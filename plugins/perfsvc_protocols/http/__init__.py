"""HTTP by a client of our own on asyncio, made for load generation; the rest by libcurl.

The words are those of RFC 9110, 9112 and 9113.

====================  ===============================================================================
``spec``              user options
``protocol``          the plugin, and which transport a run takes
``signing``           signatures over the request as it is sent
``compile``           a step to a call: templates compiled, headers merged, problems with their paths
``call``              the compiled step, and which parts of a reply it needs
``request_template``  a request before rendering
``body``              request bodies: JSON, form, multipart, raw
``rendered_request``  a request as bytes, and redirects
``user``              base class of sessions: cookies, redirects, one request at a time
``pooled_user``       session with a connection per origin
``session``           HTTP/1.1 session
``base_connection``   base class of connections
``connection``        HTTP/1.1 connection
``event_stream``      events of a reply that is listened to
``listening_user``    sessions that listen
``listener``          callbacks from a connection to its user
``reply``             reply: head, body, excerpt
``head``              fields of a head, found in its bytes
``lenient``           heads that strict parsers refuse
``h2``                HTTP/2
``curl``              HTTP/3, proxies, digest authentication, shared connections
====================  ===============================================================================
"""

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.http.protocol import HttpProtocol

__all__ = ["HttpProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """HTTP."""
    return [HttpProtocol]
