"""Why a request failed that got its reply: what the check or the extractor found that failed first."""

from __future__ import annotations

import logging

from perfsvc.engine.checks import Compile
from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import broken_by
from perfsvc.engine.checks import compile_check
from perfsvc.engine.checks import status_first
from perfsvc.engine.findings import finding_of
from perfsvc.engine.findings import missing_of
from perfsvc.errors import Text
from perfsvc.model.scene import RequestStep
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

log = logging.getLogger(__name__)

EXTRACT = "Extract: "


class Explanation:
    """Explains the failures of a step. It looks at the reply once more, so it is for the few that are shown."""

    __slots__ = ("_failures", "_step", "_template")

    def __init__(self, step: RequestStep, failures: StatusFailures, template: Compile) -> None:
        self._step = step
        self._failures = failures
        self._template = template

    def __call__(self, error_class: str, reply: Reply, scope: Scope) -> Text | None:
        """What was found where a reply failed with ``error_class``; None where there is nothing to add."""
        try:
            return self._extraction(error_class, reply) or self._check(error_class, reply, scope)
        except Exception:  # a body that no parser takes; its class says so
            log.debug("%s cannot be explained", error_class, exc_info=True)
            return None

    def _extraction(self, error_class: str, reply: Reply) -> Text | None:
        if not error_class.startswith(EXTRACT):
            return None
        name = error_class.removeprefix(EXTRACT)
        extractor = next((each for each in self._step.extract if name in each.variables), None)
        return None if extractor is None else missing_of(extractor, reply)

    def _check(self, error_class: str, reply: Reply, scope: Scope) -> Text | None:
        for _, check in sorted(enumerate(self._step.checks), key=status_first):
            run = compile_check(check, self._failures, self._template)
            if broken_by(run, reply, scope) == error_class:
                return finding_of(check, reply, scope, self._template)
        return None
