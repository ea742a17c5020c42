"""Installs packages with uv as pip is configured on this machine: mirror, further indexes, folders, certificates.

Usage: install.py ARGUMENTS… of ``uv pip install``. uv itself reads none of pip's configuration; variables of the
environment that are uv's own (``UV_DEFAULT_INDEX`` …) win over it.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urlsplit

UV = Path(sys.executable).with_name("uv")
SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration; a later one wins."""


def pip_settings(listing: str) -> dict[str, list[str]]:
    """Read the words of each setting out of what ``pip config list`` prints."""
    sections: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in sections:
            sections[section][key] = str(ast.literal_eval(value)).split()
    return {key: words for section in SECTIONS for key, words in sections[section].items()}


def reachable(place: str) -> bool:
    """Whether a place is no folder of this machine, or one that is there: pip passes over one that is not."""
    parts = urlsplit(place)
    return parts.scheme not in ("", "file") or Path(unquote(parts.path)).exists()


def uv_settings(pip: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the variables by which uv does what pip is told to."""
    found = {
        "UV_DEFAULT_INDEX": " ".join(pip.get("index-url", [])),
        "UV_INDEX": " ".join(filter(reachable, pip.get("extra-index-url", []))),
        "UV_FIND_LINKS": ",".join(filter(reachable, pip.get("find-links", []))),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", [])),
        "UV_INDEX_STRATEGY": "unsafe-best-match" if pip.get("extra-index-url") else "",
        "SSL_CERT_FILE": " ".join(pip.get("cert", [])),
    }
    return {name: value for name, value in found.items() if value}


def main(arguments: list[str]) -> int:
    """Install, and return the exit code of uv."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    environment = uv_settings(pip_settings(listing)) | os.environ
    command = [str(UV), "pip", "install", "--quiet", "--python", sys.executable, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
