"""One virtual user as a UDP client: its sockets, and one request at a time."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any
from typing import cast

from perfsvc.plugin import ABORTED
from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import Failed
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.names import Lookup
from perfsvc.plugin.net.sources import Sources
from perfsvc_protocols._net.endpoint import Endpoint
from perfsvc_protocols._net.session import EndpointSession
from perfsvc_protocols.udp.calls import UdpCall
from perfsvc_protocols.udp.flight import Arrival
from perfsvc_protocols.udp.flight import Flight
from perfsvc_protocols.udp.spec import Options

NS_PER_MS = 1_000_000
HELD_UP_S = 0.005
NO_MORE = 0.0
"""A wait is lengthened once."""
MAX_PAYLOAD = 65_507
"""Largest payload of a datagram: 65,535 bytes without the headers of IPv4 and UDP."""
NEVER_SENT = (errno.ECONNREFUSED, errno.EMSGSIZE)


class Socket(asyncio.DatagramProtocol):
    """One socket of a session; without callbacks once ``session`` is None."""

    def __init__(self, session: UdpSession) -> None:
        self.session: UdpSession | None = session
        self.full = False
        self.send: Callable[[bytes], None]
        self._transport: asyncio.DatagramTransport

    def close(self) -> None:
        """Close the socket; no more callbacks."""
        self.session = None
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.send = self._transport.sendto

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.session is not None:
            self.session.received(data)

    def error_received(self, exc: Exception) -> None:
        if self.session is not None:
            self.session.refused(exc)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.session is not None:
            self.session.resumed()


class UdpSession(EndpointSession):
    """Sends the datagrams of a request and takes the replies to them.

    Duplicates, and replies that come too late, are counted with the request that is under way when they come.
    """

    __slots__ = (
        "_call",
        "_counters",
        "_data",
        "_first",
        "_flight",
        "_left",
        "_received",
        "_requests",
        "_resources",
        "_sent",
        "_sockets",
        "_timer",
        "_trips_ns",
    )

    def __init__(self, scope: Scope, done: Callable[[Reply], None], resources: RunResources) -> None:
        super().__init__(scope, done, resources.now_ns, resources.options.new_sockets_each_iteration)
        # For the lifetime of the user
        self._counters: dict[str, float] = {}
        self._flight = Flight()
        self._requests = 0
        self._resources = resources
        self._sockets: list[Socket] = []
        # For one request
        self._first = self._left = self._received = self._sent = self._trips_ns = 0
        self._call: UdpCall
        self._data = b""
        self._timer: asyncio.Handle | None = None

    def start(self, call: UdpCall) -> None:
        endpoint = call.target.constant or call.target.of(self.scope)
        data = call.payload.render(self.scope)
        if len(data) > MAX_PAYLOAD:
            raise NotSent(failures.INVALID_REQUEST, f"a datagram of {len(data)} bytes exceeds {MAX_PAYLOAD}")
        self._begins()
        self._call = call
        self._data = data
        if self._sockets and endpoint == self._endpoint:
            self._begin()
        else:
            self._go_to(endpoint)

    def abort(self, error_class: str) -> None:
        if not self._busy:
            return
        self._stop_dialling()
        if self._call.sequence is None:  # a late reply could not be distinguished from the next one
            self.reset()
        self._fail(error_class, "")

    def reset(self) -> None:
        for each in self._sockets:
            each.close()
        self._sockets = []
        self._flight = Flight()

    # On the way out

    async def _dial(self, endpoint: Endpoint) -> None:
        try:
            addresses = await self._resources.lookup.find(endpoint.host, endpoint.port, self.scope.vu)
            resolved = self._now_ns()
            for _ in range(self._resources.options.sockets):
                self._sockets.append(await _opened(self, self._resources.socket(addresses[0], self.scope.vu)))
        except Exception as error:
            failure = failures.connecting(error)
            self._fail(failure.error_class, str(failure))
        else:
            self._dialing = None
            self.reply.connected = resolved - self._requested_ns, self._now_ns() - resolved, 0
            self._begin()

    def _begin(self) -> None:
        reply = self.reply
        reply.sent = True
        reply.started_ns = self._now_ns()
        self._first = self._flight.next
        self._left = self._call.count
        self._received = self._sent = self._trips_ns = 0
        self._send()

    def _send(self) -> None:
        """Send the remaining datagrams, at once or one per interval."""
        call, request = self._call, self._requests
        self._timer = None
        while self._left:
            self._left -= 1
            self._send_one(call)
            if request != self._requests:  # the loop reports an error inside the call, which ends the request
                return
            if self._left and call.interval_s:
                self._timer = asyncio.get_running_loop().call_later(call.interval_s, self._send)
                return
        if call.one_way:
            if not any(each.full for each in self._sockets):
                self._timer = asyncio.get_running_loop().call_soon(self._finish)
        elif call.wait_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(call.wait_s, self._waited, loop.time() + call.wait_s)

    def _send_one(self, call: UdpCall) -> None:
        number = self._flight.send(self._now_ns())
        data = self._data if call.sequence is None else call.sequence.written(self._data, number)
        self.reply.sent_payload = data
        self.reply.bytes_sent += len(data)
        self._sent += 1
        self._count("datagrams_sent")
        self._sockets[number % len(self._sockets)].send(data)

    def _waited(self, due: float) -> None:
        """End the wait. If the loop was blocked and is late, wait as long again for replies that are not read yet."""
        loop = asyncio.get_running_loop()
        late = loop.time() - due
        self._timer = None
        if due and late > HELD_UP_S:
            self._timer = loop.call_later(late, self._waited, NO_MORE)
        elif self._received:
            self._finish()
        else:
            self.abort(TIMEOUT)

    # On the way back

    def received(self, data: bytes) -> None:
        """Handle a received datagram."""
        now = self._now_ns()
        call = self._call
        self._count("datagrams_received")
        if call.sequence is not None:
            self._numbered(data, call.sequence.number(data), now)
        elif not self._busy or call.one_way or (call.match is not None and not call.match(self._data, data)):
            self._count("unmatched")
        else:
            self._flight.arrive(self._first, now)
            self._answered(data, now)

    def refused(self, error: Exception) -> None:
        """Handle an ICMP error: the datagrams did not reach the endpoint."""
        if not self._busy:
            return
        reply = self.reply
        reply.sent = getattr(error, "errno", None) not in NEVER_SENT
        if not reply.sent:
            reply.bytes_sent = 0
        self._fail(failures.broken(error), str(error))

    def resumed(self) -> None:
        """The write buffer is empty again."""
        if self._busy and self._call.one_way and not self._left and self._timer is None:
            self._finish()

    def _numbered(self, data: bytes, number: int | None, now: int) -> None:
        if number is None:
            self._garbled(data)
            return
        arrival = self._flight.arrive(number, now)
        if arrival is Arrival.UNKNOWN:
            self._count("unmatched")
        elif arrival is Arrival.DUPLICATE:
            self._count("duplicates")
        else:
            if self._flight.overtaken:
                self._count("reordered")
            if self._busy and number >= self._first and not self._call.one_way:
                self._answered(data, now)
            else:
                self._count("late")

    def _answered(self, data: bytes, now: int) -> None:
        reply = self.reply
        reply.payload = data
        reply.bytes_received += len(data)
        if not reply.waiting_ns:
            reply.waiting_ns = now - reply.started_ns
        self._received += 1
        self._trips_ns += self._flight.trip_ns
        if self._received == self._call.count:
            self._finish()

    def _garbled(self, data: bytes) -> None:
        self._count("unmatched")
        if self._busy and self._call.count == 1:
            self.reply.payload = data
            self.reply.bytes_received += len(data)
            self._fail(failures.PROTOCOL, "the reply is too short to hold a sequence number")

    def _count(self, name: str) -> None:
        self._counters[name] = self._counters.get(name, 0) + 1

    # The end of a request

    def _finish(self) -> None:
        self._busy = False
        self._requests += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        reply = self.reply
        reply.ended_ns = self._now_ns()
        missing = self._sent - self._received
        if reply.sent and missing and reply.failure != ABORTED and not self._call.one_way:
            self._counters["lost"] = self._counters.get("lost", 0) + missing
        if self._counters:
            reply.counters, self._counters = self._counters, {}
        if self._received:
            reply.gauges = self._gauges()
        self.done(reply)

    def _gauges(self) -> dict[str, float]:
        gauges = {"round_trip_ms": self._trips_ns / self._received / NS_PER_MS}
        if self._flight.jitter_ns is not None:
            gauges["jitter_ms"] = self._flight.jitter_ns / NS_PER_MS
        return gauges

    def _fail(self, error_class: str, message: str) -> None:
        if not self.reply.sent:
            self._received = 0
            self.reset()
        self._failed(error_class, message)
        self._finish()


class RunResources:
    """Resources shared by all users of a run."""

    def __init__(self, options: Options, context: RunContext) -> None:
        self.options = options
        self.now_ns = context.now_ns
        self.lookup = Lookup(options, context)
        self._sources = Sources(options.source_addresses)

    def socket(self, address: tuple[Any, ...], vu: int) -> socket.socket:
        """A user's socket, connected to one address. Raises OSError and Failed."""
        made = socket.socket(address[0], socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            self._sources.bind(made, vu)
            made.connect(address[4])
        except (OSError, Failed):
            made.close()
            raise
        return made


async def _opened(session: UdpSession, made: socket.socket) -> Socket:
    """A socket as the loop has it."""
    loop = asyncio.get_running_loop()
    opening = loop.create_task(loop.create_datagram_endpoint(lambda: Socket(session), sock=made))
    try:
        _, protocol = await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Closing a socket that uvloop is about to watch would hang the whole loop: it ends once it stands.
        opening.add_done_callback(lambda opened: opened.result()[0].abort())
        raise
    return protocol
