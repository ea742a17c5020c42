"""Context of handlers: services, settings, and the web layer's own counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from perfsvc.service.services import Services
from perfsvc.settings import Settings
from perfsvc.web.framework.assets import Assets
from perfsvc.web.framework.constants import Constants
from perfsvc.web.framework.responses import Description


@dataclass
class Traffic:
    """Responses by method and status class, and viewers of live feeds."""

    responses: Counter[tuple[str, str]] = field(default_factory=Counter)
    viewers: int = 0


@dataclass(frozen=True)
class WebContext:
    """Shared by all handlers of one application."""

    services: Services
    settings: Settings
    traffic: Traffic
    description: Description
    ui: Assets
    constants: Constants = field(default_factory=Constants)
