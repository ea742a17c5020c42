"""Variables of the texts that sign a request: what it consists of, as it is sent."""

from __future__ import annotations

SIGNED_PARTS = ("request_method", "request_url", "request_path", "request_query", "request_body")
