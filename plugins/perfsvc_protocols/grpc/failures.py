"""Error classes for calls without a status from the server.

The library reports failures of its own with the codes that servers use. Only the wording distinguishes them, so it is
examined once per failed call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import grpc.aio

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import failures
from perfsvc.plugin.failures import CLOSED_EARLY
from perfsvc.plugin.failures import OTHER
from perfsvc.plugin.failures import PROTOCOL
from perfsvc.plugin.failures import RESET

SCHEMA = "Schema Error"

OTHER_HOST = "call host does not match SSL server name"
NOT_CONNECTED = "failed to connect to all addresses"
BROKEN = ("Stream removed", "Socket closed", "GOAWAY received", "recvmsg:", "sendmsg:", "keepalive watchdog timeout")
BREAKING = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL})
ONE_STREAM = "RST_STREAM"
OUT_OF_TIME = ("Deadline Exceeded", "Stream removed (Deadline Exceeded)")

CAUSES: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), error_class)
    for pattern, error_class in [
        ("connection refused", "Connection Error: refused"),
        ("wrong_version_number", "TLS Error: wrong version number"),
        ("hostname|peer name", "TLS Error: hostname mismatch"),
        ("certificate.*(verif|signature|expired)|verif.*certificate", "TLS Error: certificate not accepted"),
        ("ssl|tls|tsi|handshak", "TLS Error: handshake failed"),
        ("failed parsing http/2|END_STREAM|expected settings|http1|decompress|invalid compressed", PROTOCOL),
        ("unreachable|no route", "Connection Error: unreachable"),
        ("too many open files", "Connection Error: too many open files"),
        ("cannot assign requested address", "Connection Error: no local port"),
        ("connection reset|broken pipe|RST_STREAM", RESET),
        ("socket closed|goaway|end of file|EOF", CLOSED_EARLY),
        ("timed? ?out", TIMEOUT),
    ]
]


class Failed(failures.Failed):
    """No usable reply; ``error_class`` is what the report counts it under.

    ``broken``: the connection is lost with it, though the library may report otherwise for a while.
    """

    def __init__(self, error_class: str, message: str, sent: bool = False, broken: bool = False) -> None:
        super().__init__(error_class, message)
        self.sent = sent
        self.broken = broken


def of(error: grpc.aio.AioRpcError) -> Failed | None:
    """Return the library's own failure, or None if the status is the server's."""
    details = error.details() or ""
    if error.trailing_metadata():
        return None
    if error.code() is grpc.StatusCode.UNAUTHENTICATED and details.startswith(OTHER_HOST):
        return Failed("TLS Error: hostname mismatch", details)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and details in OUT_OF_TIME:
        return Failed(TIMEOUT, details, sent=True)
    if details.startswith(NOT_CONNECTED):
        return Failed(_cause(details), details)
    if error.code() in BREAKING and details.startswith(BROKEN):
        return Failed(_cause(details), details, sent=True, broken=ONE_STREAM not in details)
    return None


def _cause(details: str) -> str:
    return next((error_class for pattern, error_class in CAUSES if pattern.search(details)), OTHER)
