"""Channels: opening them, and their state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import grpc.aio

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import RunContext
from perfsvc.plugin.failures import OTHER
from perfsvc.plugin.failures import connecting
from perfsvc.plugin.net.addresses import Info
from perfsvc.plugin.net.dial import Phases
from perfsvc.plugin.net.names import Lookup
from perfsvc.plugin.net.proxy import Proxy
from perfsvc.plugin.net.race import Race
from perfsvc_protocols.grpc import failures
from perfsvc_protocols.grpc.credentials import Credentials
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.schema import Method
from perfsvc_protocols.grpc.single_flight import SingleFlight
from perfsvc_protocols.grpc.spec import Options
from perfsvc_protocols.grpc.target import Target

READY = grpc.ChannelConnectivity.READY
FAILED_STATES = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)
PROBE_LIMIT_S = 1.0
RETIRE_S = 60.0
"""Grace for calls of other users on a channel that is retired."""

Kinds = dict[tuple[bool, bool], Callable[[grpc.aio.Channel], Callable[..., Any]]]

KINDS: Kinds = {
    (False, False): lambda channel: channel.unary_unary,
    (False, True): lambda channel: channel.unary_stream,
    (True, False): lambda channel: channel.stream_unary,
    (True, True): lambda channel: channel.stream_stream,
}


class MethodChannel:
    """A channel with the methods that were called on it."""

    __slots__ = ("_rpcs", "grpc_channel")

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.grpc_channel = channel
        self._rpcs: dict[str, Callable[..., Any]] = {}

    @property
    def connected(self) -> bool:
        """Whether the channel has a connection now."""
        return self.grpc_channel.get_state() is READY

    def rpc(self, method: Method) -> Callable[..., Any]:
        """Return the callable of a method, from bytes to bytes."""
        rpc = self._rpcs.get(method.path)
        if rpc is None:
            kind = KINDS[method.client_streaming, method.server_streaming]
            rpc = self._rpcs[method.path] = kind(self.grpc_channel)(method.path)
        return rpc


class ChannelDialer:
    """Opens a run's channels."""

    def __init__(self, options: Options, context: RunContext) -> None:
        self._authority = options.authority
        self._credentials = Credentials(options.tls)
        self._proxy = None if options.proxy is None else proxy_url(options.proxy, context)
        self._max_message_bytes = options.max_message_bytes
        self._lookup = Lookup(options, context)
        self._now_ns = context.now_ns
        self._retiring: set[asyncio.Task[None]] = set()

    async def open(self, target: Target, limit_s: float, number: int) -> tuple[MethodChannel, Phases]:
        """Return a channel to a target, and the phases of connecting; TLS is part of connecting, as the library has it.

        ``number`` is that of the user, or of the shared channel, that the address is for. Raises Failed. After
        cancellation an attempt may go on for ``limit_s``: the library cannot withdraw it.
        """
        begun = self._now_ns()
        try:
            addresses = await self._lookup.find(target.host, target.port, number)
        except Exception as error:
            refused = connecting(error)
            raise Failed(refused.error_class, str(refused)) from None
        resolved = self._now_ns()
        channel = await self._first(target, addresses, limit_s)
        return channel, (resolved - begun, self._now_ns() - resolved, 0)

    def retire(self, channel: MethodChannel) -> None:
        """Close a channel for new calls now, and for good when the calls of other users on it are over."""
        self._close(channel.grpc_channel, RETIRE_S)

    def _close(self, channel: grpc.aio.Channel, grace_s: float | None = None) -> None:
        task = asyncio.get_running_loop().create_task(channel.close(grace_s))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """End the channels that are still being retired."""
        retiring = list(self._retiring)
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)

    async def _first(self, target: Target, addresses: list[tuple[Any, ...]], limit_s: float) -> MethodChannel:
        """Connect to the first address that accepts (RFC 8305). Raises the error of the last one."""
        if len(addresses) == 1:
            return MethodChannel(await self._connected(target, addresses[0][4], limit_s))

        async def connect(info: Info) -> grpc.aio.Channel:
            return await self._connected(target, info[4], limit_s)

        race = Race(connect, addresses, self._close)
        try:
            channel, winner = await race.won()
        finally:
            for info in race.late:
                self._lookup.order.unreachable(info[4])
        self._lookup.order.reached(winner[4])
        return MethodChannel(channel)

    async def _connected(self, target: Target, address: tuple[Any, ...], limit_s: float) -> grpc.aio.Channel:
        """Connect to one address. Raises Failed."""
        channel = await self._channel(target, address, limit_s)
        try:
            refused = await _refusal(channel)
            if refused is not None:
                raise refused
        except BaseException:
            await channel.close()
            raise
        return channel

    async def _channel(self, target: Target, address: tuple[Any, ...], limit_s: float) -> grpc.aio.Channel:
        host, port = address[:2]
        place = f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
        if not target.secure:
            return grpc.aio.insecure_channel(place, self._options(target.authority, limit_s))
        trust = await self._credentials.of(target, address)
        # The library compares the authority of each call with the certificate, or with the name given here.
        options = self._options(target.authority if trust.name == target.host else trust.name, limit_s)
        options.append(("grpc.ssl_target_name_override", trust.name))
        return grpc.aio.secure_channel(place, trust.credentials, options)

    def _options(self, authority: str, limit_s: float) -> list[tuple[str, Any]]:
        options: list[tuple[str, Any]] = [
            # Otherwise channels to one address share one connection.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.default_authority", self._authority or authority),
            ("grpc.max_receive_message_length", self._max_message_bytes),
            ("grpc.max_send_message_length", -1),
            # What is measured is what was asked for: one attempt, straight to the target.
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", int(self._proxy is not None)),
            ("grpc.min_reconnect_backoff_ms", max(int(limit_s * 1000), 1)),
        ]
        if self._proxy is not None:
            options.append(("grpc.http_proxy", self._proxy))
        return options


def proxy_url(proxy: Proxy, context: RunContext) -> str:
    """The URL of a proxy as the library takes it, with the credentials inside. Raises InvalidInput."""
    host, port = proxy.place
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if proxy.username is None:
        return f"http://{place}"
    username, password = [
        _constant(name, text, context) for name, text in (("username", proxy.username), ("password", proxy.password))
    ]
    return f"http://{quote(username, safe='')}:{quote(password, safe='')}@{place}"


def _constant(name: str, text: str, context: RunContext) -> str:
    """A text without variables that change. Raises InvalidInput."""
    constant = context.template(text).constant
    if constant is None:
        raise InvalidInput.at(f"proxy.{name}", "不能包含变化的变量", "must not contain variables that change")
    return constant


class Route:
    """The channel to one target, of one user or of many; dialled when it is first needed and whenever it broke."""

    __slots__ = ("_channel", "_dialer", "_dialling", "_number", "target")

    def __init__(self, target: Target, dialer: ChannelDialer, number: int) -> None:
        self.target = target
        self._dialer = dialer
        self._number = number
        self._dialling = SingleFlight(self._dial)
        self._channel: MethodChannel | None = None

    @property
    def channel(self) -> MethodChannel | None:
        """The channel, while it is connected."""
        channel = self._channel
        return channel if channel is not None and channel.connected else None

    async def open(self, limit_s: float) -> tuple[MethodChannel, Phases | None]:
        """Return the channel, and the phases of connecting where it was opened for this caller. Raise Failed."""
        channel = self.channel
        if channel is not None:
            return channel, None
        (channel, phases), first = await self._dialling.join(limit_s)
        return channel, phases if first else None

    def lost(self, channel: MethodChannel) -> None:
        """Drop a channel that a call found broken."""
        if channel is self._channel:
            self.drop()

    def drop(self) -> None:
        """Retire the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            self._dialer.retire(channel)

    async def close(self) -> None:
        """Close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.grpc_channel.close()

    async def _dial(self, limit_s: float) -> tuple[MethodChannel, Phases]:
        self.drop()
        channel, phases = await self._dialer.open(self.target, limit_s, self._number)
        self._channel = channel
        return channel, phases


async def _refusal(channel: grpc.aio.Channel) -> Failed | None:
    """Connect a channel. Return the error, or None."""
    state = channel.get_state(try_to_connect=True)
    while state is not READY:
        if state in FAILED_STATES:
            return await _cause(channel)
        await channel.wait_for_state_change(state)
        state = channel.get_state(try_to_connect=True)
    return None


async def _cause(channel: grpc.aio.Channel) -> Failed:
    """Return why a channel could not connect, by a call that fails at once: the library has no other way."""
    try:
        check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
        await check(b"", timeout=PROBE_LIMIT_S)
    except grpc.aio.AioRpcError as error:
        return failures.of(error) or Failed(OTHER, error.details() or "")
    return Failed(OTHER, "the connection came and went")
