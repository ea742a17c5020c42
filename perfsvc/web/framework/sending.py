"""How responses are sent that are large: in slices, so that the loop has its turn between them."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from perfsvc.web.framework.assets import accepted_encodings
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.responses import Large

SLICE = 262_144
"""Bytes of a response that are compressed and written in one go."""


async def send(handler: RequestHandler, data: bytes) -> None:
    """Finish with a body."""
    with suppress(StreamClosedError):  # the client has left
        for start in range(0, len(data) - SLICE, SLICE):
            handler.write(data[start : start + SLICE])
            await handler.flush()
        handler.finish(data[-(len(data) % SLICE or SLICE) :] if len(data) > SLICE else data)


async def send_large(handler: RequestHandler, response: Large[Any]) -> None:
    """Finish with a response that is written in a thread."""
    await send_packed(handler, await asyncio.to_thread(response.write))


async def send_constant(handler: RequestHandler, constant: Constant[Any]) -> None:
    """Finish with a document, or with 304 for a client that has it."""
    handler.set_header("ETag", constant.etag)
    handler.set_header("Cache-Control", "private, no-cache")
    if handler.check_etag_header():
        handler.set_status(304)
        handler.finish()
    else:
        await send_packed(handler, constant.packed)


async def send_packed(handler: RequestHandler, packed: bytes) -> None:
    """Finish with a body that is compressed, as it is if the client takes it so."""
    if "gzip" in accepted_encodings(handler.request.headers.get("Accept-Encoding", "")):
        handler.set_header("Content-Encoding", "gzip")
        await send(handler, packed)
    else:
        await send(handler, await asyncio.to_thread(gzip.decompress, packed))
