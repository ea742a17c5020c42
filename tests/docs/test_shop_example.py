"""The shop of the examples: what a newcomer starts serves what the documentation requests of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.support.processes import running
from tests.support.service import BIN


@pytest.fixture
def shop() -> Iterator[str]:
    command = [sys.executable, str(ROOT / "examples" / "shop.py"), "0"]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def test_the_shop_serves_its_plan(shop: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    plan = str(ROOT / "examples" / "shop.yaml")
    flags = ["--host", shop, "-u", "4", "-n", "40", "-q", "--json", str(path)]
    subprocess.run([str(BIN), "run", plan, *flags], timeout=60, check=False)
    report = json.loads(path.read_text("utf-8"))
    assert report["summary"]["error_count"] == 0
    assert {step["name"] for step in report["steps"] if step["requests"]} == {"home", "list", "login", "order"}


def test_the_shop_serves_the_single_requests_of_the_guide(shop: str) -> None:
    flags = ["-m", "POST", "-H", "Authorization: Bearer t-123", "-b", '{"item": 1}', "--status", "201", "-n", "5", "-q"]
    done = subprocess.run([str(BIN), "run", f"{shop}/cart", *flags, "-t", "errors == 0"], timeout=60, check=False)
    assert done.returncode == 0
