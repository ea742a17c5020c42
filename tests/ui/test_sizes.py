"""How much the pages load, as sent: the bars of the UI."""

from __future__ import annotations

import re

from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import BUILT
from tests.support.browser import Ui

KB = 1000
SENT = """
(kind) => performance.getEntriesByType('resource')
  .filter(({ name }) => new URL(name).pathname.endsWith(kind))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
"""


def sent(page: Page, kind: str) -> int:
    size: int = page.evaluate(SENT, kind)
    assert size > 0
    return size


def test_sign_in_and_the_first_list_are_light(ui: Ui) -> None:
    page = ui.open("/login", user=None)
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert sent(page, ".js") <= 105 * KB
    assert sent(page, ".css") <= 10 * KB
    page = ui.open("/projects")
    expect(page.get_by_role("heading", name="还没有项目").or_(page.get_by_text("还没有项目"))).to_be_visible()
    assert sent(page, ".js") <= 150 * KB
    assert sent(page, ".css") <= 15 * KB


def test_no_file_is_large_and_none_evaluates_text() -> None:
    scripts = sorted((BUILT.parent / "assets").glob("*.js"))
    sizes = {path.name: path.with_name(path.name + ".gz").stat().st_size for path in scripts}
    assert max(sizes.values()) <= 130 * KB, sizes
    assert sum(sizes.values()) <= 600 * KB, sizes
    for path in scripts:
        assert not re.search(r"\beval\(|new Function\b", path.read_text("utf-8")), path.name
