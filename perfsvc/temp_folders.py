"""Temporary folders. Later processes remove those that killed processes left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

NAMES = "perfsvc-*.scratch"


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Create a private folder for the context. Raises OSError when that fails."""
    sweep()
    folder, descriptor = _held_folder(purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep() -> None:
    """Remove this user's folders that no running process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(NAMES):
        with suppress(OSError):  # of another user, locked, or just swept by another process
            descriptor = _opened(folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_uid == os.geteuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _held_folder(purpose: str) -> tuple[Path, int]:
    """Create a folder that is locked while its descriptor is open, at most until this process ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"perfsvc-{purpose}-", suffix=".scratch"))
        with suppress(FileNotFoundError):  # swept before it was locked: another one
            descriptor = _opened(folder)
            with suppress(OSError):  # a file system without locks is never swept either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
