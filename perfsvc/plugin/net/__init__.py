"""From a URL to a connection, for protocols that speak over TCP: the target policy, TLS and time measured included.

===========  ================================================================
``dial``     a run's connections: as sockets, as protocols, as streams
``tls``      whom a client trusts, and the certificate it shows
``names``    where names lead
``sources``  where users come from
===========  ================================================================

A protocol that takes ``DialOptions`` into its own options gives its users certificates, host overrides and source
addresses like those of the built-in ones.
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
