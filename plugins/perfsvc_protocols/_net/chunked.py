"""Chunked bodies of HTTP/1.1, read for an excerpt."""

from __future__ import annotations


def body_of_chunks(data: bytes) -> bytes:
    """Return the body without chunk framing, as far as it has come."""
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            break
        body += data[:length]
        data = data[length + 2 :]
    return body
