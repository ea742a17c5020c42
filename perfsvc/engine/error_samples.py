"""Examples of failed requests, the first few of each class, with secrets masked; and a log with a limit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from perfsvc.clock import Clock
from perfsvc.engine.failure_texts import in_words
from perfsvc.engine.masking import Masker
from perfsvc.engine.virtual_user import Step
from perfsvc.errors import Text
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.recorder import is_unsent
from perfsvc.model.window import ErrorSample
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

log = logging.getLogger(__name__)

SAMPLES_PER_CLASS = 3
MAX_BODY = 1024
MAX_HEAD = 4096
MAX_LINES = 20


class LimitedLog:
    """Logs what should not happen in a run, not without limit; with the traceback of an error at level debug."""

    def __init__(self, execution_id: str, masked: Masker) -> None:
        self._execution_id = execution_id
        self._masked = masked
        self._count = 0

    def __call__(self, message: str, error: Exception | None = None) -> None:
        self._count += 1
        if self._count <= MAX_LINES:
            traced = error if log.isEnabledFor(logging.DEBUG) else None
            masked = self._masked.without_secrets(message)
            log.warning("run %s: %s", self._execution_id, masked, exc_info=traced)


class ErrorSamples:
    """Collects samples until ``drain``; never more than SAMPLES_PER_CLASS of a step's class in a whole run.

    ``secrets`` are masked in them, and the user's values of the secret ``columns``.
    """

    def __init__(
        self, classes: ErrorClasses, clock: Clock, secrets: Sequence[str] = (), columns: Sequence[str] = ()
    ) -> None:
        self._classes = classes
        self._clock = clock
        self._secrets = secrets
        self._columns = columns
        self._masked = Masker(secrets)
        self._kept: Counter[tuple[int, str]] = Counter()
        self._waiting: list[ErrorSample] = []

    def count(self, step: Step, error_class: str, message: str, reply: Reply | None, scope: Scope) -> None:
        """Count a failed or unsent request under its class; keep it as an example if the class still needs one."""
        sent = reply is not None and reply.sent
        counts = step.recorder.failures if sent or not is_unsent(error_class) else step.recorder.unsent
        counts[error_class] += 1
        key = (step.step_index, self._classes.name(error_class))
        if self._kept[key] >= SAMPLES_PER_CLASS:
            return
        self._kept[key] += 1
        variables = scope.variables
        cells = [str(variables[name]) for name in self._columns if variables.get(name)]
        masked = Masker([*self._secrets, *cells]) if cells else self._masked
        text = None if message or reply is None else step.explain(error_class, reply, scope)
        text = text or in_words(error_class, message)
        self._waiting.append(make_sample(*key, text, reply, self._clock.wall(), masked))

    def drain(self) -> list[ErrorSample]:
        """The samples since the last drain."""
        drained, self._waiting = self._waiting, []
        return drained


def make_sample(
    step: int, error_class: str, text: Text, reply: Reply | None, timestamp: float, masked: Masker
) -> ErrorSample:
    """One failure as people will see it."""
    if reply is None:
        return ErrorSample(step, error_class, timestamp, masked(text.en), message_zh=masked(text.zh))
    request, head, body = reply.excerpt()
    return ErrorSample(
        step=step,
        error_class=error_class,
        timestamp=timestamp,
        message=masked(text.en),
        message_zh=masked(text.zh),
        request=masked.beginning(request, MAX_HEAD),
        response_head=masked.beginning(head, MAX_HEAD),
        body=masked(masked.body(body)[:MAX_BODY].decode("utf-8", "replace")),
    )
