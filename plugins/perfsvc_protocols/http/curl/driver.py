"""libcurl's multi interface on the event loop: one for all users of a run."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pycurl

MILLISECOND = 0.001
NEVER = -1
MANY_STREAMS = 2**31 - 1
RESTRAINED_S = 1.0
"""After this time a connection takes more streams although no transfer has ended: the first may be endless."""


class TransferListener(Protocol):
    """The user of a handle."""

    def completed(self, code: int, message: str) -> None:
        """The transfer ended; ``code`` is libcurl's, 0 for a reply. Called once, never from inside ``start``."""
        ...


class Driver:
    """Connects libcurl's multi interface with the event loop, and reports completed transfers.

    libcurl stops watching a socket when a request on it ends, and watches it again for the next request, which mostly
    starts a moment later, inside the callback of that end. So the loop keeps watching a socket until that callback is
    over: removing and adding it again would cost four system calls.
    """

    def __init__(self, connections_per_host: int, connections: int) -> None:
        """``connections_per_host``: limit per host, 0 for none. ``connections``: limit of idle ones per cache."""
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._shared = connections_per_host > 0
        self._young = False
        self._restrained: asyncio.TimerHandle | None = None
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._remember)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections_per_host)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._opened: dict[pycurl.Curl, set[int]] = {}
        self._openers: dict[int, pycurl.Curl] = {}
        self._listeners: dict[pycurl.Curl, TransferListener] = {}
        self._running = 0
        self._closed = False
        self._inside = False
        self._settling: asyncio.Handle | None = None
        self._due_ms: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watched: dict[int, int] = {}
        self._let_go: set[int] = set()

    def start(self, handle: pycurl.Curl, listener: TransferListener) -> None:
        """Send the request of a handle."""
        self._listeners[handle] = listener
        self._multi.add_handle(handle)
        self._running += 1
        _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        if self._young:
            self._restrain()
        if not self._inside:
            self._tidy()  # at once: the loop must never poll a descriptor that libcurl has closed
            if running < self._running:
                self._settle_soon()

    def cancel(self, handle: pycurl.Curl) -> None:
        """Abandon a request without a callback; its connection is not reused."""
        if self._listeners.pop(handle, None) is not None:
            self._multi.remove_handle(handle)
            self._running -= 1
            if not self._inside:
                self._tidy()
            self._settle_soon()

    def opened(self, handle: pycurl.Curl | None, descriptor: int) -> None:
        """There is a new socket, of one handle or of all: what was watched under its number is gone.

        A server says how many streams it takes only when it is connected, and libcurl does not wait for that. So over
        shared connections there is one stream until a transfer has ended.
        """
        self._young = self._shared
        self._unwatch(descriptor)
        former = self._openers.pop(descriptor, None)
        if former is not None:
            self._opened[former].discard(descriptor)
        if handle is not None:
            self._openers[descriptor] = handle
            self._opened.setdefault(handle, set()).add(descriptor)

    def closing(self, handle: pycurl.Curl) -> None:
        """Stop watching the connections of a handle before it is closed: libcurl does not report that."""
        for descriptor in self._opened.pop(handle, ()):
            self._unwatch(descriptor)
            del self._openers[descriptor]

    def close(self) -> None:
        """Ends everything."""
        for handle in list(self._listeners):
            self.cancel(handle)
        for timer in (self._timer, self._settling, self._restrained):
            if timer is not None:
                timer.cancel()
        self._timer = self._settling = self._restrained = None
        self._closed = True
        for descriptor in list(self._watched):
            self._unwatch(descriptor)
        self._multi.close()

    # Called by libcurl

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if self._closed:  # closing handshakes of connections
            return
        if what == pycurl.POLL_REMOVE:
            self._let_go.add(descriptor)
            return
        self._let_go.discard(descriptor)
        before = self._watched.get(descriptor, 0)
        if what != before:
            self._watched[descriptor] = what
            self._adjust(descriptor, before, what)

    def _adjust(self, descriptor: int, before: int, after: int) -> None:
        if after & ~before & pycurl.POLL_IN:
            self._loop.add_reader(descriptor, self._act, descriptor, pycurl.CSELECT_IN)
        if before & ~after & pycurl.POLL_IN:
            self._loop.remove_reader(descriptor)
        if after & ~before & pycurl.POLL_OUT:
            self._loop.add_writer(descriptor, self._act, descriptor, pycurl.CSELECT_OUT)
        if before & ~after & pycurl.POLL_OUT:
            self._loop.remove_writer(descriptor)

    def _unwatch(self, descriptor: int) -> None:
        self._let_go.discard(descriptor)
        before = self._watched.pop(descriptor, 0)
        if before:
            self._adjust(descriptor, before, 0)

    def _remember(self, milliseconds: int) -> None:
        self._due_ms = None if milliseconds == NEVER and self._timer is None else milliseconds

    # Called by the event loop

    def _act(self, descriptor: int, events: int) -> None:
        if descriptor in self._let_go:  # closed by libcurl, in a callback before this one
            self._unwatch(descriptor)
            return
        self._inside = True
        _, running = self._multi.socket_action(descriptor, events)
        if self._young:
            self._restrain()
        if running < self._running:
            self._complete()
        if self._let_go or self._due_ms is not None:
            self._tidy()
        self._inside = False

    def _due(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _restrain(self) -> None:
        """Limit connections to one stream; called when libcurl has opened a socket, before that is connected."""
        self._young = False
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, 1)
        if self._restrained is None:
            self._restrained = self._loop.call_later(RESTRAINED_S, self._unrestrain)

    def _unrestrain(self) -> None:
        if self._restrained is not None:
            self._restrained.cancel()
            self._restrained = None
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, MANY_STREAMS)

    def _settle_soon(self) -> None:
        if self._settling is None:
            self._settling = self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._settling = None
        self._inside = True
        self._complete()
        self._tidy()
        self._inside = False

    def _tidy(self) -> None:
        while self._let_go:
            self._unwatch(next(iter(self._let_go)))
        due_ms, self._due_ms = self._due_ms, None
        if due_ms is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_ms != NEVER:
            self._timer = self._loop.call_later(due_ms * MILLISECOND, self._due)

    def _complete(self) -> None:
        """Report all requests that have ended, also those that end during these callbacks."""
        while True:
            _, good, bad = self._multi.info_read()
            if not good and not bad:
                return
            for handle in good:
                self._end(handle, 0, "")
            for handle, code, message in bad:
                self._end(handle, code, message)

    def _end(self, handle: pycurl.Curl, code: int, message: str) -> None:
        listener = self._listeners.pop(handle, None)
        if listener is None:  # abandoned during the callback of another
            return
        self._multi.remove_handle(handle)
        self._running -= 1
        if self._restrained is not None:
            self._unrestrain()
        try:
            listener.completed(code, message)
        except Exception as error:
            context = {"message": "an HTTP session raised when its request had ended", "exception": error}
            self._loop.call_exception_handler(context)
