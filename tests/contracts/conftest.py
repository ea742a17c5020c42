"""The contract tests' fixtures."""

from tests.support.web_fixtures import api
from tests.support.web_fixtures import app
from tests.support.web_fixtures import base_url
from tests.support.web_fixtures import changes
from tests.support.web_fixtures import http_server
from tests.support.web_fixtures import io_loop
from tests.support.web_fixtures import ui_assets
from tests.support.web_fixtures import world

__all__ = ["api", "app", "base_url", "changes", "http_server", "io_loop", "ui_assets", "world"]
