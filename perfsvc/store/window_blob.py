"""The windows of one span as they are stored: compressed, the sum of all requests apart from the steps.

A reader of one figure decodes no more than that: the sum alone, or one step of many.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection
from collections.abc import Sequence

import msgspec

from perfsvc.metrics.window_sum import total_window
from perfsvc.model.window import StepWindow

HEAD = struct.Struct("<BI")
"""Version, and the length of the sum that follows; the steps come after it."""
VERSION = 1
LEVEL = 1
"""Level 6 takes two to eight times as long for a tenth less."""

encode = msgspec.msgpack.Encoder().encode
decode_window = msgspec.msgpack.Decoder(StepWindow).decode
decode_steps = msgspec.msgpack.Decoder(dict[int, bytes]).decode


def pack(windows: Sequence[StepWindow], apart: Collection[int]) -> bytes:
    """One window for each step. The sum is left out where it would be one of them. Raises ValueError."""
    return pack_steps(windows, total_window(windows, apart) if len(windows) > 1 else None)


def pack_steps(windows: Sequence[StepWindow], total: StepWindow | None = None) -> bytes:
    """The same with a sum that is known, or without."""
    summed = b"" if total is None else zlib.compress(encode(total), LEVEL)
    steps = encode({window.step: encode(window) for window in windows})
    return HEAD.pack(VERSION, len(summed)) + summed + zlib.compress(steps, LEVEL)


def steps_of(blob: bytes) -> dict[int, bytes]:
    """The encoded window of each step. Raises ValueError for what ``pack`` did not make."""
    version, length = HEAD.unpack_from(blob)
    if version != VERSION:
        raise ValueError(f"windows of an unknown version: {version}")
    return decode_steps(zlib.decompress(blob[HEAD.size + length :]))


def all_windows(blob: bytes) -> list[StepWindow]:
    """The windows of all steps, in the order they were given in."""
    return [decode_window(each) for each in steps_of(blob).values()] if blob else []


def total_of(blob: bytes, apart: Collection[int]) -> StepWindow | None:
    """The sum of all requests."""
    if not blob:
        return None
    _, length = HEAD.unpack_from(blob)
    if length:
        return decode_window(zlib.decompress(blob[HEAD.size : HEAD.size + length]))
    return total_window(all_windows(blob), apart)


def windows_of(blob: bytes, steps: Collection[int]) -> list[StepWindow]:
    """The windows of some steps."""
    return [decode_window(each) for step, each in steps_of(blob).items() if step in steps] if blob else []
