"""Callbacks by which a connection reports to the user of it how a request ended."""

from __future__ import annotations

from typing import Any
from typing import Protocol

from perfsvc_protocols.http.reply import HttpReply
from perfsvc_protocols.http.reply import UnframedReply
from perfsvc_protocols.http.spec import Options


class ReplyListener(Protocol):
    """The user of a connection. Exactly one callback per request; what was received is in ``reply``."""

    reply: HttpReply
    options: Options

    def reply_complete(self, connection: Any) -> None:
        """The reply is complete."""
        ...

    def finish(self) -> None:
        """The reply is complete and needs no follow-up: it sets no cookie and is no redirect."""
        ...

    def protocol_error(self, connection: Any, cause: str) -> None:
        """The received bytes violate HTTP."""
        ...

    def listening_failed(self, connection: Any, error: Exception) -> None:
        """The reply cannot be listened to."""
        ...

    def reply_too_large(self, connection: Any) -> None:
        """The reply exceeds ``max_response_bytes``."""
        ...

    def lost(self, connection: Any, error: BaseException | None) -> None:
        """The connection ended before the reply did."""
        ...


class StreamListener(ReplyListener, Protocol):
    """The user of an HTTP/2 connection, whose requests are streams."""

    reply: UnframedReply

    def stream_refused(self, connection: Any) -> None:
        """The server refused the stream without processing the request (REFUSED_STREAM, or GOAWAY)."""
        ...

    def stream_reset(self, connection: Any, code: int) -> None:
        """The server reset the stream (RST_STREAM)."""
        ...

    def file_unreadable(self, connection: Any, error: OSError) -> None:
        """The file that is being sent cannot be read on."""
        ...
