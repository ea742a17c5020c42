"""A fresh virtual environment that sees what the tests' own has: packages are built and installed into it for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

LIMIT_S = 100
SCRIPT = """#!{python}
import sys
from perfsvc.cli import main
sys.exit(main())
"""


class Environment:
    """``perfsvc`` is its command line, as a service's program too."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True, with_pip=False)
        self.python = folder / "bin" / "python"
        self.perfsvc = folder / "bin" / "perfsvc"
        self.perfsvc.write_text(SCRIPT.format(python=self.python))
        self.perfsvc.chmod(0o755)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "tests.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")

    def install(self, source: Path, scratch: Path) -> None:
        """Builds a package and installs it, its dependencies being there; ``scratch`` keeps the source clean."""
        copy = scratch / f"{source.name}-source"
        shutil.copytree(source, copy)
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        done = self._run(*pip, "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", str(copy))
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """``perfsvc`` with these words, in English."""
        return self._run(str(self.perfsvc), "--lang", "en", *words, cwd=cwd)

    def test(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """The tests of a package, run in its folder."""
        return self._run(str(self.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, cwd=folder)

    def _run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PERFSVC_", "PYTEST_"))}
        return subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True, timeout=LIMIT_S, check=False)
