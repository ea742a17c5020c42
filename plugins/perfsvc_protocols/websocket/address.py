"""WebSocket URLs."""

from __future__ import annotations

from perfsvc.plugin import NotSent
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net import address
from perfsvc_protocols._net.address import Address


def parse_url(url: str) -> Address:
    """Parse a rendered URL. Raises NotSent."""
    try:
        return address.parse(as_http(url))
    except address.BadAddress as error:
        raise NotSent(INVALID_REQUEST, str(error)) from None


def as_http(url: str) -> str:
    """The same URL with the scheme of the upgrade."""
    return f"http{url[2:]}" if url[:5].lower() == "ws://" or url[:6].lower() == "wss://" else url
