"""Base class of handlers that receive a file as the body and write it to disk as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from tornado.web import stream_request_body

from perfsvc.errors import PerfsvcError
from perfsvc.errors import Text
from perfsvc.errors import TooLarge
from perfsvc.errors import WrongContentType
from perfsvc.service.data.file_store import Upload
from perfsvc.web.framework.body_limit import declared_length
from perfsvc.web.framework.handler import Handler

WITH_BODY = ("POST", "PUT")
AS_A_FORM = Text(
    "请求体应为文件本身，不能是表单；curl 请用 --data-binary @文件 代替 -F",
    "the body must be the file itself, not a form; with curl use --data-binary @FILE instead of -F",
)


@stream_request_body
class UploadHandler(Handler):
    """Receives nothing before the permission check; discards a file that the operation did not keep."""

    _incoming: Upload | None = None
    _refused: PerfsvcError | None = None
    _releasing: Awaitable[None] | None = None

    @property
    def body_limit(self) -> int:
        return self.context.settings.max_datafile_size

    async def data_received(self, chunk: bytes) -> None:
        """Called by Tornado. A refusal is sent after the whole body, since clients do not read before."""
        if self.request.method not in WITH_BODY or self._refused is not None:
            return
        try:
            await self._file().write(chunk)
        except PerfsvcError as error:
            self._refused = error
            await self._file().release()

    def received(self) -> Upload:
        """The whole body. Raises WrongContentType, TooLarge, Unavailable when the disk is full."""
        if self.request.headers.get("Content-Type", "").lower().startswith("multipart/"):
            raise WrongContentType(*AS_A_FORM)
        if self._refused is not None:
            raise self._refused
        if declared_length(self.request.headers) > self.body_limit:
            raise TooLarge(self.body_limit)
        return self._file()

    def on_connection_close(self) -> None:
        """Called by Tornado when the client has disconnected."""
        self._release()
        super().on_connection_close()

    def on_finish(self) -> None:
        """Called by Tornado after the response."""
        self._release()

    def _refuse_large_body(self) -> None:
        """Leave the check to ``received``."""

    def _file(self) -> Upload:
        if self._incoming is None:
            self._incoming = self.services.datafiles.receive()
        return self._incoming

    def _release(self) -> None:
        if self._incoming is not None and self._releasing is None:
            self._releasing = asyncio.ensure_future(self._incoming.release())
