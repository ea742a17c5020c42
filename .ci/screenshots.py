"""Pictures of every page of the web UI, in both languages, both themes and two widths: ``make screenshots``.

They are made from a recording (``.ci/record.py``) at the times it was made, so the same code makes the same pictures;
they go to ``build/screenshots``. Arguments name the pages to take, and ``--look LANGUAGE-THEME-WIDTH`` one look.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.browser import SIGN_IN  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.recording import Playback  # noqa: E402
from tests.support.recording import Recording  # noqa: E402
from tests.support.service import Service  # noqa: E402

RECORDING = ROOT / ".ci" / "recording.json.gz"
TARGET = ROOT / "build" / "screenshots"
LOOKS = [
    f"{language}-{theme}-{width}" for width in (1280, 390) for language in ("zh", "en") for theme in ("light", "dark")
]
READY = {
    "run-live": ".steps .spark",
    "run-report": "#config",
    "run-window": "#config",
    "search-live": ".story",
    "search-report": "#config",
}
"""What a page has once it shows what it is for."""
ZONE = "Asia/Shanghai"
SCROLL = "(top) => scrollTo(0, document.querySelector(top).getBoundingClientRect().top + scrollY - 120)"
DRAWN = """
() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 100))
"""
ENGLISH = {
    "晚八点抢购": "Evening peak",
    "每晚回归": "Nightly regression",
    "发布冒烟": "Release smoke",
    "寻找极限": "Breaking point",
    "支付网关": "Payment gateway",
    "商城": "Shop",
    "会员回访": "Return visit",
    "浏览": "Browse",
    "下单": "order",
    "登录": "login",
    "缓存重建": "Cache rebuilt",
    "列表": "list",
    "详情": "detail",
    "演示项目": "Demo project",
    "演示目标": "Demo target",
}
"""Names in the recording, and what they are called in English pictures."""


def opened(browser: Browser, recording: Recording, look: str) -> tuple[Page, Playback]:
    """A page of one look that is told what was recorded."""
    language, theme, width = look.split("-")
    context = browser.new_context(
        viewport={"width": int(width), "height": 900},
        locale="zh-CN" if language == "zh" else "en-US",
        timezone_id=ZONE,
        reduced_motion="reduce",
    )
    context.add_init_script(SIGN_IN % json.dumps([recording.session(), language, theme]))
    page = context.new_page()
    return page, Playback(page, recording, ENGLISH if language == "en" else {})


def take(browser: Browser, recording: Recording, base: str, look: str, wanted: set[str]) -> list[str]:
    """Take the pictures of one look, and return what the pages asked for that was not recorded."""
    page, playback = opened(browser, recording, look)
    for name in recording.scenes:
        if not wanted or name in wanted:
            playback.show(name, base)
            picture(page, f"{name}-{look}", READY.get(name, "main"))
    if not wanted or "login" in wanted:
        page.evaluate("localStorage.removeItem('perfsvc.session')")
        page.goto(f"{base}/login")
        picture(page, f"login-{look}", "main")
    page.context.close()
    return playback.missing


def settled(page: Page, ready: str) -> None:
    """Wait until ``ready`` is there, nothing is being loaded, and all is drawn."""
    page.locator(ready).first.wait_for()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=30_000)
    page.evaluate(DRAWN)


def picture(page: Page, name: str, ready: str) -> None:
    """Take a page as a whole."""
    settled(page, ready)
    size = page.viewport_size or {"width": 1440, "height": 900}
    height: int = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    page.evaluate(DRAWN)
    page.screenshot(path=TARGET / f"{name}.png", full_page=True, animations="disabled")
    page.set_viewport_size(size)


PICTURES = ROOT / "docs" / "pictures"
SHOWN = {
    "run-live": ("dark", ".now"),
    "run-report": ("light", ".figures"),
    "search-report": ("light", ".answer"),
    "plan": ("dark", "main"),
}
"""Pages that the READMEs show: their themes, and what is at the top of the picture."""
QUALITY = 78


def readme_pictures(browser: Browser, recording: Recording, base: str) -> None:
    """Take the pictures of both READMEs: the first screen of a few pages, small enough to be kept in the repository."""
    PICTURES.mkdir(exist_ok=True)
    for language in ("en", "zh"):
        for name, (theme, top) in SHOWN.items():
            page, playback = opened(browser, recording, f"{language}-{theme}-1280")
            page.add_init_script("localStorage.setItem('perfsvc.run.hints', 'true')")
            playback.show(name, base)
            settled(page, READY.get(name, "main"))
            page.evaluate(SCROLL, top)
            page.evaluate(DRAWN)
            page.screenshot(
                path=PICTURES / f"{name}.{language}.jpg", type="jpeg", quality=QUALITY, animations="disabled"
            )
            page.context.close()


def main() -> None:
    """Take all pictures, or those that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--look", action="append", choices=LOOKS)
    parser.add_argument("--readme", action="store_true", help="take the pictures that the READMEs show")
    arguments = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    recording = Recording.load(RECORDING)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        service = Service(Path(folder) / "data")
        try:
            if arguments.readme:
                readme_pictures(browser, recording, service.url)
                return
            missing = {
                key
                for look in arguments.look or LOOKS
                for key in take(browser, recording, service.url, look, set(arguments.pages))
            }
        finally:
            service.end()
    for key in sorted(missing):
        print(f"not recorded: {key}")
    print(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET}")


if __name__ == "__main__":
    main()
