"""JSON to a file or to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from typing import TextIO

from perfsvc.errors import InvalidInput


def write_json(document: Any, where: str) -> None:
    """Write a document to a file, or to standard output for ``-``. Raises InvalidInput if it is not writable."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if where == "-":
        sys.stdout.write(text + "\n")
        return
    with open_for_writing(where) as file:
        file.truncate(0)
        file.write(text + "\n")


def open_for_writing(where: str) -> TextIO:
    """Open a file without truncating it, so that a run finds out early that it is not writable. Raises InvalidInput."""
    try:
        return Path(where).open("a", encoding="utf-8")
    except OSError as error:
        zh, en = f"无法写入 {where}：{error.strerror}", f"{where} cannot be written: {error.strerror}"
        raise InvalidInput.at("--json", zh, en) from None
