"""Folders that last as long as what they are for. What killed processes leave behind, later ones remove."""

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
    """A folder of this user's alone, below the one for temporary files. Raises OSError where none can be made."""
    sweep()
    folder, descriptor = _held_folder(purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep() -> None:
    """Remove the folders of processes that ended without doing so: those of this user that nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(NAMES):
        with suppress(OSError):  # another user's, held by somebody, or just swept by another process
            descriptor = _opened(folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_uid == os.geteuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _held_folder(purpose: str) -> tuple[Path, int]:
    """A new folder, locked as long as its descriptor is open, which is at most to the end of this process."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"perfsvc-{purpose}-", suffix=".scratch"))
        with suppress(FileNotFoundError):  # swept before it was locked: another one
            descriptor = _opened(folder)
            with suppress(OSError):  # a file system without locks: nobody sweeps there either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
