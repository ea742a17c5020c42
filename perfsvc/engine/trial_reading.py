"""What a trial makes of replies: checks, extractors and conditions, in threads of their own.

Patterns of users may take long, and the event loop is everybody's. Work of a trial that was given up ends soon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from perfsvc.engine.checks import CheckFunction
from perfsvc.engine.checks import Compile
from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import broken_by
from perfsvc.engine.checks import status_first
from perfsvc.engine.explanation import Explanation
from perfsvc.engine.extractors import ExtractFunction
from perfsvc.engine.findings import actual_of
from perfsvc.engine.pattern_time import refill
from perfsvc.engine.trial_report import TriedCheck
from perfsvc.engine.trial_report import TriedStep
from perfsvc.engine.trial_report import TriedValue
from perfsvc.engine.trial_report import text_of_check
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.scene import RequestStep
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

log = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = 2

_threads = ThreadPoolExecutor(THREADS, "trial")


class CompiledStep(NamedTuple):
    """The checks and extractors of a step, and the failures that its protocol sees in statuses."""

    checks: Sequence[CheckFunction]
    extractors: Sequence[tuple[str, ExtractFunction]]
    failures: StatusFailures


class ReplyReader:
    """Judges the replies of one trial. ``scope`` is its user's."""

    def __init__(self, scope: Scope, template: Compile) -> None:
        self._scope = scope
        self._template = template
        self._working: asyncio.Future[Any] | None = None
        self._over = False

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that looks at values of users."""
        working = asyncio.get_running_loop().run_in_executor(_threads, work)
        self._working = working
        return await asyncio.shield(working)

    async def close(self) -> None:
        """Wait until the work of a trial that was given up has come to its end."""
        self._over = True
        if self._working is not None:
            try:
                await self._working
            except Exception:
                log.debug("work of a trial that was given up failed", exc_info=True)

    def read(self, tried: TriedStep, step: RequestStep, compiled: CompiledStep, reply: Reply) -> None:
        """Judge a reply that arrived whole, and take values from it."""
        explanation = Explanation(step, compiled.failures, self._template)
        self._check(tried, step, compiled, explanation, reply)
        self._extract(tried, compiled, explanation, reply)

    def _check(
        self, tried: TriedStep, step: RequestStep, compiled: CompiledStep, explanation: Explanation, reply: Reply
    ) -> None:
        for number, check in sorted(enumerate(step.checks), key=status_first):
            if self._over:
                return
            refill()
            try:
                failure = broken_by(compiled.checks[number], reply, self._scope)
                actual = actual_of(check, reply, self._scope, self._template)
            except Exception as error:  # a body that no parser takes is this check's failure
                failure, actual = f"Unreadable Reply: {type(error).__name__}", None
            finding = None if failure is None else explanation(failure, reply, self._scope)
            tried.checks.append(TriedCheck(number, check.type, text_of_check(check), failure is None, actual, finding))
            if failure is not None:
                tried.fail_with(failure, finding)
        tried.checks.sort(key=lambda checked: checked.index)

    def _extract(self, tried: TriedStep, compiled: CompiledStep, explanation: Explanation, reply: Reply) -> None:
        for name, find in compiled.extractors:
            if self._over:
                return
            refill()
            try:
                value = find(reply)
            except Exception:  # as above
                log.debug("extracting %s failed", name, exc_info=True)
                value = MISSING
            found, failure = value is not MISSING, f"Extract: {name}"
            finding = None if found else explanation(failure, reply, self._scope)
            tried.extracted.append(TriedValue(name, value if found else None, found, finding))
            if found:
                self._scope.variables[name] = value
            else:
                self._scope.variables.pop(name, None)
                tried.fail_with(failure, finding)
