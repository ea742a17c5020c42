"""Every protocol that comes with perfsvc, on the rig; HTTP once for each client that there is of it."""

from __future__ import annotations

from perfsvc.plugin.testing import Rig
from tests.protocols.curl_rig import CurlRig
from tests.protocols.curl_rig import SharedCurlRig
from tests.protocols.grpc_rig import GrpcRig
from tests.protocols.http2_rig import Http2Rig
from tests.protocols.http3_rig import Http3Rig
from tests.protocols.http_rig import HttpRig
from tests.protocols.tcp_rig import TcpRig
from tests.protocols.udp_rig import UdpRig
from tests.protocols.websocket_rig import WebSocketRig

RIGS: dict[str, Rig] = {
    "grpc": GrpcRig(),
    "http": HttpRig(),
    "http2": Http2Rig(),
    "http3": Http3Rig(),
    "libcurl": CurlRig(),
    "libcurl-shared": SharedCurlRig(),
    "tcp": TcpRig(),
    "udp": UdpRig(),
    "websocket": WebSocketRig(),
}
