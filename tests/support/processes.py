"""Commands of tests, which leave no process behind, however a test ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own; one that has not ended with the context is killed with all that it started."""
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def run(command: Sequence[str], timeout: float, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises TimeoutExpired."""
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def stop(process: subprocess.Popen[Any], limit_s: float = 90) -> None:
    """Stop a process by a signal, which must be a good end; one that does not stop is killed."""
    with process:
        process.terminate()
        try:
            assert process.wait(limit_s) == 0
        finally:
            process.kill()
