"""Every protocol that comes with perfsvc, on the bench; HTTP once for each client that there is of it."""

from __future__ import annotations

from perfsvc.plugin.testing import Bench
from tests.protocols.curl_rig import CurlBench
from tests.protocols.curl_rig import SharedCurlBench
from tests.protocols.grpc_rig import GrpcBench
from tests.protocols.http2_rig import Http2Bench
from tests.protocols.http3_rig import Http3Bench
from tests.protocols.http_rig import HttpBench
from tests.protocols.tcp_rig import TcpBench
from tests.protocols.udp_rig import UdpBench
from tests.protocols.websocket_rig import WebSocketBench

BENCHES: dict[str, Bench] = {
    "grpc": GrpcBench(),
    "http": HttpBench(),
    "http2": Http2Bench(),
    "http3": Http3Bench(),
    "libcurl": CurlBench(),
    "libcurl-shared": SharedCurlBench(),
    "tcp": TcpBench(),
    "udp": UdpBench(),
    "websocket": WebSocketBench(),
}
