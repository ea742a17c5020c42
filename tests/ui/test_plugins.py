"""The page of plugins: what could not be loaded and why, and the fields of what was."""

from __future__ import annotations

import textwrap
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.service import Service

SCHEMALESS = """
import threading
from perfsvc.plugin import Protocol, Spec, Text, hookimpl

class Request(Spec):
    model_config = {"arbitrary_types_allowed": True}
    thread: threading.Thread

class Odd(Protocol):
    name, title, Request, Options = "odd", Text("怪", "Odd"), Request, Request
    def compile(self, *_): ...
    def session(self, *_): ...

@hookimpl
def register_protocols():
    return [Odd]
"""
BROKEN = {
    "raises": ("raise RuntimeError('no licence for <b>this</b> host')", ""),
    "lacking": ("import a_module_nobody_has", ""),
    "early": ("", "perfsvc >=99"),
    "odd": (SCHEMALESS, ""),
}
WHY = {
    "en": {
        "raises": "import failed: RuntimeError: no licence for <b>this</b> host",
        "lacking": "The Python package with the module a_module_nobody_has is not installed",
        "early": "it needs perfsvc >=99, and this is",
        "odd": "a JSON Schema cannot be made",
    },
    "zh": {
        "raises": "导入失败：RuntimeError: no licence for <b>this</b> host",
        "lacking": "没有安装提供模块 a_module_nobody_has 的 Python 包",
        "early": "需要 perfsvc >=99，当前为",
        "odd": "无法生成 JSON Schema",
    },
}


def packed(site: Path, name: str, body: str, requires: str) -> None:
    """A distribution with one plugin in a folder of packages."""
    info = site / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}_plugin.py").write_text(textwrap.dedent(body), encoding="utf-8")
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n{needs}", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[perfsvc.plugins]\n{name} = {name}_plugin\n", encoding="utf-8")


def test_what_could_not_be_loaded_says_why_and_what_was_says_what_it_takes(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (body, requires) in BROKEN.items():
        packed(tmp_path / "site", name, body, requires)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with Service(tmp_path / "data") as service:
        ui = Ui(browser, service)
        for language, width in (("en", 1440), ("zh", 390)):
            page = ui.open("/plugins", language=language, width=width)
            failed = page.get_by_role("table").first.get_by_role("row")
            for name, why in WHY[language].items():
                expect(failed.filter(has=page.get_by_text(name, exact=True))).to_contain_text(why)
            ui.check(page)
        page.get_by_role("button", name="HTTP 的配置结构").click()
        fields = page.get_by_role("dialog").get_by_role("row")
        expect(fields.filter(has=page.get_by_text("url", exact=True))).to_contain_text("相对于测试环境的服务地址")
        expect(fields.filter(has=page.get_by_text("auth(basic).username", exact=True))).to_contain_text("必填")
        expect(fields.filter(has=page.get_by_text("method", exact=True))).to_contain_text("GET")
        ui.check(page)
        page.keyboard.press("Escape")
        guide = page.get_by_role("main").get_by_role("link", name="插件").first
        expect(guide).to_have_attribute("href", f"/guide/plugin-guide#{quote('不工作的时候')}")
        ui.close()
