"""``.proto`` texts to a schema, by the compiler in a process of its own, because it writes its errors to stderr."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from perfsvc.plugin import InvalidInput
from perfsvc_protocols.grpc.schema import Schema

LIMIT_S = 20.0
KEPT_SCHEMAS = 16
MAX_WORDS = 4000
OUTPUT = "descriptors.bin"


def schema_of(protos: Mapping[str, str]) -> Schema:
    """The schema in these files, which may import each other and Google's own.

    Raises InvalidInput at ``protos`` with the compiler's message.
    """
    return _compiled(tuple(sorted(protos.items())))


# Every run, and every node in this process, asks for the same few again, and the compiler takes 0.04 to 0.15 s.
@lru_cache(maxsize=KEPT_SCHEMAS)
def _compiled(protos: tuple[tuple[str, str], ...]) -> Schema:
    with tempfile.TemporaryDirectory(prefix="perfsvc-protos-") as name:
        folder = Path(name)
        for path, text in protos:
            _write(folder / path, text)
        _run(folder, [path for path, _ in protos])
        files = FileDescriptorSet.FromString((folder / OUTPUT).read_bytes()).file
    return Schema(file.SerializeToString() for file in files)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except (OSError, UnicodeError) as error:
        raise _refused(f"{path.name}: {error.__class__.__name__}") from None


def _run(folder: Path, paths: list[str]) -> None:
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", "-I.", "--include_imports"]
    command += [f"--descriptor_set_out={OUTPUT}", *paths]
    try:
        # No shell; the only arguments from outside are names that ``Options`` has checked.
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _refused(f"protoc took longer than {LIMIT_S:g} s") from None
    if done.returncode:
        raise _refused(done.stderr.strip()[:MAX_WORDS])


def _refused(message: str) -> InvalidInput:
    return InvalidInput.at("protos", f"无法编译 proto 文件：{message}", f"the proto files do not compile: {message}")
