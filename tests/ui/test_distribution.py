"""What is installed has the built UI inside, and needs no Node.js to serve it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.browser import ROOT
from tests.support.environment import Environment
from tests.support.service import Service

LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "build", "tests", "benchmarks", "examples", "*.egg-info")


@pytest.fixture
def installed(tmp_path: Path) -> Environment:
    """An environment into which a wheel of this checkout was installed."""
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    environment = Environment(tmp_path / "env")
    done = environment.type(f"pip install {source}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    return environment


def test_a_wheel_serves_the_ui_without_node(
    installed: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packaged,) = (tmp_path / "env").glob("lib/python*/site-packages/perfsvc/web/ui")
    monkeypatch.setenv("PATH", str(installed.bin))
    assert shutil.which("node") is None
    with Service(tmp_path / "data", installed.perfsvc) as service:
        with urllib.request.urlopen(f"{service.url}/") as page:
            assert page.read() == (packaged / "index.html").read_bytes()
        script = next((packaged / "assets").glob("index-*.js"))
        with urllib.request.urlopen(f"{service.url}/assets/{script.name}") as sent:
            assert sent.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert sent.read() == script.read_bytes()


def test_a_source_archive_has_what_the_build_needs_and_no_more(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    (source / "static" / "node_modules" / "x").mkdir(parents=True)
    (source / "static" / "node_modules" / "x" / "index.js").write_text("")
    subprocess.run(
        [sys.executable, "setup.py", "-q", "sdist"], cwd=source, check=True, capture_output=True, timeout=120
    )
    (archive,) = (source / "dist").glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (inside,) = (tmp_path / "unpacked").glob("*/static")
    held = {path.relative_to(inside).parts[0] for path in inside.rglob("*") if path.is_file()}
    assert {"build.py", "package-lock.json", "vite.config.ts", "index.html", "src", "scripts"} <= held
    assert not held & {"node_modules", "dist"}


def test_the_lock_file_names_no_address() -> None:
    assert '"resolved"' not in (ROOT / "static" / "package-lock.json").read_text("utf-8")
