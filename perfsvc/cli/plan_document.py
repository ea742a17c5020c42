"""Plan files as text and document, and the errors of those that cannot be read."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from perfsvc.errors import InvalidInput
from perfsvc.errors import Text
from perfsvc.model.plan_text import document_of
from perfsvc.model.text_faults import text_fault

MAX_PLAN_BYTES = 10_000_000
EMPTY = Text(
    "文件为空；计划至少要有 config 和 scenes，或 config 里的 target_url",
    "is empty; a plan has config and scenes at least, or config with a target_url",
)
NO_OBJECT = Text(
    "应为对象：顶层字段有 name、env、scenes、config",
    "must be an object; its keys are name, env, scenes and config",
)
STDIN = "-"
HOST_AND_PORT = re.compile(r"^(?:\[[0-9A-Fa-f:.]+\]|[^\s/:]+):\d{1,5}(?:[/?#].*)?$")
HOST = re.compile(r"^(?!.*\.(?:ya?ml|json)$)(?:localhost|[\w-]+(?:\.[\w-]+)+)(?:[/?#].*)?$")


def read_plan(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a plan file as text and decoded; ``-`` is standard input. Raises InvalidInput."""
    try:
        raw = sys.stdin.buffer.read(MAX_PLAN_BYTES + 1) if str(path) == STDIN else _bytes_of(path)
    except OSError as error:
        raise unreadable(str(path), error) from None
    if len(raw) > MAX_PLAN_BYTES:
        raise InvalidInput.at(str(path), "文件过大", "is too large")
    text = ""
    try:
        text = raw.decode("utf-8")
        document = document_of(text, path.name)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise undecodable(str(path), text, error) from None
    if not isinstance(document, dict):
        raise InvalidInput.at(str(path), *(NO_OBJECT if text.strip() else EMPTY))
    return text, document


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PLAN_BYTES + 1)  # devices and pipes have no size


def unreadable(what: str, error: OSError) -> InvalidInput:
    """Return the error for an unreadable plan file; a missing ``host:port`` or host was probably meant as a URL."""
    missing = isinstance(error, FileNotFoundError)
    zh, en = f"无法读取：{'文件不存在' if missing else error.strerror}", f"cannot be read: {error.strerror}"
    if missing and (HOST_AND_PORT.match(what) or HOST.match(what)):
        zh, en = f"{zh}；如果是地址，请写 http://{what}", f"{en}; if it is an address, write http://{what}"
    return InvalidInput.at(what, zh, en)


def undecodable(path: str, text: str, error: Exception) -> InvalidInput:
    """Return the error for a text that is neither YAML nor JSON, with its place and what to do."""
    kind = "JSON" if path.endswith(".json") else "YAML"
    line, column, reason = text_fault(text, error)
    place = f"{path}:{line}:{column}" if line else path
    return InvalidInput.at(place, f"不是合法的 {kind}：{reason.zh}", f"is not {kind}: {reason.en}")
