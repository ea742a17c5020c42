"""Whom a plan trusts: PEM text or a file of the run; other paths are not opened, and all faults read alike."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import pytest

from perfsvc.engine.files import find
from perfsvc.model.run import RunFiles
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import RunContext
from perfsvc.plugin import Template
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions
from tests.support.certificates import Authority


async def nowhere(host: str, port: int) -> list[tuple[object, ...]]:
    return []


def trusting(ca: str, folder: Path | None = None) -> Tls:
    file = partial(find, RunFiles(folder=str(folder) if folder else None))
    return Tls(TlsOptions(ca=ca), RunContext("https://localhost", {}, Template, time.monotonic_ns, nowhere, file))


def test_text_with_comments_in_any_language(tmp_path: Path) -> None:
    trusting("# 测试用的证书颁发机构\n" + Authority(tmp_path).ca_pem)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(Authority(tmp_path).ca_pem)
    trusting("ca.pem", tmp_path)


def test_what_is_no_file_is_not_opened_and_all_faults_read_alike(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("hello")
    told = set()
    for ca in ("/dev/ptmx", str(tmp_path / "pipe"), str(tmp_path / "text"), str(tmp_path / "missing"), str(tmp_path)):
        for folder in (None, tmp_path):
            with pytest.raises(InvalidInput) as caught:
                trusting(ca, folder)
            told |= {(problem.path, problem.text.en) for problem in caught.value.problems}
    assert told == {("ca", "no PEM certificate can be read there")}


def test_a_path_of_this_machine_is_no_input_of_a_service(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(Authority(tmp_path).ca_pem)
    with pytest.raises(InvalidInput):
        trusting(str(file))
