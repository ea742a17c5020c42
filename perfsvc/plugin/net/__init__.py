"""Connections for protocols over TCP: target policy, TLS and measured phases included.

===========  ===================================================
``dial``     opening connections as sockets, protocols or streams
``tls``      trusted authorities and client certificates
``names``    host overrides and name lookup
``sources``  source addresses of users
===========  ===================================================

A protocol whose options derive from ``DialOptions`` has certificates, host overrides and source addresses like the
built-in ones.
"""

from perfsvc.plugin.net.dial import Destination
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import Dialled
from perfsvc.plugin.net.dial import DialOptions
from perfsvc.plugin.net.dial import Phases
from perfsvc.plugin.net.dial import Streams
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.sources import SourceOptions
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions

__all__ = [
    "Destination",
    "DialOptions",
    "Dialer",
    "Dialled",
    "NameOptions",
    "Phases",
    "SourceOptions",
    "Streams",
    "Tls",
    "TlsOptions",
]
