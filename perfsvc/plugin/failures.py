"""Error classes: what went wrong on the way to a reply, in a bounded number of words."""

from __future__ import annotations

import errno
import re
import ssl

from perfsvc.model.template import MissingVariable
from perfsvc.model.tls_texts import tls_text
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import TargetDenied

DNS = "DNS Error"
DENIED = "Target Denied"
PROXY = "Proxy Error"
UNDECODABLE = "Undecodable Body"
PROTOCOL = "Protocol Error"
TOO_LARGE = "Response Too Large"
INVALID_REQUEST = "Invalid Request"
RESET = "Connection Error: reset"
CLOSED_EARLY = "Connection Error: closed early"
OTHER = "Connection Error: other"
SOURCE = "Connection Error: no such source address"
TLS_CLOSED = "TLS Error: connection closed"

BY_ERRNO = {
    errno.ECONNREFUSED: "Connection Error: refused",
    errno.ECONNRESET: RESET,
    errno.ECONNABORTED: RESET,
    errno.EPIPE: RESET,
    errno.ENETUNREACH: "Connection Error: unreachable",
    errno.EHOSTUNREACH: "Connection Error: unreachable",
    errno.EADDRNOTAVAIL: "Connection Error: no local port",
    errno.EMFILE: "Connection Error: too many open files",
    errno.ENFILE: "Connection Error: too many open files",
    errno.ETIMEDOUT: TIMEOUT,
}
HOSTNAME_MISMATCH = 62
IP_MISMATCH = 64
REASON = re.compile(r"^\[SSL\] ([a-z0-9 ]+) \(_ssl\.c")


class Failed(Exception):
    """No usable reply; ``error_class`` is what the report counts it under."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


def connecting(error: Exception) -> Failed:
    """Return the Failed for an exception raised while opening a connection."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, TargetDenied):
        return Failed(DENIED, str(error))
    if isinstance(error, MissingVariable | NotSent):
        return Failed(error.error_class, str(error))
    error_class = broken(error)
    return Failed(error_class, "" if tls_text(error_class) else str(error))


def broken(error: BaseException | None) -> str:
    """Return the error class of a broken connection; None stands for an unannounced end."""
    if error is None or isinstance(error, EOFError):
        return CLOSED_EARLY
    if isinstance(error, ssl.SSLError):
        return f"TLS Error: {_tls_cause(error)}"
    if isinstance(error, TimeoutError):
        return TIMEOUT
    return BY_ERRNO.get(getattr(error, "errno", None) or 0, OTHER)


def _tls_cause(error: ssl.SSLError) -> str:
    # Errors that do not come from OpenSSL itself lack these attributes altogether.
    if getattr(error, "verify_code", 0) in (HOSTNAME_MISMATCH, IP_MISMATCH):
        return "hostname mismatch"
    verification = getattr(error, "verify_message", "")
    if verification:
        return str(verification)
    # Python has no name for some of OpenSSL's reasons, only their text.
    reason = REASON.search(str(error))
    return (getattr(error, "reason", None) or (reason[1] if reason else "handshake failed")).lower().replace("_", " ")
