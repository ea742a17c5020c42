"""Trying a scene once, without load."""

from __future__ import annotations

from typing import Any
from typing import Literal
from typing import Self

from pydantic import Field

from perfsvc.event_loop import off_loop
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.trials import OperationsForm
from perfsvc.service.trials import TrialForm
from perfsvc.service.trials import TrialResult
from perfsvc.web.framework.cancellable import CancellableHandler
from perfsvc.web.framework.language import Language
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


class TriedError(Response):
    """Why a step failed: the error class that a run would count, and what is known about it."""

    error_class: str = Field(alias="class")
    message: str
    message_zh: str


class TriedRequest(Response):
    """A request as its protocol sent it."""

    text: str
    truncated: bool


class TriedSignature(Response):
    """What a function signed: the canonical text of a signature, secrets masked."""

    function: str
    text: str
    truncated: bool


class TriedResponse(Response):
    """A reply: ``body`` is text, or base64 where it is not UTF-8; ``size`` is the whole body's in bytes."""

    status: int
    head: str
    body: str
    encoding: Literal["text", "base64"]
    size: int
    truncated: bool


class TriedRedirect(Response):
    """A redirect that was followed: request and head of its reply, where the next request went, and its time in ms."""

    request: TriedRequest
    status: int
    head: str
    location: str
    duration: float


class Finding(Response):
    """What was found instead of what was wanted, in both languages."""

    zh: str
    en: str


class TriedExtraction(Response):
    """What an extractor found; ``value`` is null where it found nothing, and ``finding`` is why."""

    name: str
    value: str | None
    found: bool
    finding: Finding | None


class TriedCheck(Response):
    """A check with the value it looked at; ``finding`` is what was found where it failed."""

    index: int
    type: str
    text: str
    passed: bool
    actual: bool | int | float | str | None
    finding: Finding | None


class TriedStep(Response):
    """A step as it was taken. Times are milliseconds since the start of the trial.

    ``before`` are the variables before it, ``after`` those that it changed; ``branch`` is which way a condition, a
    choice or a loop took.
    """

    path: str
    part: Literal["setup", "on_start", "steps", "teardown"]
    index: int | None
    name: str
    type: Literal["request", "group", "loop", "while", "if", "choice", "think", "break", "stop", "rendezvous"]
    protocol: str | None
    started: float
    duration: float
    outcome: Literal["passed", "failed", "skipped"]
    error: TriedError | None
    request: TriedRequest | None
    signed: list[TriedSignature]
    redirects: list[TriedRedirect]
    response: TriedResponse | None
    phases: dict[str, float]
    extracted: list[TriedExtraction]
    before: dict[str, str]
    after: dict[str, str]
    checks: list[TriedCheck]
    branch: str | None


class TrialResponse(Response):
    """Result of a try-out, step by step; secrets are masked. ``notes`` give the reason of an early end."""

    outcome: Literal["passed", "failed", "timeout"]
    duration: float
    steps: list[TriedStep]
    variables: dict[str, str]
    notes: list[str]

    @classmethod
    def of(cls, result: TrialResult, language: Language) -> Self:
        values: dict[str, Any] = {
            "outcome": result.outcome,
            "duration": result.duration,
            "steps": result.steps,
            "variables": result.variables,
            "notes": [note.of(language) for note in result.notes],
        }
        return cls.model_validate(values)


class ListedOperation(Response):
    """An operation that a target offers: its name, its kind in words, and the fields of a request that it sets."""

    name: str
    kind: str
    request: dict[str, Any]


class UnlistedPart(Response):
    """A part of a target, such as a service, whose operations could not be listed, with the cause in words."""

    name: str
    reason: str


class OperationsResponse(Response):
    """Operations that a target offers, in its order; ``truncated`` is whether there are more.

    ``unlisted`` are the parts of the target whose operations are missing.
    """

    operations: list[ListedOperation]
    truncated: bool
    unlisted: list[UnlistedPart]


class OperationsHandler(CancellableHandler):
    @operation("查询目标提供的操作", "Ask a target for its operations", may(Role.EDITOR, Kind.PROJECT), relays=True)
    async def post(self, body: OperationsForm) -> OperationsResponse:
        found = await self.cancellable(self.services.trials.operations(body))
        return await off_loop(
            lambda: OperationsResponse(
                operations=[
                    ListedOperation(name=each.name, kind=each.kind.of(self.language), request=dict(each.request))
                    for each in found.shown
                ],
                truncated=found.truncated,
                unlisted=[
                    UnlistedPart(name=each.name, reason=each.reason.of(self.language)) for each in found.unlisted
                ],
            )
        )


class TrialHandler(CancellableHandler):
    @operation("试运行业务流", "Try a scene once", may(Role.EDITOR, Kind.PROJECT), relays=True)
    async def post(self, body: TrialForm) -> TrialResponse:
        result = await self.cancellable(self.services.trials.run(body))
        return await off_loop(TrialResponse.of, result, self.language)


routes = [Route("/api/scenes/try/", TrialHandler), Route("/api/scenes/operations/", OperationsHandler)]
