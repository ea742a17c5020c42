"""Static validation of scenes: problems of request steps that are known before a plan uses them.

A scene leaves its target open: base URL, values of variables and protocol options come with a plan. So a step's request
is compiled as different runs would compile it, and only what all of them would refuse is a problem.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NamedTuple

from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_checks
from perfsvc.engine.checks import unjudged
from perfsvc.engine.extractors import compile_extractors
from perfsvc.engine.faults import Faults
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.model.base import Spec
from perfsvc.model.problems import Fault
from perfsvc.model.scene import RequestStep
from perfsvc.model.template import Template
from perfsvc.model.variable_name import is_variable_name
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import RunContext

TIMEOUT_NS = 1_000_000_000
FIRST_KEY = re.compile(r"[^.\[]+")


class ValidationContext(NamedTuple):
    """Inputs that a run could provide: a base URL, and one value for all variables, or None where they vary."""

    base_url: str
    value: str | None


POSSIBLE = (
    ValidationContext("{{base_url}}", None),
    ValidationContext("http://127.0.0.1:1", "1"),
    ValidationContext("http://127.0.0.1:1", "http://127.0.0.1:1"),
)


class SceneValidator:
    """Finds problems of request steps. ``protocol_class`` gives the protocol of a name or raises NotFound."""

    def __init__(self, protocol_class: Callable[[str], type[Protocol]], default_protocol: str) -> None:
        self._protocol_class = protocol_class
        self._default_protocol = default_protocol
        self._protocols: dict[tuple[str, ValidationContext], Protocol | None] = {}

    def problems(self, step: RequestStep, path: str) -> list[Problem]:
        """Return all problems of the step at ``path``."""
        faults = Faults()
        try:
            protocol = self._protocol_class(step.protocol or self._default_protocol)
        except NotFound as error:
            faults.note([Problem(f"{path}.protocol", error.text)])
        else:
            request = faults.noted(lambda: protocol.Request.parse(step.request), f"{path}.request")
            if request is not None:
                faults.note(self._refused(protocol, step, request), f"{path}.request")
        compile_checks(step, StatusFailures(unjudged), Template, path, faults)
        compile_extractors(step, path, faults, random.Random(0))  # noqa: S311 - draws nothing
        return faults.problems

    def _refused(self, protocol: type[Protocol], step: RequestStep, request: Spec) -> list[Problem]:
        """Return the problems that a request has in all contexts, by paths relative to it."""
        first, *others = POSSIBLE
        found = self._compiled(protocol, step, request, first)
        for context in others:
            if found:
                paths = {problem.path for problem in self._compiled(protocol, step, request, context)}
                found = [problem for problem in found if problem.path in paths]
        return found

    def _compiled(
        self, protocol: type[Protocol], step: RequestStep, request: Spec, context: ValidationContext
    ) -> list[Problem]:
        instance = self._protocol(protocol, context)
        if instance is None:
            return []
        try:
            instance.compile(request, TIMEOUT_NS, step.reply_parts)
        except (Fault, InvalidInput) as error:
            return [problem for problem in error.problems if written(problem.path, step.request)]
        return []

    def _protocol(self, protocol: type[Protocol], context: ValidationContext) -> Protocol | None:
        """A protocol object with its default options; None where it takes none without a plan's own."""
        key = (protocol.name, context)
        if key not in self._protocols:
            try:
                self._protocols[key] = protocol(protocol.Options.parse({}), context_of(context))
            except (Fault, InvalidInput):
                self._protocols[key] = None
        return self._protocols[key]


def written(path: str, request: Mapping[str, Any]) -> bool:
    """Whether a problem is about something that the step says; what it leaves out, a plan may bring."""
    key = FIRST_KEY.match(path)
    return key is None or key[0] == "$" or key[0] in request


def context_of(context: ValidationContext) -> RunContext:
    """A context that does for compiling and for nothing else."""
    constants = {} if context.value is None else EveryVariable(context.value)
    return RunContext(
        base_url=context.base_url,
        headers={},
        template=lambda text: Template(text, constants),
        now_ns=lambda: 0,
        resolve=_unreachable,
        file=Path,
    )


async def _unreachable(host: str, port: int) -> list[tuple[Any, ...]]:
    raise OSError(f"{host}:{port}: nothing is sent while a scene is validated")


class EveryVariable(dict[str, str]):
    """Every name of a variable has the same value."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self._value = value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and is_variable_name(name)

    def __bool__(self) -> bool:
        return True  # empty as it is, it holds everything

    def __missing__(self, name: str) -> str:
        return self._value
