"""Compiled steps: payload, how replies are matched, and how long to wait."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.plugin import Call
from perfsvc_protocols._net.endpoint import EndpointTemplate
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols.udp import spec

SEVERAL_WAIT_S = 1.0

Match = Callable[[bytes, bytes], bool]
"""Whether the second datagram is a reply to the first."""


class Numbering:
    """Sequence numbers in datagrams and in the replies to them."""

    __slots__ = ("_end", "_offset", "_order", "_reply_end", "_reply_offset", "_size")

    def __init__(self, sequence: spec.Sequence) -> None:
        self._offset = sequence.offset
        self._end = sequence.offset + sequence.size
        self._order = sequence.byte_order
        self._size = sequence.size
        self._reply_offset = sequence.offset if sequence.reply_offset is None else sequence.reply_offset
        self._reply_end = self._reply_offset + sequence.size

    def written(self, payload: bytes, number: int) -> bytes:
        """The payload with a number in its target; one that is too short is filled up with zeros."""
        digits = (number % (1 << 8 * self._size)).to_bytes(self._size, self._order)
        return payload[: self._offset].ljust(self._offset, b"\0") + digits + payload[self._end :]

    def number(self, reply: bytes) -> int | None:
        """Return the number in a reply, or None if it is too short."""
        if len(reply) < self._reply_end:
            return None
        return int.from_bytes(reply[self._reply_offset : self._reply_end], self._order)


def matcher(field: spec.Field) -> Match:
    """Whether a reply repeats a field of the request."""
    start, end = field.offset, field.offset + field.size
    reply_start = start if field.reply_offset is None else field.reply_offset
    reply_end = reply_start + field.size
    return lambda request, reply: request[start:end] == reply[reply_start:reply_end]


class UdpCall(Call):
    """A compiled step. ``wait_s`` is None if the step's time limit applies."""

    __slots__ = ("count", "interval_s", "match", "one_way", "payload", "sequence", "target", "wait_s")

    def __init__(self, request: spec.Request, target: EndpointTemplate, payload: Payload, timeout_ns: int) -> None:
        wait_ms = request.wait
        self.wait_s = wait_ms / 1000 if wait_ms is not None else SEVERAL_WAIT_S if request.count > 1 else None
        self.interval_s = request.interval / 1000
        sending_s = self.interval_s * (request.count - 1)
        super().__init__(timeout_ns + int((sending_s + (self.wait_s or 0)) * 1e9))
        self.count = request.count
        self.match = None if request.match is None else matcher(request.match)
        self.one_way = request.one_way
        self.payload = payload
        self.target = target
        self.sequence = None if request.sequence is None else Numbering(request.sequence)
