"""Whom a plan trusts: PEM text or a file of it, and nothing that could hold the process up or tell what there is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import RunContext
from perfsvc.plugin import Template
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions
from tests.support.certificates import Authority


async def nowhere(host: str, port: int) -> list[tuple[object, ...]]:
    return []


def trusting(ca: str) -> Tls:
    return Tls(TlsOptions(ca=ca), RunContext("https://localhost", {}, Template, time.monotonic_ns, nowhere))


def test_text_with_comments_in_any_language(tmp_path: Path) -> None:
    trusting("# 测试用的证书颁发机构\n" + Authority(tmp_path).ca_pem)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(Authority(tmp_path).ca_pem)
    trusting(str(file))


def test_what_is_no_file_is_not_opened_and_all_faults_read_alike(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("hello")
    told = set()
    for ca in ("/dev/ptmx", str(tmp_path / "pipe"), str(tmp_path / "text"), str(tmp_path / "missing"), str(tmp_path)):
        with pytest.raises(InvalidInput) as caught:
            trusting(ca)
        told |= {(problem.path, problem.text.en) for problem in caught.value.problems}
    assert told == {("ca", "no PEM certificate can be read there")}
