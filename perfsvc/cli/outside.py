"""Values from outside the plan: ``-e``, ``--env-file``, ``--host`` and ``{{$env.NAME}}``.

``-e`` wins over ``--env-file``, and both over the plan's ``env.variables``; ``{{$env.NAME}}`` looks at ``-e``, then at
``--env-file``, then at the environment of the process. All of this is for plan files on the command line: a service
would show its own environment to those who write plans.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.problems import path_of
from perfsvc.model.template import PLACEHOLDER

MAX_ENV_FILE = 1_000_000
MASK = "******"
"""What an exported project has in place of secrets."""
VARIABLES = "env.variables."
ENV = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\$env\.([A-Za-z_][A-Za-z0-9_]{0,59})", re.DOTALL)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def apply_outside(
    chosen: argparse.Namespace, document: dict[str, Any], process: Mapping[str, str] = os.environ
) -> list[Problem]:
    """Write values from outside into a plan's document. Return the problems, in order."""
    problems: list[Problem] = []
    try:
        overrides = {**file_values(chosen.env_file), **flag_values(chosen.env or ())}
    except InvalidInput as error:
        return error.problems
    filler = Filler({**process, **overrides}, problems)
    filler.fill(document)
    env = document.setdefault("env", {})
    if isinstance(env, dict):
        variables = env.setdefault("variables", {})
        if isinstance(variables, dict):
            variables.update({alias(name): value for name, value in filler.used.items()})
            variables.update(
                {**{name: filler.used[name] for name in filler.used if name not in variables}, **overrides}
            )
        if chosen.host is not None:
            env["host"] = chosen.host
    return problems + [Problem(at, _missing_secret(at)) for at in masked_places(document)]


def masked_places(document: dict[str, Any]) -> Iterator[str]:
    """The places of secrets that an exported file has as MASK only."""
    seen: set[int] = set()  # YAML can contain itself

    def places(value: Any, at: str) -> Iterator[str]:
        if isinstance(value, dict | list) and id(value) not in seen:
            seen.add(id(value))
            for key, each in value.items() if isinstance(value, dict) else enumerate(value):
                yield from places(each, path_of((key if isinstance(key, int) else str(key),), at))
        elif value == MASK:
            yield at

    return places(document, "")


def _missing_secret(at: str) -> Text:
    if at.startswith(VARIABLES):
        name = at.removeprefix(VARIABLES)
        return Text(
            f"文件里没有机密值，请用 -e {name}=… 给出", f"the file has no secrets; give this one by -e {name}=…"
        )
    return Text(
        "文件里没有机密值，请写成 {{$env.名称}} 并设置该环境变量",
        "the file has no secrets; write {{$env.NAME}} here and set that variable",
    )


def flag_values(lines: list[str] | tuple[str, ...]) -> dict[str, str]:
    """The variables of ``-e``. Raise InvalidInput."""
    values = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not VARIABLE.fullmatch(name):
            zh, en = (
                f"应为 NAME=VALUE，例如 -e user=alice：{name[:64]}",
                f"must be NAME=VALUE, such as user=alice, not {name[:64]}",
            )
            raise InvalidInput.at("-e", zh, en)
        values[name] = value
    return values


def file_values(path: Path | None) -> dict[str, str]:
    """The variables of an env file: a line each, ``#`` for comments, quotes around a value. Raise InvalidInput."""
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            lines = file.read(MAX_ENV_FILE).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.at("--env-file", f"无法读取 {path}：{error}", f"{path} cannot be read: {error}") from None
    values = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            zh, en = "应为 NAME=VALUE", "must be NAME=VALUE"
            raise InvalidInput.at(f"{path}:{number}", zh, en)
        values[match[1]] = unquoted(match[2])
    return values


def alias(name: str) -> str:
    """The variable that holds a value of the environment: no flag and no env file can set one of this name."""
    return f"env-{name}"


def unquoted(value: str) -> str:
    """A value without the quotes around it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


class Filler:
    """Puts values in the place of ``$env.NAME``; names without a value become problems.

    ``used`` are the values by name: they become variables, so that those with a secret's name are masked. As an
    argument a value stands by the name of this variable, so that no message about the expression shows it.
    """

    def __init__(self, values: Mapping[str, str], problems: list[Problem]) -> None:
        self._values = values
        self.used: dict[str, str] = {}
        self._above: set[int] = set()
        self._problems = problems

    def fill(self, value: Any, at: str = "") -> Any:
        """Fill in the texts of a document, in place; return it."""
        if isinstance(value, dict | list) and id(value) not in self._above:  # YAML can contain itself
            self._above.add(id(value))
            for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
                value[key] = self.fill(each, path_of((key if isinstance(key, int) else str(key),), at))
            self._above.discard(id(value))
            return value
        if not isinstance(value, str) or "$env." not in value:
            return value
        return PLACEHOLDER.sub(lambda match: self._placeholder(match, at), value)

    def _placeholder(self, match: re.Match[str], at: str) -> str:
        expression = match[1]
        if expression is None or "$env." not in expression:
            return match[0]
        alone = ENV.fullmatch(expression.strip())
        if alone is not None and alone[1] is not None:
            return self._value(alone[1], at).replace("{{", r"\{{")
        return "{{" + ENV.sub(lambda each: self._argument(each, at), expression) + "}}"

    def _argument(self, match: re.Match[str], at: str) -> str:
        if match[1] is None:
            return match[0]
        self._value(match[1], at)
        return f" {alias(match[1])}"  # as long as what was written, so that columns in messages are those of the file

    def _value(self, name: str, at: str) -> str:
        if name in self._values:
            self.used[name] = self._values[name]
            return self._values[name]
        text = Text(
            f"没有环境变量 {name}，请设置该变量，或使用 -e {name}=…、--env-file",
            f"the environment variable {name} is not set; set it, or use -e {name}=… or --env-file",
        )
        self._problems.append(Problem(at or "$", text))
        return ""
