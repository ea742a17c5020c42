"""libcurl's errors as the error classes that other protocols use too."""

from __future__ import annotations

import re

import pycurl

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import failures
from perfsvc_protocols.http.user import STREAM_RESET

# Numbers of libcurl that pycurl has no names for.
WEIRD_REPLY, HTTP2_STREAM, HTTP3, QUIC_CONNECT, PROXY_HANDSHAKE = 8, 92, 95, 96, 97

BY_CODE = {
    pycurl.E_COULDNT_RESOLVE_PROXY: failures.DNS,
    pycurl.E_COULDNT_RESOLVE_HOST: failures.DNS,
    pycurl.E_COULDNT_CONNECT: "Connection Error: refused",
    pycurl.E_OPERATION_TIMEDOUT: TIMEOUT,
    pycurl.E_GOT_NOTHING: failures.CLOSED_EARLY,
    pycurl.E_PARTIAL_FILE: failures.CLOSED_EARLY,
    pycurl.E_SEND_ERROR: failures.RESET,
    pycurl.E_RECV_ERROR: failures.RESET,
    pycurl.E_SEND_FAIL_REWIND: failures.RESET,
    HTTP2_STREAM: STREAM_RESET,
    pycurl.E_HTTP2: failures.PROTOCOL,
    HTTP3: failures.PROTOCOL,
    WEIRD_REPLY: failures.PROTOCOL,
    pycurl.E_BAD_CONTENT_ENCODING: failures.PROTOCOL,
    pycurl.E_UNSUPPORTED_PROTOCOL: failures.PROTOCOL,
    pycurl.E_FILESIZE_EXCEEDED: failures.TOO_LARGE,
    pycurl.E_INTERFACE_FAILED: failures.SOURCE,
    PROXY_HANDSHAKE: failures.PROXY,
    pycurl.E_SSL_CERTPROBLEM: "TLS Error: client certificate",
}
UNREACHED = (pycurl.E_COULDNT_CONNECT, pycurl.E_SEND_ERROR, QUIC_CONNECT)
TLS = (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, QUIC_CONNECT)
VERIFICATION = re.compile(r"(?:certificate problem|verification failed|verify result): ([^(]+)")
OPENSSL = re.compile(r"error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)")
MISMATCH = re.compile(r"no alternative certificate subject name|subject name .* does not match|does not match target")
CHUNKS = re.compile(r"chunk hex-length|invalid chunk size|chunked-encoding|Malformed encoding")
HUNG_UP = "unexpected eof while reading"
OURS = "ERR_CLOSING"
"""libcurl's message for a QUIC connection that it closes itself after a protocol error."""
TUNNEL = re.compile(r"CONNECT tunnel failed, response (\d+)")


def unreached(code: int, message: str) -> bool:
    """Whether no connection was made, so that another address may be tried."""
    return code in UNREACHED and message.startswith("Failed to connect")


def class_of(code: int, message: str, errno: int, *, secure: bool, sent: bool) -> str:
    """The error class of a request that libcurl gave up; ``errno`` is that of its last system call, or 0.

    ``sent``: whether anything of the request left. Where versions of HTTP race, a handshake that fails has the code of
    sending.
    """
    if unreached(code, message):
        return failures.BY_ERRNO.get(errno, BY_CODE[pycurl.E_COULDNT_CONNECT])
    tunnel = TUNNEL.search(message)
    if tunnel is not None:
        return f"{failures.PROXY}: {tunnel[1]}"
    if code in TLS or (code == pycurl.E_SEND_ERROR and secure and not sent):
        return _tls_class(code, message, errno)
    if code == pycurl.E_RECV_ERROR and CHUNKS.search(message):
        return failures.PROTOCOL
    if code == pycurl.E_RECV_ERROR and secure and not errno:
        return failures.PROTOCOL if message.endswith(OURS) else failures.CLOSED_EARLY
    if code in (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR):
        return failures.BY_ERRNO.get(errno, BY_CODE[code])
    return BY_CODE.get(code, failures.OTHER)


def _tls_class(code: int, message: str, errno: int) -> str:
    if MISMATCH.search(message):
        return "TLS Error: hostname mismatch"
    if HUNG_UP in message:
        return failures.TLS_CLOSED
    cause = VERIFICATION.search(message) or OPENSSL.search(message)
    if cause is not None:
        return f"TLS Error: {cause[1].strip()}"
    if code == pycurl.E_PEER_FAILED_VERIFICATION:  # over QUIC there are no details
        return "TLS Error: certificate not accepted"
    return failures.TLS_CLOSED if errno else "TLS Error: handshake failed"
