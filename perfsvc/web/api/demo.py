"""One call from nothing to plans that can be started."""

from __future__ import annotations

import socket

from perfsvc.errors import NotFound
from perfsvc.model.entities import Role
from perfsvc.model.test_mode import TestMode
from perfsvc.service.demo import DemoForm
from perfsvc.web.api.projects import ProjectResponse
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED


class DemoPlan(Response):
    """A plan of the demo project."""

    id: int
    name: str
    test_mode: TestMode


class DemoProjectResponse(Response):
    """The demo project with what is in it."""

    project: ProjectResponse
    env_id: int
    scene_id: int
    plans: list[DemoPlan]


def demo_url(handler: Handler) -> str | None:
    """The demo target, by the address at which this server took the request; None where it is off."""
    if not handler.context.settings.demo:
        return None
    stream = getattr(handler.request.connection, "stream", None)
    connected: socket.socket | None = getattr(stream, "socket", None)
    if connected is None or connected.family not in (socket.AF_INET, socket.AF_INET6):
        return f"{handler.request.protocol}://{handler.request.host}/demo/"
    host, port = connected.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/demo/"


class DemoHandler(Handler):
    @operation(
        "创建演示项目，已有时返回原项目",
        "Make a project for the demo target, or return the one that is there",
        AUTHENTICATED,
        status=201,
        optional=True,
        repeatable=True,
    )
    async def post(self, body: DemoForm) -> DemoProjectResponse:
        url = demo_url(self)
        if url is None:
            raise NotFound("演示目标已关闭", "the demo target is off")
        demo = await self.services.demo.make(self.user, body.language or self.language, url.rstrip("/"))
        self.found_existing = not demo.new
        return DemoProjectResponse(
            project=ProjectResponse.of(demo.project, Role.OWNER),
            env_id=demo.env.id,
            scene_id=demo.scene.id,
            plans=[DemoPlan(id=plan.id, name=plan.name, test_mode=plan.config.test_mode) for plan in demo.plans],
        )


routes = [Route("/api/projects/demo/", DemoHandler)]
