"""Folders that go with the process they are for, or with a later one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfsvc.temp_folders import scratch_folder
from perfsvc.temp_folders import sweep

HOLDER = """
import sys
from perfsvc.temp_folders import scratch_folder
with scratch_folder("held") as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a folder, which it has until it is killed or its input ends."""
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_a_folder_is_there_as_long_as_it_is_needed(temporary: Path) -> None:
    with scratch_folder("run") as folder:
        assert (folder.parent, folder.stat().st_mode & 0o777) == (temporary, 0o700)
        assert folder.name.startswith("perfsvc-run-")
        (folder / "file").write_text("x")
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_leaves_is_swept_by_the_next(temporary: Path) -> None:
    with holder() as (process, left), holder() as (_, held):
        process.kill()
        process.wait()
        assert left.exists()
        with scratch_folder("run") as folder:
            assert set(temporary.iterdir()) == {held, folder}
        assert (held / "deep" / "file").exists()
    sweep()
    assert list(temporary.iterdir()) == []


def test_what_only_looks_like_one_stays(temporary: Path) -> None:
    (temporary / "mine").mkdir()
    (temporary / "perfsvc-data").mkdir()
    (temporary / "perfsvc-run-file.scratch").write_text("x")
    (temporary / "perfsvc-run-link.scratch").symlink_to(temporary / "mine")
    before = set(temporary.iterdir())
    sweep()
    assert set(temporary.iterdir()) == before


def test_a_folder_that_is_swept_before_it_is_held_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter([str(temporary / "gone"), tempfile.mkdtemp(dir=temporary)])
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: next(made))
    with scratch_folder("run") as folder:
        assert list(temporary.iterdir()) == [folder]
