"""Starts that must not harm what is there: a second service, a taken port, a lost key, leftovers of a crash."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.support.service import BIN
from tests.support.service import Service


def start(data_dir: Path, *flags: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``perfsvc serve`` where it is expected to refuse."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PERFSVC_")}
    clean |= {f"PERFSVC_{name.upper()}": value for name, value in settings.items()}
    command = [str(BIN), "--lang", "en", "serve", "--port", "0", "--data-dir", str(data_dir), *flags]
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60)


def test_a_second_service_on_the_same_data_folder_is_refused(service: Service) -> None:
    refused = start(service.data_dir)
    assert refused.returncode == 1
    assert f"in use by process {service.process.pid}" in refused.stderr
    assert service.get("/healthz").body["status"] == "ok"


def test_a_second_service_on_the_same_database_is_refused(service: Service, tmp_path: Path) -> None:
    refused = start(tmp_path / "other", database_url=f"sqlite:///{service.data_dir / 'perfsvc.db'}")
    assert refused.returncode == 1
    assert "another perfsvc service uses this database" in refused.stderr


def test_the_lock_goes_with_a_killed_service(service: Service) -> None:
    service.end(signal.SIGKILL)
    service.start()
    assert service.get("/healthz").body["status"] == "ok"


def test_a_first_start_whose_port_is_taken_leaves_no_trace(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = start(tmp_path / "data", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "cannot listen on" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_lost_key_beside_a_filled_database_is_refused(own_service: Service) -> None:
    own_service.end()
    key = own_service.data_dir / "secret.key"
    key.unlink()
    refused = start(own_service.data_dir)
    assert refused.returncode == 2
    assert "restore the file or set PERFSVC_SECRET_KEY" in refused.stderr
    assert not key.exists()


def test_leftovers_that_cannot_be_read_are_named_and_do_no_harm(own_service: Service) -> None:
    own_service.end()
    (own_service.data_dir / "spool" / "odd.jsonl").mkdir(parents=True)
    own_service.start()
    own_service.recovered()
    health = own_service.get("/healthz").body
    assert health["status"] == "degraded"
    assert "odd.jsonl" in health["incidents"][0]["message"]
    assert (own_service.data_dir / "spool" / "odd.jsonl").is_dir()


def test_the_data_folder_is_private(service: Service) -> None:
    assert service.data_dir.stat().st_mode & 0o777 == 0o700
