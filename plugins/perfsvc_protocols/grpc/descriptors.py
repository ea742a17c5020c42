"""Descriptors of a server's files, collected reply by reply: bounded in number and size, sorted by their imports."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from perfsvc_protocols.grpc.failures import SCHEMA
from perfsvc_protocols.grpc.failures import Failed

MAX_FILES = 5_000
MAX_BYTES = 16_000_000
"""Bytes of all files of a server, and of one reply."""


class Descriptors:
    """Files and the names of the files that they import."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._missing: dict[str, None] = {}
        self._bytes = 0

    def copy(self) -> Descriptors:
        """Return the same files, to add more to."""
        copied = Descriptors()
        copied._files, copied._imports = dict(self._files), dict(self._imports)
        copied._missing, copied._bytes = dict(self._missing), self._bytes
        return copied

    def __len__(self) -> int:
        return len(self._files)

    @property
    def missing(self) -> str | None:
        """A file that is imported and not there."""
        return next(iter(self._missing), None)

    def add(self, files: Iterable[bytes]) -> None:
        """Add serialised files; those that are there stay. Raise Failed beyond the limits, and DecodeError."""
        for data in files:
            file = FileDescriptorProto.FromString(data)
            if file.name in self._files:
                continue
            self._bytes += len(data)
            if self._bytes > MAX_BYTES:
                raise Failed(SCHEMA, f"descriptors of more than {MAX_BYTES:,} bytes")
            if len(self._files) + len(file.dependency) >= MAX_FILES:
                raise Failed(SCHEMA, f"more than {MAX_FILES:,} files")
            self._files[file.name] = data
            imports = self._imports[file.name] = tuple(file.dependency)
            self._missing.update(dict.fromkeys(name for name in imports if name not in self._files))
            self._missing.pop(file.name, None)

    def ordered(self) -> list[bytes]:
        """Return the files, each after those it imports. Raise Failed for a file that imports itself."""
        done: dict[str, None] = {}
        for name in self._files:
            if name not in done:
                self._place(name, done)
        return [self._files[name] for name in done]

    def _place(self, name: str, done: dict[str, None]) -> None:
        """Add a file to ``done`` after its imports; iterative, since imports can be deeper than the call stack."""
        above = {name: iter(self._imports[name])}
        while above:
            current = next(reversed(above))
            imported = next((each for each in above[current] if each not in done), None)
            if imported is None:
                done[current] = None
                del above[current]
            elif imported in above:
                raise Failed(SCHEMA, f"{imported} imports itself")
            else:
                above[imported] = iter(self._imports[imported])
