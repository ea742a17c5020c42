"""A user's shell: a folder with the examples in it, and a shell in which what the pages say is typed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.docs.pages import DOCUMENTED_PASSWORD
from tests.docs.pages import ROOT
from tests.docs.pages import retargeted
from tests.docs.pages import unhurried
from tests.support.processes import run
from tests.support.service import BIN
from tests.support.service import PASSWORD

LIMIT_S = 240
UNHURRIED = """
fit() { "$@" || { code=$?; [ $code = 98 ] || return $code; }; }
perfsvc() { fit command perfsvc "$@"; }
python() { fit command python "$@"; }
"""
"""A busy machine makes a run INVALID, whose exit code ends no script here."""
NOTHING_MEASURED = re.compile(
    "not one request reached the target|no request was measured|target_not_reached|no_samples"
)
"""What is INVALID on any machine."""
STRICT_CURL = '#!/bin/sh\nexec /usr/bin/curl --fail-with-body --max-time 30 "$@"\n'
ACTIVATE = ". .venv/bin/activate\n"
"""What the environment of the shell stands for."""


class DocsShell:
    """Takes a folder to work in and the base URLs of the target and of the service."""

    def __init__(self, folder: Path, target: str, service: str) -> None:
        self.folder = folder
        self._target = target
        self._service = service
        self._lay_out()

    def say(self, text: str) -> str:
        """A text of the pages with the addresses and the password of this shell, and limits for any machine."""
        moved = retargeted(text, self._target, self._service)
        return unhurried(moved).replace(DOCUMENTED_PASSWORD, PASSWORD).replace(ACTIVATE, "")

    def type(self, script: str) -> subprocess.CompletedProcess[str]:
        """Type commands into a shell that stops at the first that fails, an HTTP error included."""
        strict = f"set -euo pipefail\n{UNHURRIED}{self.say(script)}"
        path = f"{self.folder / 'bin'}:{BIN.parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}
        done = run(["bash", "-c", strict], LIMIT_S, cwd=self.folder, env=environment)
        assert not NOTHING_MEASURED.search(done.stdout), done.stdout
        return done

    def _lay_out(self) -> None:
        shim = self.folder / "bin" / "curl"
        shim.parent.mkdir()
        shim.write_text(STRICT_CURL)
        shim.chmod(0o755)
        (self.folder / "examples").mkdir()
        for example in (ROOT / "examples").glob("*.*"):
            (self.folder / "examples" / example.name).write_text(self.say(example.read_text("utf-8")), "utf-8")
