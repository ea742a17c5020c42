"""libcurl as a run's transport."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols.http.curl.driver import Driver
from perfsvc_protocols.http.curl.session import CurlSession
from perfsvc_protocols.http.curl.settings import Settings
from perfsvc_protocols.http.listening_user import listening_kind
from perfsvc_protocols.http.spec import Options

LISTENING: type[CurlSession] = listening_kind(CurlSession)


class CurlTransport:
    """Shared by the sessions of a run. Nothing is opened before the first request: compiling needs no event loop."""

    def __init__(self, options: Options, context: RunContext, dialer: Dialer) -> None:
        """Raises InvalidInput."""
        self._options = options
        self._now_ns = context.now_ns
        self._settings = Settings(options, context, dialer)
        self._driver: Driver | None = None

    def session(self, scope: Scope, done: Callable[[Reply], None], *, listens: bool) -> CurlSession:
        """A session for one virtual user."""
        kind = LISTENING if listens else CurlSession
        return kind(scope, done, self._options, self._settings, self._running, self._now_ns)

    def close(self) -> None:
        """Ends everything that still stands."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _running(self) -> Driver:
        if self._driver is None:
            shared = self._options.shared_connections
            kept = max(shared, 1) * self._options.max_connections
            self._driver = Driver(connections_per_host=shared, connections=kept)
        return self._driver
