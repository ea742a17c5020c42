"""Equality of user names."""

from __future__ import annotations

import unicodedata


def username_key(name: str) -> str:
    """Return what names that differ in capitals or compatible characters only have in common."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)
