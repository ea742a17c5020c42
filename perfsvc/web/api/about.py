"""Version and limits of this service, readable without logging in."""

from __future__ import annotations

from typing import Literal

from perfsvc import __version__
from perfsvc.model.load import MAX_RATE
from perfsvc.model.load import MAX_VUS
from perfsvc.model.scene import MAX_STEPS
from perfsvc.service.auth.sessions import REFRESH_GRACE_S
from perfsvc.web.api.demo import demo_url
from perfsvc.web.api.live import MAX_VIEWERS
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.parsing import LARGEST_JSON
from perfsvc.web.framework.queries import LARGEST_PAGE
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import OPEN


class Limits(Response):
    """The most of each thing."""

    page_size: int
    upload_bytes: int
    body_bytes: int
    scene_steps: int
    vus: int
    arrival_rate: float
    live_viewers: int


class DemoTarget(Response):
    """A target of this service's own to try load tests on."""

    url: str


class AboutResponse(Response):
    """The service. ``registration_open``: strangers may register; ``token_seconds``: the life of an access token."""

    name: Literal["perfsvc"]
    version: str
    languages: list[Literal["zh", "en"]]
    registration_open: bool
    token_seconds: int
    refresh_grace_seconds: int
    demo: DemoTarget | None
    limits: Limits


class AboutHandler(Handler):
    @operation("服务信息", "What this service is", OPEN)
    async def get(self) -> AboutResponse:
        settings, url = self.context.settings, demo_url(self)
        limits = Limits(
            page_size=LARGEST_PAGE,
            upload_bytes=settings.max_datafile_size,
            body_bytes=min(settings.max_body_size, LARGEST_JSON),
            scene_steps=MAX_STEPS,
            vus=MAX_VUS,
            arrival_rate=MAX_RATE,
            live_viewers=MAX_VIEWERS,
        )
        return AboutResponse(
            name="perfsvc",
            version=__version__,
            languages=["zh", "en"],
            registration_open=settings.registration,
            token_seconds=settings.access_token_ttl,
            refresh_grace_seconds=REFRESH_GRACE_S,
            demo=None if url is None else DemoTarget(url=url),
            limits=limits,
        )


routes = [Route("/api/about/", AboutHandler)]
