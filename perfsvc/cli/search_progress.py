"""The standing of a search while it runs: its phase, the level under way, and the interval so far."""

from __future__ import annotations

from typing import Any

from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import with_colon
from perfsvc.errors import Text

PHASES = {
    "raise": Text("加压", "raise"),
    "bisect": Text("二分", "bisect"),
    "confirm": Text("确认", "confirm"),
    "recheck": Text("复查", "recheck"),
    "recover": Text("恢复", "recover"),
}


def search_line(search: dict[str, Any], language: str) -> str:
    """Return a search in one line."""
    latest = search["evidence"][-1] if search["evidence"] else {}
    parts = []
    if phase := latest.get("phase"):
        parts.append(PHASES.get(phase, Text(phase, phase)).of(language))
    if "level" in latest:
        parts.append(f"{LABELS['level'].of(language)} {latest['level']:g}")
    if search["mode"] == "adaptive":
        parts += _measured(search, latest)
    elif search["low"] is not None or search["high"] is not None:
        parts.append(f"{LABELS['interval'].of(language)} {_interval(search)}")
    return f"{with_colon('search', language)}{'  '.join(parts)}"


def _measured(search: dict[str, Any], latest: dict[str, Any]) -> list[str]:
    measured = latest.get("measured")
    shown = "-" if measured is None else f"{measured:g}"
    return [f"{search['metric']} {shown} → {search['target']:g}"]


def _interval(search: dict[str, Any]) -> str:
    low, high = search["low"], search["high"]
    upper = "…" if high is None or high == low else f"{high:g}"
    return f"{'…' if low is None else f'{low:g}'} – {upper}"
