"""What every handler is given: the services, the settings, and what the web layer counts about itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from perfsvc.service.services import Services
from perfsvc.settings import Settings
from perfsvc.web.framework.assets import Assets
from perfsvc.web.framework.responses import Description


@dataclass
class Traffic:
    """Requests answered, by method and status class, and viewers of live feeds."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    viewers: int = 0


@dataclass(frozen=True)
class WebContext:
    """Shared by all handlers of one application."""

    services: Services
    settings: Settings
    traffic: Traffic
    description: Description
    ui: Assets
