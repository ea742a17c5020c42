"""``perfsvc certs``."""

from __future__ import annotations

import re
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from perfsvc.cluster.authority import hosts_in
from perfsvc.cluster.certificates import make_certificates
from tests.cli.conftest import Command

ROW = re.compile(r"(\S+) +(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) +(-?\d+)")


def test_make_look_at_and_renew(perfsvc: Command, tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    made = perfsvc("certs", str(folder), "--host", "load.example.com", "--host", "192.0.2.7")
    assert (made.code, made.err) == (0, "")
    files = [str(folder / part / "tls.crt") for part in ("authority", "server", "agent")]
    assert [row[0] for row in ROW.findall(made.out)] == files
    certificate = folder / "server" / "tls.crt"
    hosts = [str(host.value) for host in hosts_in(x509.load_pem_x509_certificate(certificate.read_bytes()))]
    assert hosts[:5] == ["load.example.com", "192.0.2.7", "localhost", "127.0.0.1", "::1"]
    assert perfsvc("certs", str(folder), "--check") == made
    before = certificate.read_bytes()
    assert perfsvc("certs", str(folder), "--renew").code == 0
    assert certificate.read_bytes() != before


def test_what_ends_soon_is_reported(perfsvc: Command, tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    make_certificates(folder, [], datetime.now(UTC) - timedelta(days=800, hours=1))
    done = perfsvc("certs", str(folder / "agent"), "--check")
    assert (done.code, ROW.findall(done.out)[0][2]) == (1, "24")
    assert perfsvc("certs", str(folder), "--renew").code == 0
    assert perfsvc("certs", str(folder), "--check").code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--check"], "no certificates were found"), (["--renew"], "cannot be renewed"), (["--host", "a b"], "host name")],
)
def test_refusals(words: list[str], complaint: str, perfsvc: Command, tmp_path: Path) -> None:
    done = perfsvc("certs", str(tmp_path / "none"), *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
