"""The list of plugins on the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.cli.plugins import show_plugins

LOADED: dict[str, Any] = {"kind": "protocol", "name": "wire", "distribution": "acme", "version": "1.2", "error": None}
FAILED = {**LOADED, "kind": "plugin", "name": "redis", "error": {"zh": "导入失败：没有 hiredis", "en": "no hiredis"}}


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", [["wire", "protocol", "acme", "1.2", "loaded"], ["redis", "plugin", "acme", "1.2", "no", "hiredis"]]),
        (
            "zh",
            [["wire", "协议", "acme", "1.2", "已加载"], ["redis", "插件", "acme", "1.2", "导入失败：没有", "hiredis"]],
        ),
    ],
)
def test_a_plugin_that_failed_to_load_says_why(
    language: str, lines: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    show_plugins([LOADED, FAILED], language)
    assert [line.split() for line in capsys.readouterr().out.splitlines()][1:] == lines
