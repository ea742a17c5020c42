"""The application with all routes, and its HTTP server with all limits."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

from tornado.httpserver import HTTPServer
from tornado.web import Application

from perfsvc.service.services import Services
from perfsvc.settings import Settings
from perfsvc.web import demo as demo_target
from perfsvc.web import docs
from perfsvc.web import ui
from perfsvc.web.api import about
from perfsvc.web.api import api_tokens
from perfsvc.web.api import data_preview
from perfsvc.web.api import datafiles
from perfsvc.web.api import demo
from perfsvc.web.api import envs
from perfsvc.web.api import executions
from perfsvc.web.api import health
from perfsvc.web.api import live
from perfsvc.web.api import nodes
from perfsvc.web.api import pins
from perfsvc.web.api import plan_preview
from perfsvc.web.api import plans
from perfsvc.web.api import plugins
from perfsvc.web.api import presets
from perfsvc.web.api import project_files
from perfsvc.web.api import projects
from perfsvc.web.api import reports
from perfsvc.web.api import run_windows
from perfsvc.web.api import runs
from perfsvc.web.api import scenes
from perfsvc.web.api import schemas
from perfsvc.web.api import trials
from perfsvc.web.api import users
from perfsvc.web.framework.access_log import AccessLog
from perfsvc.web.framework.assets import Assets
from perfsvc.web.framework.assets import built_ui
from perfsvc.web.framework.body_limit import BodyLimit
from perfsvc.web.framework.body_limit import Uploads
from perfsvc.web.framework.context import Traffic
from perfsvc.web.framework.context import WebContext
from perfsvc.web.framework.openapi import describe
from perfsvc.web.framework.responses import Description
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.routing import check
from perfsvc.web.framework.upload import UploadHandler

IDLE_CONNECTION_S = 75.0
BODY_S = 60.0
UPLOAD_S = 3600.0
LARGEST_HEADER = 65_536
PING_S = 20.0
PONG_S = 10.0
LARGEST_MESSAGE = 4096
"""Limit for messages from viewers of a live feed: a token at most."""

ROUTES: tuple[Route, ...] = (
    *about.routes,
    *users.routes,
    *api_tokens.routes,
    *demo.routes,
    *projects.routes,
    *project_files.routes,
    *envs.routes,
    *trials.routes,
    *scenes.routes,
    *datafiles.routes,
    *plan_preview.routes,
    *plans.routes,
    *data_preview.routes,
    *executions.routes,
    *run_windows.routes,
    *pins.routes,
    *runs.routes,
    *presets.routes,
    *reports.routes,
    *plugins.routes,
    *schemas.routes,
    *nodes.routes,
    *health.routes,
    *live.routes,
    *docs.routes,
    *demo_target.routes,
    *ui.routes,
)

UPLOADED = [re.compile(route.pattern) for route in ROUTES if issubclass(route.handler, UploadHandler)]
"""Paths whose handlers receive files."""


@lru_cache(maxsize=4)
def description_of(routes: tuple[Route, ...]) -> Description:
    """The description of the routes. Kept, since it depends on nothing else and takes a while."""
    return Description.model_validate(describe(routes))


def make_application(
    services: Services, settings: Settings, routes: tuple[Route, ...] = ROUTES, assets: Assets | None = None
) -> Application:
    """The application over the services. Raises StartupError for a route without a rule."""
    check(routes)
    traffic = Traffic()
    context = WebContext(services, settings, traffic, description_of(routes), built_ui() if assets is None else assets)
    return Application(
        [route.spec(context) for route in routes],
        default_handler_class=ui.EveryOtherAddress,
        default_handler_args={"context": context},
        log_function=AccessLog(traffic),
        trusted_origins=settings.cors_origins,
        compress_response=True,
        websocket_ping_interval=PING_S,
        websocket_ping_timeout=PONG_S,
        websocket_max_message_size=LARGEST_MESSAGE,
    )


def make_server(application: Application, settings: Settings) -> HTTPServer:
    """A server for the application, not yet listening, with every limit set."""
    return HTTPServer(
        BodyLimit(application, settings.max_body_size, Uploads(UPLOADED, settings.max_datafile_size, UPLOAD_S)),
        xheaders=settings.trust_proxy,
        max_body_size=sys.maxsize,  # BodyLimit enforces the limit and sends the 413
        max_buffer_size=settings.max_body_size,
        max_header_size=LARGEST_HEADER,
        idle_connection_timeout=IDLE_CONNECTION_S,
        body_timeout=BODY_S,
    )
