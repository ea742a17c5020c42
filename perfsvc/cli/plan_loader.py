"""Plans from a URL or a file, with the flags of the command line."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from perfsvc.cli.outside import apply_outside
from perfsvc.cli.plan_file import document_of
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import SYNONYMS
from perfsvc.model.duration import milliseconds_of
from perfsvc.model.duration import seconds_of
from perfsvc.model.duration import whole
from perfsvc.model.planfile import PlanFile
from perfsvc.model.problems import Fault

MAX_PLAN_BYTES = 10_000_000
STDIN = "-"
HOST_AND_PORT = re.compile(r"^(?:\[[0-9A-Fa-f:.]+\]|[^\s/:]+):\d{1,5}(?:[/?#].*)?$")
HOST = re.compile(r"^(?!.*\.(?:ya?ml|json)$)[\w-]+(?:\.[\w-]+)+(?:[/?#].*)?$")


def plan_of(chosen: argparse.Namespace) -> PlanFile:
    """Return the plan of the command line with the flags applied. Raises InvalidInput."""
    if "://" in chosen.what:
        document = url_document(chosen)
    else:
        refuse_request_flags(chosen)
        document = read_plan(Path(chosen.what))
    problems = apply_outside(chosen, document)
    config = document.get("config")
    problems += apply_flags(chosen, config) if isinstance(config, dict) else []
    try:
        plan = PlanFile.parse(document)
    except InvalidInput as error:
        raise InvalidInput(problems + error.problems) from None
    if problems:
        raise InvalidInput(problems)
    return plan


def refuse_request_flags(chosen: argparse.Namespace) -> None:
    """Raises InvalidInput for flags that describe a request: a plan file has its own."""
    url_only = Text("只能与 URL 一起使用，计划文件已自带请求", "is for URLs only; a plan file has its own requests")
    given = [name for name in ("method", "header", "body", "status") if getattr(chosen, name) is not None]
    if given:
        raise InvalidInput([Problem(f"--{name}", url_only) for name in given])


def url_document(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return a one-step plan for a URL. Raises InvalidInput."""
    method = chosen.method or "GET"
    request = {"method": method, "url": chosen.what, "headers": dict(map(header_of, chosen.header or ()))}
    if chosen.body is not None:
        request["body"] = chosen.body
    checks = [] if chosen.status is None else [{"type": "status", "equals": chosen.status}]
    name = f"{method} {path_of(chosen.what)}"[:100]
    hold = {} if chosen.iterations else {"hold_time": 10}
    return {
        "name": name,
        "scenes": [{"name": name, "steps": [{"name": name, "request": request, "checks": checks}]}],
        "config": hold if chosen.rate else {"concurrent_users": 1, **hold},
    }


def path_of(url: str) -> str:
    """Return the path of a URL as the step's name. An invalid URL is left to validation."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"


def read_plan(path: Path) -> dict[str, Any]:
    """Return the decoded plan file; ``-`` is standard input. Raises InvalidInput."""
    kind = "JSON" if path.suffix == ".json" else "YAML"
    try:
        raw = sys.stdin.buffer.read(MAX_PLAN_BYTES + 1) if str(path) == STDIN else _bytes_of(path)
        if len(raw) > MAX_PLAN_BYTES:
            raise InvalidInput.at(str(path), "文件过大", "is too large")
        document = document_of(raw.decode("utf-8"), path.name)
    except OSError as error:
        raise unreadable(str(path), error) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput.at(str(path), f"不是合法的 {kind}：{error}", f"is not {kind}: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInput.at(str(path), "应为对象", "must be an object")
    return document


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PLAN_BYTES + 1)  # devices and pipes have no size


def unreadable(what: str, error: OSError) -> InvalidInput:
    """Return the error for an unreadable plan file; a missing ``host:port`` or host was probably meant as a URL."""
    zh, en = f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}"
    if isinstance(error, FileNotFoundError) and (HOST_AND_PORT.match(what) or HOST.match(what)):
        zh, en = f"{zh}；如果是地址，请写 http://{what}", f"{en}; if it is an address, write http://{what}"
    return InvalidInput.at(what, zh, en)


def apply_flags(chosen: argparse.Namespace, config: dict[str, Any]) -> list[Problem]:
    """Write the flags into a config, replacing the key under either of its names; return the flags' problems."""
    given: dict[str, Any] = {"concurrent_users": chosen.users}
    problems: list[Problem] = []
    for name, text, flag, parse in (
        ("hold_time", chosen.duration, "--duration", seconds_of),
        ("ramp_up_time", chosen.ramp, "--ramp", seconds_of),
        ("request_timeout", chosen.timeout, "--timeout", milliseconds_of),
    ):
        try:
            given[name] = None if text is None else whole(parse(text))
        except Fault as fault:
            problems += [Problem(flag, problem.text) for problem in fault.problems]
    for name, value in given.items():
        if value is not None:
            config.pop({theirs: ours for ours, theirs in SYNONYMS.items()}.get(name, name), None)
            config[name] = value
    execution = config.setdefault("execution_config", {})
    if isinstance(execution, dict):
        apply_execution_flags(chosen, execution)
    return problems


def apply_execution_flags(chosen: argparse.Namespace, execution: dict[str, Any]) -> None:
    """Write the flags into ``execution_config``; thresholds are appended. Wrong types are left to validation."""
    given = {"arrival_rate": chosen.rate, "max_vus": chosen.max_vus, "max_iterations": chosen.iterations}
    execution.update({name: value for name, value in given.items() if value is not None})
    thresholds = execution.setdefault("thresholds", [])
    if isinstance(thresholds, list):
        thresholds.extend(chosen.threshold or [])
    options = execution.setdefault("protocol_options", {})
    if chosen.insecure and isinstance(options, dict):
        options["http"] = {**(options.get("http") or {}), "verify": False}


def header_of(line: str) -> tuple[str, str]:
    """Split ``Name: value`` into a pair. Raises InvalidInput."""
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidInput.at("--header", f"应为 'NAME: VALUE'：{line}", f"must be 'NAME: VALUE', not {line}")
    return name.strip(), value.strip()
