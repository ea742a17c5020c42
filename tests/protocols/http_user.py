"""A virtual user of the HTTP plugin."""

from __future__ import annotations

from collections.abc import Mapping

from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol

HEADERS = ("content-length", "location", "x-test")


def http_user(
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    **options: object,
) -> User:
    run = context(base_url, headers, **(constants or {}))
    return User(HttpProtocol(HttpProtocol.Options.parse(options, "options"), run), headers=HEADERS)
