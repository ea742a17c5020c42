"""Connections for protocols over TCP: target policy, TLS and measured phases included.

=============  =========================================================
``dial``       opening connections as sockets, protocols or streams
``race``       several addresses tried one after the other (RFC 8305)
``addresses``  the order in which the addresses of a name are tried
``names``      host names on the wire, host overrides, name lookup
``tls``        authorities, certificates, versions, resumed sessions
``proxy``      tunnels through proxies
``sources``    source addresses of users
=============  =========================================================

A protocol whose options derive from ``DialOptions`` has certificates, host overrides and source addresses like the
built-in ones.
"""

from perfsvc.plugin.net.dial import Destination
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import Dialled
from perfsvc.plugin.net.dial import DialOptions
from perfsvc.plugin.net.dial import DialState
from perfsvc.plugin.net.dial import Phases
from perfsvc.plugin.net.dial import Streams
from perfsvc.plugin.net.names import Lookup
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.names import ascii_host
from perfsvc.plugin.net.names import bare_host
from perfsvc.plugin.net.proxy import ProxyOptions
from perfsvc.plugin.net.sources import SourceOptions
from perfsvc.plugin.net.tls import CertificateOptions
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions

__all__ = [
    "CertificateOptions",
    "Destination",
    "DialOptions",
    "DialState",
    "Dialer",
    "Dialled",
    "Lookup",
    "NameOptions",
    "Phases",
    "ProxyOptions",
    "SourceOptions",
    "Streams",
    "Tls",
    "TlsOptions",
    "ascii_host",
    "bare_host",
]
