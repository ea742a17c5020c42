"""Clients generated from the API's description: in Python without a warning, in TypeScript strictly typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from tests.support.browser import ROOT

GENERATOR = "openapi-python-client==0.29.1"
USE = """import type { components, paths } from './schema'
type Started = paths['/api/performance/plans/{plan_id}/start/']['post']['responses'][200]['content']['application/json']
export const id = (started: Started): string => started.execution_id
export const kind = (frame: components['schemas']['LiveFrame']): string =>
  frame.type === 'metrics' ? String(frame.data.requests_per_second) : frame.type
"""


def ran(*words: str | Path, cwd: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # the generator formats with ruff
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(describe(ROUTES)))
    return path


def test_python(tmp_path: Path, document: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    ran(sys.executable, "-m", "pip", "--python", python, "install", "-q", GENERATOR, cwd=tmp_path)
    generator = tmp_path / "venv" / "bin" / "openapi-python-client"
    told = ran(generator, "generate", "--path", document, "--meta", "none", "--fail-on-warning", cwd=tmp_path)
    assert "WARNING" not in told, told
    (package,) = (path.parent for path in tmp_path.glob("*/client.py"))
    ran(python, "-c", f"import {package.name}.models, {package.name}.api.datafiles", cwd=tmp_path)


def test_typescript(tmp_path: Path, document: Path) -> None:
    tools = ROOT / "static" / "node_modules" / ".bin"
    told = ran(tools / "openapi-typescript", document, "-o", tmp_path / "schema.ts", cwd=tmp_path)
    assert "warn" not in told.lower(), told
    (tmp_path / "use.ts").write_text(USE)
    ran(tools / "tsc", "--strict", "--noEmit", "--skipLibCheck", "false", "use.ts", cwd=tmp_path)
