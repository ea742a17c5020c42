"""Changes of thresholds and of validity between two seconds, as events of the run."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from perfsvc.metrics.thresholds import RuleState
from perfsvc.metrics.validity import Validity
from perfsvc.model.execution import ValidityState

Change = tuple[str, dict[str, Any]]
"""The kind of event and its details."""


class Alarms:
    """Remembers the previous states. A rule that is only ``breaking`` may recover and is not an event."""

    def __init__(self) -> None:
        self._breached: set[int] = set()
        self._validity: ValidityState = "VALID"

    def changes(self, states: Sequence[RuleState], validity: Validity) -> Iterator[Change]:
        """Yield the changes since the last call."""
        for index, rule in enumerate(states):
            breached = rule.state == "breached"
            if breached == (index in self._breached):
                continue
            self._breached ^= {index}
            state = "breached" if breached else "holding"
            yield "threshold", {"state": state, "expression": rule.expression, "value": rule.value, "limit": rule.limit}
        if validity.state != self._validity:
            self._validity = validity.state
            causes = [{"code": cause.code, **cause.text._asdict()} for cause in validity.causes]
            yield "validity", {"state": validity.state, "causes": causes}
