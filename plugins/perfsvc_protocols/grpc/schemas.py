"""Schemas of a run: from its proto files, or by server reflection at the first call."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Unlisted
from perfsvc_protocols.grpc import protoc
from perfsvc_protocols.grpc import reflection
from perfsvc_protocols.grpc.channels import ChannelDialer
from perfsvc_protocols.grpc.failures import SCHEMA
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.metadata import Pairs
from perfsvc_protocols.grpc.schema import Method
from perfsvc_protocols.grpc.schema import Schema
from perfsvc_protocols.grpc.single_flight import SingleFlight
from perfsvc_protocols.grpc.spec import Options
from perfsvc_protocols.grpc.target import Target


class Schemas:
    """Finds methods. Schemas from reflection are cached for the run, failures are not."""

    def __init__(self, options: Options, dialer: ChannelDialer) -> None:
        """Compile the proto files of the options, if any; ``dialer`` is for reflection. Raise InvalidInput."""
        self._from_files = protoc.schema_of(options.protos) if options.protos else None
        self._dialer = dialer
        self._reflected: dict[tuple[Target, str], Schema] = {}
        self._requesting: dict[tuple[Target, str], SingleFlight[[Target, str, Pairs, float], Schema]] = {}

    def from_files(self, path: str) -> Method | None:
        """Return the method if there are ``.proto`` files. Raise InvalidInput at ``method`` if it is not in them."""
        if self._from_files is None:
            return None
        try:
            return self._from_files.method(path)
        except Fault as fault:
            raise InvalidInput.at("method", *fault.problems[0].text) from None

    async def reflected(self, target: Target, path: str, metadata: Pairs, limit_s: float) -> Method:
        """Return the method, from reflection with the metadata of the first caller. Raise Failed.

        An attempt to connect, and the reflection after it, end after ``limit_s`` each.
        """
        key = target, path.strip("/").rpartition("/")[0]
        if key not in self._reflected:
            requesting = self._requesting.setdefault(key, SingleFlight(self._request))
            self._reflected[key], _ = await requesting.join(*key, metadata, limit_s)
        try:
            return self._reflected[key].method(path)
        except Fault as fault:
            raise Failed(SCHEMA, str(fault)) from None

    async def full(
        self, target: Callable[[], Target], metadata: Callable[[], Pairs], limit_s: float
    ) -> tuple[Schema, list[Unlisted]]:
        """Return the schema of the proto files, or of the server, and services that the server cannot describe.

        Raise Failed, and what the arguments raise.

        A connection attempt ends after ``limit_s``.
        """
        if self._from_files is not None:
            return self._from_files, []
        channel, _ = await self._dialer.open(target(), limit_s, 0)
        try:
            return await reflection.full_schema(channel.grpc_channel, metadata())
        finally:
            await channel.grpc_channel.close()

    async def _request(self, target: Target, service: str, metadata: Pairs, limit_s: float) -> Schema:
        # On a channel of its own: those of users come and go with them.
        channel, _ = await self._dialer.open(target, limit_s, 0)
        try:
            return await reflection.schema_of(channel.grpc_channel, service, metadata, limit_s)
        finally:
            await channel.grpc_channel.close()
