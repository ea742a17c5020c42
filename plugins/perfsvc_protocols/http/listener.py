"""Who uses a connection that speaks HTTP/2."""

from __future__ import annotations

from typing import Any
from typing import Protocol

from perfsvc_protocols.http.reply import UnframedReply
from perfsvc_protocols.http.spec import Options


class Owner(Protocol):
    """Who uses a connection. For each request it is told once how it ended; what came is in the reply."""

    reply: UnframedReply
    options: Options

    def answered(self, connection: Any) -> None:
        """The reply is complete."""
        ...

    def finish(self) -> None:
        """The reply is complete and known to ask for nothing else: no cookie to take, no redirect to follow."""
        ...

    def refused(self, connection: Any) -> None:
        """The server says that it has not done anything with the request."""
        ...

    def reset_by(self, connection: Any, code: int) -> None:
        """The server gave the request up."""
        ...

    def unsendable(self, connection: Any, error: OSError) -> None:
        """The file to send cannot be read on."""
        ...

    def garbled(self, connection: Any, cause: str) -> None:
        """What came is not HTTP/2."""
        ...

    def oversized(self, connection: Any) -> None:
        """The reply is larger than the run takes."""
        ...

    def lost(self, connection: Any, error: BaseException | None) -> None:
        """The connection ended before the reply did."""
        ...
