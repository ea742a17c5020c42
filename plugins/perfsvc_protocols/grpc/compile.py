"""From what users write to calls: templates compiled, every fault reported with its path."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc_protocols.grpc import target
from perfsvc_protocols.grpc.call import GrpcCall
from perfsvc_protocols.grpc.message import MessageTemplate
from perfsvc_protocols.grpc.metadata import RESERVED
from perfsvc_protocols.grpc.metadata import MetadataTemplate
from perfsvc_protocols.grpc.metadata import Pairs
from perfsvc_protocols.grpc.metadata import metadata_template
from perfsvc_protocols.grpc.metadata import name_fault
from perfsvc_protocols.grpc.metadata import value_of
from perfsvc_protocols.grpc.spec import Request
from perfsvc_protocols.grpc.target import Target

UNKNOWN = "any.Service/Method"
"""Stands for the method of a step that has none yet."""
SERVER_KEYS = ("url", "metadata")
NOWHERE = Target("", 0, False)
VARIES = Text("地址不能包含变化的变量", "the address must not contain variables that change during the run")
BAD_VALUE = Text("元数据的值不合法", "is not a valid metadata value")


def compiled(request: Request, context: RunContext, timeout_ns: int, reads: ReplyParts) -> GrpcCall:
    """The call for a step, not yet bound. Raises InvalidInput with every problem found."""
    compilation = _Compilation(context)
    call = GrpcCall(
        compilation.target(request.url or context.base_url),
        "/" + request.method.removeprefix("/"),
        compilation.messages(request),
        compilation.metadata(request),
        timeout_ns,
        reads,
    )
    if compilation.problems:
        raise InvalidInput(compilation.problems)
    return call


def server_of(request: Mapping[str, Any], context: RunContext) -> tuple[Callable[[], Target], Callable[[], Pairs]]:
    """Return functions that find the target and the metadata of a step that may be unfinished.

    Both raise InvalidInput; a pair of metadata with a variable that has no value yet is left out.
    """
    draft = Request.parse({"method": UNKNOWN, **{key: request[key] for key in SERVER_KEYS if key in request}})

    def target() -> Target:
        compilation = _Compilation(context)
        found = compilation.target(draft.url or context.base_url)
        if compilation.problems:
            raise InvalidInput(compilation.problems)
        return found

    def metadata() -> Pairs:
        compilation = _Compilation(context)
        template = compilation.metadata(draft)
        if compilation.problems:
            raise InvalidInput(compilation.problems)
        return _rendered(template)

    return target, metadata


def _rendered(template: MetadataTemplate) -> Pairs:
    """Render the pairs whose variables have values. Raise InvalidInput."""
    scope, pairs, problems = Scope(1, 0), [], []
    for name, text in template.templates:
        try:
            pairs.append((name, value_of(name, text.render(scope))))
        except MissingVariable:
            continue
        except NotSent as error:
            problems.append(Problem(f"metadata.{name}", Text(f"无法得到元数据的值：{error}", f"has no value: {error}")))
    if problems:
        raise InvalidInput(problems)
    return tuple(pairs)


class _Compilation:
    """One step on its way; collects what is wrong with it instead of stopping at the first fault."""

    def __init__(self, context: RunContext) -> None:
        self.problems: list[Problem] = []
        self._context = context

    def target(self, text: str) -> Target:
        url = self._template(text, "url")
        if url.constant is None:
            self.problems.append(Problem("url", VARIES))
            return NOWHERE
        try:
            return target.parse(url.constant)
        except Fault as fault:
            self._add_problems(fault, "url")
            return NOWHERE

    def messages(self, request: Request) -> list[MessageTemplate]:
        many = request.messages is not None
        return [
            MessageTemplate(message, self._template, f"messages[{number}]" if many else "message")
            for number, message in enumerate(request.sent)
        ]

    def metadata(self, request: Request) -> MetadataTemplate:
        """Merge the environment's headers and the step's, which win; HTTP header fields are left out."""
        texts_by_name = {name.lower(): _several(text) for name, text in self._context.headers.items()}
        texts_by_name = {name: texts for name, texts in texts_by_name.items() if name not in RESERVED}
        texts_by_name |= {name.lower(): _several(texts) for name, texts in request.metadata.items()}
        values = ((name, text) for name, texts in texts_by_name.items() for text in texts)
        pairs = tuple((name, self._template(text, f"metadata.{name}")) for name, text in values)
        self.problems += [Problem(f"metadata.{name}", text) for name in texts_by_name if (text := name_fault(name))]
        return self._checked(pairs)

    def _checked(self, pairs: tuple[tuple[str, Template], ...]) -> MetadataTemplate:
        for pair in pairs:
            try:
                metadata_template((pair,))
            except NotSent:
                self.problems.append(Problem(f"metadata.{pair[0]}", BAD_VALUE))
        return MetadataTemplate((), ()) if self.problems else metadata_template(pairs)

    def _template(self, text: str, at: str) -> Template:
        try:
            return self._context.template(text)
        except Fault as fault:
            self._add_problems(fault, at)
            return Template("")

    def _add_problems(self, fault: Fault, at: str) -> None:
        self.problems += [Problem(at, problem.text) for problem in fault.problems]


def _several(texts: str | tuple[str, ...]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else texts
