"""Output whose reader has gone, such as ``head``: nothing more is shown, and neither run nor exit code changes."""

from __future__ import annotations

import os
from typing import IO


def discard(stream: IO[str]) -> None:
    """Send what is written to a stream from now on, and what waits in its buffer, to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def write(stream: IO[str], text: str) -> None:
    """Write text and flush it."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        discard(stream)
