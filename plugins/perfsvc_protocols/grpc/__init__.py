"""gRPC as a protocol plugin, on grpc.aio: any method of any service, no generated code.

=======================  =====================================================================
``spec``                 what users write
``compile``              texts to calls: ``target metadata message``
``schema``               which methods there are: ``protoc`` from texts, ``reflection`` from the server
``session``              one virtual user; ``channels`` are its own or shared
``reply failures``       what came back, and what it means when nothing did
=======================  =====================================================================
"""

import os

# The library reads this when it is imported. Otherwise it writes a line to stderr for every connection that breaks,
# thousands where a target dies, and the report has counted them anyway.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_protocols.grpc.protocol import GrpcProtocol

__all__ = ["GrpcProtocol", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """gRPC."""
    return [GrpcProtocol]
