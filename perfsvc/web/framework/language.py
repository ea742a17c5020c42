"""Language of a response: Chinese or English."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]

LONGEST_HEADER = 500


def preferred(accept_language: str) -> Language:
    """Return the language that an ``Accept-Language`` header prefers; Chinese if it names neither."""
    wishes = [_wish(part) for part in accept_language[:LONGEST_HEADER].split(",")]
    choices = [
        (quality, -place, name) for place, (name, quality) in enumerate(wishes) if name in ("zh", "en") and quality > 0
    ]
    return "en" if choices and max(choices)[2] == "en" else "zh"


def _wish(part: str) -> tuple[str, float]:
    tag, _, parameter = part.partition(";")
    name, _, quality = parameter.partition("=")
    try:
        weight = float(quality) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
