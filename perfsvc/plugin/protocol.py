"""Interface of protocols.

A ``Protocol`` object serves one run on one node. It compiles each step's request once into a ``Call`` and opens one
``Session`` per virtual user. The engine then drives the sessions::

    session.start(call)          begin one request; return at once
    ... the reply is complete ...
    done(session.reply)          exactly once for each start, never from inside start

In ``done`` the engine records, checks and continues with the next step, so calling it promptly is what makes a
protocol fast. A session that is easier to write as a coroutine derives from ``AsyncSession``.

A plugin translates the errors of the library that it uses: a failed request is a reply with ``failure`` set, never an
exception out of a callback.
"""

from __future__ import annotations

import random
from abc import ABC
from abc import abstractmethod
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from perfsvc.errors import InvalidInput
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.functions.function import NotSent as NotSent
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.template import Template

TIMEOUT = "Timeout"
"""The error class of a request that exceeded its time limit."""
ABORTED = "Aborted"
"""The error class of a request that the engine itself cut off; never counted against the target."""


class TargetDenied(Exception):
    """The address is not one this installation may send load to."""


class Excerpt(NamedTuple):
    """Error sample of a failed request; the engine masks secrets in it and truncates the body."""

    request: str
    response_head: str
    body: bytes


class Redirect(NamedTuple):
    """An exchange whose reply led to another request. Times are readings of ``RunContext.now_ns``."""

    status: int
    location: str
    """Where the next request went."""
    request: str
    response_head: str
    started_ns: int
    ended_ns: int


class Scope:
    """State of one virtual user: number, iteration, variables, cookies, random generator."""

    __slots__ = ("_random", "_seed", "cookies", "iteration", "variables", "vu")

    cookies: Any
    """The user's cookie jar, shared by the protocols that speak HTTP; None before the first cookie."""

    def __init__(self, vu: int, seed: int) -> None:
        self.vu = vu
        self.cookies = None
        self.iteration = 0
        self.variables: dict[str, Any] = {}
        self._seed = seed
        self._random: random.Random | None = None

    @property
    def random(self) -> random.Random:
        """Random numbers that the run's seed and the user's number decide. Made on first use: 2.5 KB."""
        if self._random is None:
            self._random = random.Random(f"{self._seed}/{self.vu}")  # noqa: S311 - repeatable on purpose
        return self._random


class Reply(ABC):
    """The outcome of one request. A session may reuse one object: read it inside ``done``.

    Times are readings of ``RunContext.now_ns``. ``started_ns`` is the moment the request was handed to the network,
    on a connection that is ready; opening one is recorded in ``connected``. ``sent`` is False if nothing was sent.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "connected",
        "counters",
        "ended_ns",
        "failure",
        "gauges",
        "message",
        "sent",
        "started_ns",
        "status",
        "waiting_ns",
    )

    status: int
    """The protocol's status code, or 0."""
    failure: str | None
    """The error class of a request that got no usable reply (``Timeout``, ``Connection Error: refused`` …)."""
    message: str
    """Details of the failure, for users."""
    sent: bool
    started_ns: int
    ended_ns: int
    waiting_ns: int
    """From ``started_ns`` to the first byte of the reply."""
    connected: tuple[int, int, int] | None
    """Nanoseconds for DNS, connecting and TLS, when this request opened a connection."""
    bytes_sent: int
    bytes_received: int
    counters: Mapping[str, float] | None
    """Counters of the protocol (messages, losses …) by name, summed over requests, users and nodes.

    If mostly equal, one shared ``types.MappingProxyType`` for all requests costs next to nothing.
    """
    gauges: dict[str, float] | None
    """Measurements of the protocol by name (jitter, time of a ping …); averages and maxima are reported."""

    def __init__(self) -> None:
        self.counters = self.gauges = None
        self.reset()

    def reset(self) -> None:
        """Back to a reply of which nothing is known."""
        self.status = self.started_ns = self.ended_ns = self.waiting_ns = self.bytes_sent = self.bytes_received = 0
        self.failure, self.message, self.sent, self.connected = None, "", False, None
        self.counters = self.gauges = None

    @abstractmethod
    def header(self, name: str) -> str | None:
        """A header (metadata, trailer) by its name in any case; needs ``ReplyParts.headers``."""

    def header_values(self, name: str) -> list[str]:
        """The values of a header that may come several times, in order; needs ``ReplyParts.headers``."""
        value = self.header(name)
        return [] if value is None else [value]

    @abstractmethod
    def body(self) -> bytes:
        """The decoded body, a text in UTF-8 (see ``perfsvc.plugin.body``); needs ``ReplyParts.body``."""

    @abstractmethod
    def excerpt(self) -> Excerpt:
        """The request and the reply as far as they are still known; asked for only when a request failed."""

    def redirects(self) -> list[Redirect]:
        """Return the exchanges before the last one, in order, where redirects were followed; asked for by trials."""
        return []

    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body().decode("utf-8", "replace")


class Call:
    """One step's request, compiled. Protocols derive their own; the engine knows only the time limit."""

    __slots__ = ("timeout_ns",)

    def __init__(self, timeout_ns: int) -> None:
        self.timeout_ns = timeout_ns


Done = Callable[[Reply], None]


MOST_OPERATIONS = 1000
"""Operations of a target that a form shows."""


class Operation(NamedTuple):
    """An operation of a target (a method, a topic, a command …) that a form offers to choose from."""

    name: str
    kind: Text
    request: Mapping[str, Any]
    """Fields of a step's ``request`` that it sets."""


class Unlisted(NamedTuple):
    """A part of a target whose operations cannot be listed, with the cause."""

    name: str
    reason: Text


class Session(ABC):
    """One virtual user's side of a protocol: its connections, cookies and credentials."""

    __slots__ = ("done", "scope")

    def __init__(self, scope: Scope, done: Done) -> None:
        self.scope = scope
        self.done = done

    @abstractmethod
    def start(self, call: Any) -> None:
        """Begin a request. Returns at once; ``done`` is called later, once.

        Raises NotSent or MissingVariable when nothing can be sent; ``done`` is then not called.
        """

    @abstractmethod
    def abort(self, error_class: str) -> None:
        """Give up the request in flight: ``done`` gets a reply with this failure, at once. Idle: do nothing.

        Whatever the request had been using (a half-read connection) must not be used again.
        """

    def partial_counters(self) -> Mapping[str, float] | None:
        """Return what the request in flight has counted since the last call, or None; the reply then has the rest.

        Called once a second for protocols with ``counts_in_flight``.
        """
        return None

    def reset(self) -> None:  # noqa: B027 - most protocols keep everything between iterations
        """Forget cookies and close connections: a new iteration begins and the plan wants a fresh user."""

    async def close(self) -> None:  # noqa: B027 - nothing held, nothing to close
        """The virtual user ends; called once, with nothing in flight."""


def no_files(name: str) -> Path:
    """Find no file: for runs without files. Raises InvalidInput."""
    raise InvalidInput.at("$", f"没有文件 {name}", f"there is no file {name}")


class RunContext(NamedTuple):
    """Inputs of a protocol from a run."""

    base_url: str
    headers: Mapping[str, str]
    """Headers of the environment, for every request."""
    template: Callable[[str], Template]
    """Compiles a text with ``{{name}}`` in it; environment variables become constants."""
    now_ns: Callable[[], int]
    resolve: Callable[[str, int], Awaitable[list[tuple[Any, ...]]]]
    """Host and port to ``getaddrinfo`` tuples (family, type, proto, canonname, sockaddr), cached as the run asks.

    Raises OSError when the name is unknown and TargetDenied when no address is allowed.
    """
    file: Callable[[str], Path] = no_files
    """A file of the project by its name or id, or one beside the plan file. Raises InvalidInput; safe to open."""


class Protocol(ABC):
    """A protocol under a lower-case ``name``.

    ``Request`` validates a step's ``request``; ``Options`` the run-wide ``execution_config.protocol_options[name]``.
    Both become JSON Schema with titles in both languages.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    Request: ClassVar[type[Spec]]
    Options: ClassVar[type[Spec]]
    has_operations: ClassVar[bool] = False
    """Whether ``operations`` has something to return."""
    counts_in_flight: ClassVar[bool] = False
    """Whether counters of unfinished requests are read each second: see ``Session.partial_counters``."""

    def __init__(self, options: Any, context: RunContext) -> None:
        self.options = options
        self.context = context

    @abstractmethod
    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> Call:
        """A step's validated request, made ready. Raises InvalidInput with paths relative to ``request``."""

    @abstractmethod
    def session(self, scope: Scope, done: Done) -> Session:
        """A session for one virtual user. Does no I/O: connections are opened by the first request.

        All steps of a run are compiled before the first session is asked for.
        """

    async def operations(self, request: Mapping[str, Any], limit_s: float) -> Sequence[Operation | Unlisted]:
        """Return what the target offers to a step that is being written: ``request`` is the step's, unfinished.

        Parts of the target that cannot be listed are ``Unlisted`` among the others, in any place.
        The service shows MOST_OPERATIONS of them and marks a longer list as truncated. It cancels the call after
        ``limit_s``. Raise InvalidInput with paths relative to ``request``, Failed when the target cannot be reached.
        """
        return ()

    def status_failure(self, status: int) -> str | None:
        """The error class of a status that counts as a failure where the step itself does not check the status."""
        return None

    async def close(self) -> None:  # noqa: B027 - nothing shared, nothing to close
        """The run ends; called once, after all sessions were closed."""
