"""Error classes: a bounded number of them, in words that people know."""

from __future__ import annotations

import errno
import ssl

import pytest

from perfsvc.plugin.failures import broken
from perfsvc.plugin.failures import connecting


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (None, "Connection Error: closed early"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "Connection Error: reset"),
        (BrokenPipeError(errno.EPIPE, "x"), "Connection Error: reset"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "Connection Error: refused"),
        (OSError(errno.EHOSTUNREACH, "x"), "Connection Error: unreachable"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "Connection Error: no local port"),
        (OSError(errno.EMFILE, "x"), "Connection Error: too many open files"),
        (OSError(errno.EIO, "x"), "Connection Error: other"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "Timeout"),
        (RuntimeError("x"), "Connection Error: other"),
    ],
)
def test_ends_of_connections(error: BaseException | None, error_class: str):
    assert broken(error) == error_class


def test_tls_that_breaks_later():
    error = ssl.SSLError()
    error.reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
    assert broken(error) == "TLS Error: decryption failed or bad record mac"
    assert broken(ssl.SSLError()) == "TLS Error: handshake failed"
    assert broken(ssl.SSLCertVerificationError()) == "TLS Error: handshake failed"


def test_a_refusal_keeps_its_words():
    failed = connecting(ConnectionRefusedError(errno.ECONNREFUSED, "nobody there"))
    assert (failed.error_class, str(failed)) == ("Connection Error: refused", "[Errno 111] nobody there")
