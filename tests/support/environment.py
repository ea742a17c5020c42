"""A fresh virtual environment that sees what the tests' own has: packages are built and installed into it for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.support.processes import run

LIMIT_S = 240
PERFSVC = """#!{python}
import sys
from perfsvc.cli.commands import main
sys.exit(main())
"""


PYTEST = """#!/bin/sh
exec {python} -m pytest -p no:cacheprovider "$@"
"""
PIP = """#!/bin/sh
shift
exec {ours} -m pip --python {python} --disable-pip-version-check \\
    install -q --no-index --no-deps --no-build-isolation "$@"
"""
"""``pip install`` of what needs nothing that is not there."""


class Environment:
    """``bin`` is for the PATH of a shell; ``perfsvc`` is its command line, as a service's program too."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True, with_pip=False)
        self.bin = folder / "bin"
        self.python, self.perfsvc = self.bin / "python", self.bin / "perfsvc"
        for name, script in (("perfsvc", PERFSVC), ("pip", PIP), ("pytest", PYTEST)):
            (self.bin / name).write_text(script.format(python=self.python, ours=sys.executable))
            (self.bin / name).chmod(0o755)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "tests.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")

    def install(self, source: Path, scratch: Path) -> None:
        """Builds a package and installs it, its dependencies being there; ``scratch`` keeps the source clean."""
        copy = scratch / f"{source.name}-source"
        shutil.copytree(source, copy)
        done = self._run(str(self.bin / "pip"), "install", str(copy))
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """``perfsvc`` with these words, in English."""
        return self._run(str(self.perfsvc), "--lang", "en", *words, cwd=cwd)

    def type(self, script: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Commands typed into a shell that stops at the first that fails."""
        path = f"{self.bin}:{os.environ['PATH']}"
        return self._run("bash", "-euo", "pipefail", "-c", script, cwd=cwd, PATH=path, LC_ALL="C.UTF-8", **variables)

    def test(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """The tests of a package, run in its folder."""
        return self._run(str(self.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, cwd=folder)

    def _run(self, *words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PERFSVC_", "PYTEST_"))}
        return run(words, LIMIT_S, cwd=cwd, env=clean | variables)
