"""The other commands, and what all have in common."""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
from pathlib import Path

import pytest

from perfsvc import __version__
from perfsvc.cli.commands import COMMANDS
from perfsvc.cli.commands import locale_language
from perfsvc.cli.commands import main
from perfsvc.cli.commands import make_parser
from perfsvc.settings import SETTINGS
from tests.cli.conftest import Command
from tests.support.service import BIN

REFUSED = [[], ["walk"], ["run"], ["run", "a", "b"], ["run", "x", "-u", "many"], ["--lang", "fr"]]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_the_parser_refuses(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: perfsvc")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"perfsvc {__version__}\n")


def test_plugins(perfsvc: Command) -> None:
    done = perfsvc("plugins")
    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["name", "kind", "distribution", "version", "status"]
    assert ["http", "protocol", "perfsvc", __version__, "loaded"] in lines
    assert perfsvc("plugins", lang="zh").out.split()[:5] == ["名称", "种类", "软件包", "版本", "状态"]


def test_plugins_as_json(perfsvc: Command) -> None:
    found = {plugin["name"]: plugin for plugin in json.loads(perfsvc("plugins", "--json").out)}
    assert (found["http"]["kind"], found["http"]["status"], found["http"]["error"]) == ("protocol", "loaded", None)


def test_serve_has_a_flag_for_every_setting_that_is_no_secret() -> None:
    chosen = vars(make_parser().parse_args(["serve"]))
    flags = {name for name in chosen if name.startswith("set_")}
    assert flags == {f"set_{row.name}" for row in SETTINGS if not row.secret}


def test_serve_refuses_wrong_settings(perfsvc: Command, tmp_path: Path) -> None:
    assert perfsvc("serve", "--port", "x", "--data-dir", str(tmp_path)) == (
        2, "", "perfsvc: port (flags) must be an integer, not 'x'\n",
    )  # fmt: skip
    none = tmp_path / "none.toml"
    done = perfsvc("serve", "--config", str(none), lang="zh")
    assert done == (2, "", f"perfsvc: 无法读取文件 {none}：No such file or directory\n")


def test_serve_cannot_start_on_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [str(BIN), "--lang", "en", "serve", "--port", str(port), "--data-dir", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"perfsvc: cannot listen on 127.0.0.1:{port}: " in done.stderr


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE", "LC_ALL": "zh_TW"}, "zh"),
    ],
)
def test_the_language_is_the_locales(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str) -> None:
    for name in ("LANG", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert locale_language() == language


@pytest.mark.parametrize("words", [["--lang", "zh", "run"], ["run", "--lang", "zh"]])
def test_the_language_is_chosen_before_the_command_or_behind_it(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([*words, "nowhere.yaml"]) == 2
    assert capsys.readouterr().err.startswith("perfsvc: nowhere.yaml: 无法读取：")


def test_ctrl_c_before_anything_runs_leaves_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(chosen: argparse.Namespace, language: str) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS, "plugins", interrupted)
    assert main(["plugins"]) == 130
    assert capsys.readouterr() == ("", "")
