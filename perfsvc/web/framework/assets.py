"""Files of the web UI as they are sent: read once, with the compressed forms that the build made.

Nothing is compressed while the service runs: its event loop carries the load of running tests.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content encodings, smallest first, and the suffix of a file that has it."""

PACKAGED = "ui"
"""The folder below ``perfsvc.web`` in which a wheel carries the built UI."""

CHECKOUT = Path(__file__).parents[3] / "static" / "dist"
"""The folder of a UI built in a checkout."""


@dataclass(frozen=True)
class Asset:
    """A file: its plain bytes, and those for each content encoding."""

    media_type: str
    plain: bytes
    encoded: Mapping[str, bytes]

    def best(self, accepted: str) -> tuple[str | None, bytes]:
        """Return content encoding and bytes for an ``Accept-Encoding`` header."""
        encodings = set(accepted_encodings(accepted))
        chosen = next((name for name in ENCODINGS if name in encodings and name in self.encoded), None)
        return chosen, self.plain if chosen is None else self.encoded[chosen]


@dataclass(frozen=True)
class Assets:
    """The built UI: its page, and the files that the page asks for by name. ``page`` is None when nothing is built."""

    page: Asset | None
    named: Mapping[str, Asset]


def read_assets(folder: Path) -> Assets:
    """Read a built UI. Return an empty one if ``folder`` has none."""
    page = folder / "index.html"
    if not page.is_file():
        return Assets(None, {})
    paths = sorted((folder / "assets").iterdir())
    named = {path.name: _asset(path) for path in paths if path.suffix not in ENCODINGS.values()}
    return Assets(_asset(page), named)


def built_ui() -> Assets:
    """Return the UI that was built with this package, or in this checkout."""
    packaged = Path(str(files("perfsvc.web") / PACKAGED))
    return read_assets(packaged if packaged.is_dir() else CHECKOUT)


def _asset(path: Path) -> Asset:
    kind, _ = mimetypes.guess_type(path.name)
    encoded = {name: path.with_name(path.name + suffix) for name, suffix in ENCODINGS.items()}
    return Asset(
        media_type=_with_charset(kind or "application/octet-stream"),
        plain=path.read_bytes(),
        encoded={name: file.read_bytes() for name, file in encoded.items() if file.is_file()},
    )


def _with_charset(kind: str) -> str:
    text = kind.startswith("text/") or kind in {"application/javascript", "image/svg+xml"}
    return f"{kind}; charset=utf-8" if text else kind


def accepted_encodings(header: str) -> Iterator[str]:
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            yield name.strip()
