"""HTTP/1.1 through libcurl, for the contract suite."""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from tests.protocols.http_rig import HttpRig


class CurlRig(HttpRig):
    """With connections of each user's own; where there is no TLS, ``auto`` means HTTP/1.1."""

    options: ClassVar[dict[str, Any]] = {"http_version": "auto"}


class SharedCurlRig(HttpRig):
    """With fewer connections than users."""

    options: ClassVar[dict[str, Any]] = {"shared_connections": 4}
    without: ClassVar[dict[str, str]] = {
        "a_session_begins_anew_after_reset": "connections that are everybody's are nobody's to close",
    }
