"""gRPC on grpc.aio: any method of any service, without generated code.

=================  =====================================
``spec``           user options
``protocol``       the plugin
``compile``        a step to a call
``call``           the compiled step
``message``        message templates
``metadata``       metadata templates
``target``         addresses of servers
``credentials``    TLS credentials of channels
``channels``       opening channels, and their state
``routes``         channels per user, or shared by users
``schema``         methods and messages of a service
``protoc``         schema from ``.proto`` texts
``reflection``     schema from server reflection
``descriptors``    files that reflection collects
``schemas``        schemas of a run, cached
``operations``     methods for a form, with messages
``single_flight``  one task for concurrent callers
``session``        one virtual user
``reply``          status, messages and metadata
``failures``       error classes
=================  =====================================
"""

import os

# The library reads this when it is imported. Otherwise it writes a line to stderr for every connection that breaks,
# thousands where a target dies, and the report has counted them anyway.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.grpc.protocol import GrpcProtocol

__all__ = ["GrpcProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """gRPC."""
    return [GrpcProtocol]
