"""The UI's types of the API are generated, and fit the API of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.browser import ROOT


def test_they_are_not_stale() -> None:
    done = subprocess.run(
        [sys.executable, "build.py", "npm", "run", "--silent", "generate", "--", "--check"],
        cwd=ROOT / "static",
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
