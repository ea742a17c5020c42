"""JSON to a file or to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from typing import TextIO

from perfsvc.cli import closed_output
from perfsvc.errors import InvalidInput


def write_json(document: Any, where: str) -> None:
    """Write a document to a file, or to standard output for ``-``. Raises InvalidInput if it is not writable."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if where == "-":
        closed_output.write(sys.stdout, text + "\n")
        return
    try:
        with open_for_writing(where) as file:
            if Path(where).is_file():  # a device or a pipe cannot be truncated
                file.truncate(0)
            file.write(text + "\n")
    except OSError as error:
        raise not_writable(where, error) from None


def open_for_writing(where: str) -> TextIO:
    """Open a file without truncating it, so that a run finds out early that it is not writable. Raises InvalidInput."""
    try:
        return Path(where).open("a", encoding="utf-8")
    except OSError as error:
        raise not_writable(where, error) from None


def not_writable(where: str, error: OSError) -> InvalidInput:
    """Return the error for a file."""
    zh, en = f"无法写入 {where}：{error.strerror}", f"{where} cannot be written: {error.strerror}"
    return InvalidInput.at("--json", zh, en)
