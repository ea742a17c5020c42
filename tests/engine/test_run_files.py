"""The files that a run may send: those of its project or beside its plan, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfsvc.engine.files import find
from perfsvc.errors import InvalidInput
from perfsvc.model.run import RunFiles


def refusal(files: RunFiles, name: str) -> str:
    with pytest.raises(InvalidInput) as raised:
        find(files, name)
    return raised.value.problems[0].text.en


def test_files_beside_the_plan(tmp_path: Path):
    folder = tmp_path / "plans"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.bin").write_bytes(b"a")
    (tmp_path / "secret").write_bytes(b"s")
    (folder / "link").symlink_to(tmp_path / "secret")
    files = RunFiles(folder=str(folder))
    assert find(files, "below/a.bin") == folder / "below" / "a.bin"
    for outside in ("../secret", str(tmp_path / "secret"), "link", "a\0b"):
        assert refusal(files, outside) == "must be in the folder of the plan file"
    for nothing in ("nothing", "below"):
        assert refusal(files, nothing) == f"there is no file {nothing}"


def test_files_of_the_project(tmp_path: Path):
    (tmp_path / "kept").write_bytes(b"a")
    files = RunFiles(paths={"7": str(tmp_path / "kept"), "a.bin": str(tmp_path / "kept"), "8": str(tmp_path / "gone")})
    assert find(files, "7") == find(files, "a.bin") == tmp_path / "kept"
    assert refusal(files, "8") == "the data file 8 is not on this node"
    for unknown in ("9", "../kept", str(tmp_path / "kept")):
        assert refusal(files, unknown) == f"the project has no data file {unknown}"


def test_a_run_without_files():
    assert refusal(RunFiles(), "a") == "the project has no data file a"
