"""A disk of a few MB that can be filled: a file system in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_S = 60
PIECE = 65_536


class SmallDisk:
    """A mounted folder; ``fill`` takes all room that is left, ``clear`` gives it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for piece in (PIECE, 512, 1):
                while written(file.fileno(), bytes(piece)) == piece:
                    pass

    def clear(self) -> None:
        self._ballast.unlink()


def written(file: int, data: bytes) -> int:
    """How many bytes found room."""
    try:
        return os.write(file, data)
    except OSError:
        return 0


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A disk of its own at ``folder``, unmounted at the end."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=LIMIT_S)
