"""Plans from a URL or a file, with the flags of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlsplit

from perfsvc.cli.outside import apply_outside
from perfsvc.cli.plan_source import PlanSource
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import SYNONYMS
from perfsvc.model.duration import integer_if_whole
from perfsvc.model.duration import milliseconds_of
from perfsvc.model.duration import seconds_of
from perfsvc.model.problems import Fault

if TYPE_CHECKING:
    from perfsvc.model.project_file import ProjectDataFile

NO_PLACES = "# one plan of a project file\n"
"""In place of the text of a project file, whose lines are not those of one plan."""
FLAG_PATHS = {
    "users": "concurrent_users",
    "duration": "hold_time",
    "ramp": "ramp_up_time",
    "warm_up": "execution_config.warm_up",
    "timeout": "request_timeout",
    "rate": "execution_config.arrival_rate",
    "max_vus": "execution_config.max_vus",
    "iterations": "execution_config.max_iterations",
    "processes": "node_count",
}
"""Where flags are written into a config."""


def read_source(chosen: argparse.Namespace) -> PlanSource:
    """Return the plan of the command line as it was given, with the flags applied. Raises InvalidInput."""
    text = ""
    flags = {}
    listed: tuple[ProjectDataFile, ...] = ()
    if "://" in chosen.what:
        document = url_document(chosen)
        flags = {"scenes[0].steps[0].request.url": chosen.what, "scenes[0].steps[0].request.method": "--method"}
    else:
        # Imported late: a URL needs no YAML.
        from perfsvc.cli.plan_document import read_plan
        from perfsvc.model.project_file import is_project
        from perfsvc.model.project_file import one_plan

        refuse_request_flags(chosen)
        text, document = read_plan(Path(chosen.what))
        if is_project(document):
            from perfsvc.cli.plan_contents import listed_files

            listed = listed_files(document)
            text, document = NO_PLACES, one_plan(document, chosen.plan)
        elif chosen.plan is not None:
            raise InvalidInput.at("--plan", "只用于有 plans 的项目文件", "is for project files, which have plans")
    problems = apply_outside(chosen, document)
    config = document.get("config")
    if isinstance(config, dict):
        flags |= flags_by_path(chosen, config)
        problems += apply_flags(chosen, config)
    return PlanSource(chosen.what, text, document, flags, tuple(problems), listed)


def flags_by_path(chosen: argparse.Namespace, config: dict[str, Any]) -> dict[str, str]:
    """Return the paths that the flags are about to set, each with its flag."""
    flags = {
        f"config.{path}": f"--{name.replace('_', '-')}"
        for name, path in FLAG_PATHS.items()
        if getattr(chosen, name) is not None
    }
    execution = config.get("execution_config")
    thresholds = execution.get("thresholds") if isinstance(execution, dict) else None
    first = len(thresholds) if isinstance(thresholds, list) else 0
    for number in range(len(chosen.threshold or ())):
        flags[f"config.execution_config.thresholds[{first + number}]"] = "--threshold"
    return flags


def refuse_request_flags(chosen: argparse.Namespace) -> None:
    """Raises InvalidInput for flags that describe a request: a plan file has its own."""
    url_only = Text("只能与 URL 一起使用，计划文件已自带请求", "is for URLs only; a plan file has its own requests")
    names = [name for name in ("method", "header", "body", "status") if getattr(chosen, name) is not None]
    if names:
        raise InvalidInput([Problem(f"--{name}", url_only) for name in names])


def url_document(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return a one-step plan for a URL. Raises InvalidInput."""
    method = chosen.method or "GET"
    request = {"method": method, "url": chosen.what, "headers": headers_of(chosen.header or ())}
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


def apply_flags(chosen: argparse.Namespace, config: dict[str, Any]) -> list[Problem]:
    """Write the flags into a config, replacing the key under either of its names; return the flags' problems."""
    values: dict[str, Any] = {"concurrent_users": chosen.users}
    problems: list[Problem] = []
    for name, text, flag, parse in (
        ("hold_time", chosen.duration, "--duration", seconds_of),
        ("ramp_up_time", chosen.ramp, "--ramp", seconds_of),
        ("request_timeout", chosen.timeout, "--timeout", milliseconds_of),
        ("warm_up", chosen.warm_up, "--warm-up", seconds_of),
    ):
        try:
            values[name] = None if text is None else integer_if_whole(parse(text))
        except Fault as fault:
            problems += [Problem(flag, problem.text) for problem in fault.problems]
    warm_up = values.pop("warm_up", None)
    for name, value in values.items():
        if value is not None:
            config.pop({theirs: ours for ours, theirs in SYNONYMS.items()}.get(name, name), None)
            config[name] = value
    if chosen.processes is not None:
        problems += apply_processes(chosen.processes, config)
    execution = config.setdefault("execution_config", {})
    if isinstance(execution, dict):
        apply_execution_flags(chosen, execution)
        execution.update({} if warm_up is None else {"warm_up": warm_up})
    return problems


def apply_processes(count: str, config: dict[str, Any]) -> list[Problem]:
    """Write ``--processes`` into a config; return its problem."""
    if count != "auto" and not count.isdecimal():
        return [Problem("--processes", Text("应为整数或 auto", "must be a number or auto"))]
    config["control_mode"] = "single" if count == "1" else "central"
    config["node_count"] = count if count == "auto" else int(count)
    return []


def apply_execution_flags(chosen: argparse.Namespace, execution: dict[str, Any]) -> None:
    """Write the flags into ``execution_config``; thresholds are appended. Wrong types are left to validation."""
    values = {"arrival_rate": chosen.rate, "max_vus": chosen.max_vus, "max_iterations": chosen.iterations}
    execution.update({name: value for name, value in values.items() if value is not None})
    thresholds = execution.setdefault("thresholds", [])
    if isinstance(thresholds, list):
        thresholds.extend(chosen.threshold or [])
    options = execution.setdefault("protocol_options", {})
    if chosen.insecure and isinstance(options, dict):
        options["http"] = {**(options.get("http") or {}), "verify": False}


def headers_of(lines: Sequence[str]) -> dict[str, str | list[str]]:
    """Return the headers of lines ``Name: value``; a name that comes again has a list. Raises InvalidInput."""
    values: dict[str, tuple[str, list[str]]] = {}
    for name, value in map(header_of, lines):
        values.setdefault(name.lower(), (name, []))[1].append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in values.values()}


def header_of(header: str) -> tuple[str, str]:
    """Split ``Name: value`` into a pair. Raises InvalidInput."""
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        raise InvalidInput.at("--header", f"应为 'NAME: VALUE'：{header}", f"must be 'NAME: VALUE', not {header}")
    return name.strip(), value.strip()
