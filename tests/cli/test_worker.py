"""``perfsvc worker``: what keeps an agent from starting."""

from __future__ import annotations

import os
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from perfsvc.cluster.certificates import make_certificates
from perfsvc.cluster.dask import agent
from tests.cli.conftest import Command

SCHEDULER = "tls://127.0.0.1:8786"


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    make_certificates(tmp_path / "certs", [], datetime.now(UTC))
    return tmp_path / "certs"


@pytest.mark.parametrize("name", ["two words", "a/b", "节点", "x" * 65])
def test_a_name_that_cannot_stand_in_an_address(name: str, certs: Path, perfsvc: Command) -> None:
    done = perfsvc("worker", SCHEDULER, "--certs", str(certs), "--name", name)
    assert (done.code, done.err) == (2, "perfsvc: --name: may have at most 64 letters, digits and . _ -\n")


@pytest.mark.parametrize("name", ["local", "central-1", "central-20"])
def test_a_name_that_is_the_server_s_own(name: str, certs: Path, perfsvc: Command) -> None:
    done = perfsvc("worker", SCHEDULER, "--certs", str(certs), "--name", name)
    told = f"an agent cannot be named {name}: local and central-N are the server's own"
    assert (done.code, done.err) == (2, f"perfsvc: --name: {told}\n")


def test_without_certificates(tmp_path: Path, perfsvc: Command) -> None:
    done = perfsvc("worker", SCHEDULER, "--certs", str(tmp_path))
    assert done.code == 1
    assert "certificates cannot be read" in done.err


def test_its_own_name_can_always_stand_in_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "主机 " + "x" * 100)
    assert agent.checked_name(agent.default_name()) == f"{'x' * 100}-{os.getpid()}"[-64:]
    monkeypatch.setattr("platform.node", lambda: "central")
    assert agent.checked_name(agent.default_name()) == f"agent-central-{os.getpid()}"
