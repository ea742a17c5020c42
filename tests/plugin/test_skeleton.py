"""``perfsvc plugins new``: what it makes installs, loads, passes its own tests and works in a run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfsvc.cli.commands import main
from perfsvc.plugin.skeleton import KINDS
from perfsvc.plugin.skeleton import compatible
from perfsvc.plugin.skeleton import make
from perfsvc.plugin.skeleton import package
from tests.support.environment import Environment
from tests.support.outcomes import assert_passed
from tests.support.processes import running

ROOT = Path(__file__).parents[2]
REFUSED = ["", "A", "1a", "_a", "a_", "a__b", "a--b", "a-", "a.b", "a/b", "..", "é", "a" * 21, "http", "none"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("acme_line", tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def environment(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    ready = Environment(tmp_path_factory.mktemp("environment"))
    ready.install(made, tmp_path_factory.mktemp("scratch"))
    return ready


@pytest.fixture
def peer(made: Path) -> Iterator[str]:
    """The server that the package brings for its tests, on a port of its own."""
    code = "import asyncio, peer; peer.PORT = 0; asyncio.run(peer.main())"
    with running([sys.executable, "-c", code], cwd=made / "tests", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_are_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in ("zh", "en"):
        assert main(["--lang", language, "plugins", "new", name, "--into", str(tmp_path)]) == 2
        out, err = capsys.readouterr()
        assert (out, err.startswith("perfsvc: NAME: ")) == ("", True)
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_packages_have_it_gives_a_module_with_underscores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", "en", "plugins", "new", "acme-sign", "--function", "--into", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'perfsvc-acme-sign'}\n"
    assert (tmp_path / "perfsvc-acme-sign" / "perfsvc_acme_sign" / "function.py").is_file()
    for path, text in package("acme_sign", ["function"]).items():
        assert (tmp_path / "perfsvc-acme-sign" / path).read_text("utf-8") == text


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "perfsvc-acme").mkdir()
    assert main(["--lang", "en", "plugins", "new", "acme", "--into", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"perfsvc: NAME: {tmp_path / 'perfsvc-acme'} is there already\n"
    assert list((tmp_path / "perfsvc-acme").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--lang", "en", "plugins", "new", "acme", "--into", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("perfsvc: --into: cannot be written: ")


@pytest.mark.parametrize(
    ("flags", "brought"),
    [
        ([], {"protocol", "data_source"}),
        (["--protocol"], {"protocol"}),
        (["--data-source"], {"data_source"}),
        (["--protocol", "--data-source"], {"protocol", "data_source"}),
        (["--function"], {"function"}),
    ],
)
def test_it_has_what_was_asked_for(
    flags: list[str], brought: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "new", "acme", *flags, "--into", str(tmp_path)]) == 0
    folder = tmp_path / "perfsvc-acme"
    assert capsys.readouterr().out == f"{folder}\n"
    assert {path.stem for path in (folder / "perfsvc_acme").glob("*.py")} - {"__init__"} == brought
    written = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    assert written == package("acme", brought)
    assert [
        path for path, text in written.items() if any(mark in text for mark in ("<name>", "<Title>", "<who>"))
    ] == []


def test_what_is_made_is_well_kept(made: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    for words in (["check", "--select", "E,F,I,B,UP"], ["format", "--check"]):
        done = subprocess.run([*ruff, *words, "."], cwd=made, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_it_passes_its_own_tests(environment: Environment, made: Path) -> None:
    done = environment.test(made)
    assert done.returncode == 0, done.stdout


def test_it_is_listed(environment: Environment, tmp_path: Path) -> None:
    listed = json.loads(environment.run("plugins", "--json", cwd=tmp_path).stdout)
    ours = [plugin for plugin in listed if plugin["distribution"] == "perfsvc-acme-line"]
    assert [(plugin["kind"], plugin["name"], plugin["status"]) for plugin in ours] == [
        ("protocol", "acme_line", "loaded"),
        ("data_source", "acme_line", "loaded"),
    ]
    assert ours[0]["title"] == {"zh": "Acme line 协议", "en": "Acme line"}


def test_its_plan_runs(environment: Environment, made: Path, peer: str, tmp_path: Path) -> None:
    plan = (made / "plan.yaml").read_text("utf-8").replace("acme-line://127.0.0.1:7000", peer)
    (tmp_path / "plan.yaml").write_text(plan, "utf-8")
    shutil.copy(made / "rows.jsonl", tmp_path)
    done = environment.run("run", "plan.yaml", "--quiet", "--json", "report.json", cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert_passed(done.returncode, report)
    assert report["summary"]["total_requests"] > 100
    assert (report["summary"]["error_count"], report["summary"]["checks_failed"]) == (0, 0)


def test_it_can_be_made_from_a_wheel(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in ("perfsvc", "plugins"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / file, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), str(source)], timeout=100, check=True)
    templates = {str(path.relative_to(ROOT)) for path in (ROOT / "perfsvc/plugin/skeleton/files").rglob("*.tmpl")}
    assert {str(path.relative_to(target)) for path in target.rglob("*.tmpl")} == templates
    assert len(package("acme", KINDS)) == len(templates)


@pytest.mark.parametrize(
    ("version", "range_"), [("0.1.0", ">=0.1,<0.2"), ("0.12.3", ">=0.12,<0.13"), ("1.4.0", ">=1.4,<2")]
)
def test_which_versions_of_perfsvc_fit(version: str, range_: str) -> None:
    assert compatible(version) == range_
