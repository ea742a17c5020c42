"""Secrets taken out of what is kept of failed requests."""

from __future__ import annotations

import re

MASK = "***"

HEADERS = re.compile(
    r"(?im)^((?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|x-csrf-token)\s*:\s*).*$"
)
FIELDS = re.compile(
    r"(?i)([\"']?[\w-]*(?:password|passwd|pwd|secret|token|api_?key|credential)[\w-]*[\"']?\s*[:=]\s*)"
    r"(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s&,;}\"']+)"
)


def masked(text: str) -> str:
    """The text with credential headers and the values of password-like fields and parameters replaced by ``***``."""
    return FIELDS.sub(_keep_quotes, HEADERS.sub(rf"\g<1>{MASK}", text))


def _keep_quotes(match: re.Match[str]) -> str:
    quote = match[2][0] if match[2][0] in "\"'" else ""
    return f"{match[1]}{quote}{MASK}{quote}"
