"""Help, usage and errors of the parser in the user's language."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfsvc.cli.catalogue import ARGPARSE
from perfsvc.cli.catalogue import HELP
from perfsvc.cli.commands import main
from perfsvc.cli.commands import make_parser


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    make_parser("en")


def helps(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Everything that a parser and its commands say of themselves."""
    if parser.description:
        yield parser.description
    for action in parser._actions:
        if action.help and action.help != argparse.SUPPRESS:
            yield action.help
        if isinstance(action, argparse._SubParsersAction):
            yield from (choice.help for choice in action._choices_actions if choice.help)
            for command in action.choices.values():
                yield from helps(command)


def test_every_help_is_in_the_catalogue_and_nothing_else_is() -> None:
    said = set(helps(make_parser("en")))
    assert said == {text.en for text in (*HELP, *ARGPARSE)} & said
    assert {text.en for text in HELP} <= said
    assert all(any(ord(letter) > 0x2E80 for letter in text) for text in helps(make_parser("zh")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "缺少参数：command"),
        (["run"], "缺少参数：URL|PLAN"),
        (["run", "http://127.0.0.1/", "--usres", "3"], "未知参数：--usres 3"),
        (["run", "http://127.0.0.1/", "-u", "many"], "参数 -u/--users：无效的 int 值：'many'"),
        (["run", "http://127.0.0.1/", "-u"], "参数 -u/--users：需要一个参数值"),
        (["fly"], "参数 command：无效的值：'fly'"),
        (["certs", "x", "--renew", "--check"], "不能与参数 --renew 同时使用"),
    ],
)
def test_errors_of_the_parser_in_chinese(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--lang", "zh", *words])
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.startswith("用法：perfsvc")
    assert "错误：" in shown


def test_a_wrong_language_is_an_error_of_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--lang", "fr", "http://127.0.0.1/"])
    assert "--lang" in capsys.readouterr().err


def test_the_help_of_settings_is_in_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["serve", "--help", "--lang=zh"])
    assert "TOML 文件中的设置" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "zh", "en"),
    [
        (["-n", "30"], "预计：30 次迭代后结束，请求 30", "expected: until 30 iterations are done, requests 30"),
        (
            ["-n", "30", "-d", "5"],
            "预计：30 次迭代，最长 5 秒，请求 30",
            "expected: 30 iterations, 5 s at most, requests 30",
        ),
        (["-d", "5"], "预计：时长 5 秒，请求 -", "expected: 5 s, requests -"),
    ],
)
def test_check_tells_what_ends_the_run(
    flags: list[str], zh: str, en: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "name: p\nenv: {host: 'http://127.0.0.1:9'}\nconfig: {concurrent_users: 2}\n"
        "scenes:\n- name: s\n  steps: [{name: r, request: {url: /}}]\n"
    )
    for language, said in (("zh", zh), ("en", en)):
        assert main(["--lang", language, "check", str(plan), *flags]) == 0
        shown = capsys.readouterr().out
        assert said in shown
        assert "86400" not in shown
