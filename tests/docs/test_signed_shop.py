"""The example of a shop as real projects have it, against a target that verifies what it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.docs.pages import ROOT
from tests.support.service import BIN

SHOP = ROOT / "examples" / "signed-shop"
KEY = "a key of the test"
RSA_KEY = (
    rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)


@pytest.fixture
def shop() -> Iterator[str]:
    environment = {**os.environ, "SHOP_KEY": KEY, "SHOP_RSA_KEY": RSA_KEY}
    command = [sys.executable, str(SHOP / "target.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def run(shop: str, folder: Path, *flags: str, key: str = KEY) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a run."""
    path = folder / "report.json"
    command = [str(BIN), "--lang", "en", "run", str(SHOP / "plan.yaml"), "--host", shop, "--json", str(path), "-q"]
    secrets = {"SHOP_KEY": key, "SHOP_RSA_KEY": RSA_KEY.replace("\n", "\\n")}
    done = subprocess.run([*command, *flags], env={**os.environ, **secrets}, timeout=120, check=False)
    return done.returncode, json.loads(path.read_text("utf-8"))


def stats_of(shop: str) -> dict[str, int]:
    """What the target has counted."""
    with urllib.request.urlopen(f"{shop}/stats", timeout=10) as reply:
        counted: dict[str, int] = json.load(reply)
    counted.pop("GET stats")
    return counted


@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_every_signature_and_token_is_right(shop: str, tmp_path: Path, flags: list[str]) -> None:
    _, report = run(shop, tmp_path, "--iterations", "40", *flags)
    assert (report["verdict"]["state"], report["summary"]["error_count"]) == ("PASSED", 0)
    requests = {step["name"]: step["requests"] for step in report["steps"]}
    assert requests == {"login": 4, "list": 40, "detail": 40, "order": 40, "pay": 40}
    assert stats_of(shop) == {"POST login": 4, "GET items": 80, "POST orders": 40, "POST payments": 40}
    assert report["data"]["used"] == 4
    assert len(report["nodes"]) == (2 if flags else 1)
    assert KEY not in json.dumps(report)
    assert RSA_KEY.splitlines()[1] not in json.dumps(report)


def test_a_wrong_key_ends_the_run_at_the_login(shop: str, tmp_path: Path) -> None:
    code, report = run(shop, tmp_path, "--iterations", "40", key="another key")
    assert (code, report["reason"]["code"]) == (99, "on_start_failed"), "errors broke a threshold"
    assert list(stats_of(shop)) == ["POST login"]
    assert report["metrics"]["errors"]["labels"] == ["HTTP 401"]
    text = json.dumps(report)
    assert "another key" not in text
    assert "alice-7d1f" not in text
