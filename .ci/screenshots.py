"""Pictures of every page and dialog of the web UI, in both languages and themes, at both widths: ``make screenshots``.

They go to ``build/screenshots``. Runs are shown from a recording (``.ci/record.py``) at the times it was made; all else
from a service of its own, which ``tests/support/sample_project.py`` fills. Arguments are names of pictures or patterns
such as ``scene-*``; ``--language``, ``--theme`` and ``--width`` take a part of the looks:
``.ci/screenshots.py 'plan*' --language en``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from fnmatch import fnmatch
from functools import cached_property
from itertools import product
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser
from playwright.sync_api import Error
from playwright.sync_api import Page
from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from looks import LOOKS  # noqa: E402
from looks import MAIN  # noqa: E402
from looks import Act  # noqa: E402
from looks import Look  # noqa: E402

from tests.support.browser import SIGN_IN  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.recording import Playback  # noqa: E402
from tests.support.recording import Recording  # noqa: E402
from tests.support.sample_project import PASSWORD  # noqa: E402
from tests.support.sample_project import SampleProject  # noqa: E402
from tests.support.sample_project import english  # noqa: E402
from tests.support.service import PASSWORD as ADMINISTRATOR  # noqa: E402
from tests.support.service import Service  # noqa: E402
from tests.support.shop import Shop  # noqa: E402

RECORDING = ROOT / ".ci" / "recording.json.gz"
TARGET = ROOT / "build" / "screenshots"
LANGUAGES, THEMES, WIDTHS = ("zh", "en"), ("light", "dark"), (1280, 390, 1440)
ZONE = "Asia/Shanghai"
PATIENCE_MS = 20_000
SCROLL = "(top) => scrollTo(0, document.querySelector(top).getBoundingClientRect().top + scrollY - 64)"
DRAWN = """
() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 100))
"""
RECORDED = {
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
    "结算稳态": "Steady checkout",
    "结算": "Checkout",
    "付款": "pay",
    "缓存重建": "Cache rebuilt",
    "列表": "list",
    "详情": "detail",
    "演示项目": "Demo project",
    "演示目标": "Demo target",
}
"""Names in the recording, and what they are called in English pictures."""


class Appearance(NamedTuple):
    """How pages are shown."""

    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"


def opened(browser: Browser, appearance: Appearance, session: str | None, height: int = 900) -> Page:
    """A page in a browser of its own."""
    language, theme, width = appearance
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if language == "zh" else "en-US",
        timezone_id=ZONE,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(SIGN_IN % json.dumps([session, language, theme]))
    return context.new_page()


def played(page: Page, recording: Recording, language: str) -> Playback:
    """Replies and frames of a page, from the recording."""
    return Playback(page, recording, RECORDED if language == "en" else {})


class Studio:
    """Takes pictures in one language. The service is started and filled when it is needed first."""

    def __init__(self, browser: Browser, recording: Recording, language: str, stack: ExitStack) -> None:
        self._browser = browser
        self._recording = recording
        self._language = language
        self._stack = stack
        self._sessions: dict[str, str] = {}
        self.missing: set[str] = set()
        """What pages asked for that was not recorded."""

    @cached_property
    def service(self) -> Service:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        return self._stack.enter_context(Service(folder / "data"))

    @cached_property
    def sample(self) -> SampleProject:
        shop = self._stack.enter_context(Shop())
        self.service.language = self._language
        return SampleProject(self.service, shop, self._worded)

    def take(self, name: str, look: Look, appearance: Appearance) -> None:
        """Take one picture."""
        page = opened(self._browser, appearance, self._session(look))
        playback = played(page, self._recording, self._language) if look.recorded else None
        try:
            if playback:
                playback.show(look.recorded, self.service.url)
                settled(page, "main")
            else:
                self._go(page, look)
            for act in look.acts:
                self._do(page, act)
            picture(page, f"{name}-{appearance}", look.ready)
            if look.paper:
                page.pdf(path=TARGET / f"{name}-{appearance}.pdf", prefer_css_page_size=True)
        finally:
            self.missing.update(playback.missing if playback else ())
            page.context.close()

    def _go(self, page: Page, look: Look) -> None:
        path = look.path.format(**self.sample.names)
        place = path[1:] if path.startswith("!") else f"/p/{self.sample.project}{path}"
        if look.refused:
            headers = {"Retry-After": "42"}
            page.route(look.of, lambda route: route.fulfill(status=look.refused, body="{}", headers=headers))
        page.goto(self.service.url + place)
        settled(page, "main")

    def _do(self, page: Page, act: Act) -> None:
        kind, selector, *rest = map(self._worded, act)
        place = page.locator(selector.format(**self.sample.names)).first if kind != "changed" else None
        if place is None:
            self.sample.change(selector)
        elif kind == "click" or (kind == "narrow" and place.is_visible()):
            place.click()
        elif kind == "fill":
            place.fill(rest[0])
        elif kind == "type":
            place.press_sequentially(rest[0])
        elif kind == "press":
            place.press(rest[0])
        elif kind == "file":
            place.set_input_files({"name": "shop.yaml", "mimeType": "text/yaml", "buffer": rest[0].encode()})

    def _session(self, look: Look) -> str | None:
        if look.recorded:
            return self._recording.session()
        if not look.user:
            return None
        if look.user not in self._sessions:
            password = ADMINISTRATOR if look.user == "admin" else PASSWORD
            _ = self.sample
            pair = self.service.post("/api/users/login/", {"username": look.user, "password": password}).body
            session = {"token": pair["token"], "refreshToken": pair["refresh_token"], "user": pair["user"]}
            self._sessions[look.user] = json.dumps(session)
        return self._sessions[look.user]

    def _worded(self, text: str) -> str:
        return english(text) if self._language == "en" else text


def settled(page: Page, ready: str) -> None:
    """Wait until ``ready`` is there, nothing is being loaded, and all is drawn."""
    page.locator(ready).first.wait_for()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=30_000)
    page.evaluate(DRAWN)


def picture(page: Page, name: str, ready: str) -> None:
    """Take a page as a whole, or what is seen of it behind an open dialog."""
    settled(page, ready)
    if not page.locator("dialog[open]").count():
        size = page.viewport_size or {"width": 1440, "height": 900}
        # What comes into sight may be higher than it was taken for.
        for _ in range(3):
            height: int = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
            page.evaluate(DRAWN)
    page.screenshot(path=TARGET / f"{name}.png", animations="disabled")


PICTURES = ROOT / "docs" / "pictures"
SHOWN = {
    "run-live": ("dark", "main"),
    "run-report": ("light", ".figures"),
    "search-report": ("light", "main"),
    "plan-recorded": ("dark", "main"),
}
"""Pages that the READMEs show: their themes, and what is at the top of the picture."""
HEIGHT = 1120
QUALITY = 78


def readme_pictures(browser: Browser, recording: Recording, base: str) -> None:
    """Take the pictures of both READMEs: the first screen of a few pages, small enough to be kept in the repository."""
    PICTURES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        for name, (theme, top) in SHOWN.items():
            page = opened(browser, Appearance(language, theme, 1280), recording.session(), HEIGHT)
            page.add_init_script("localStorage.setItem('perfsvc.run.hints', 'true')")
            look = LOOKS[name]
            played(page, recording, language).show(look.recorded, base)
            settled(page, look.ready)
            page.evaluate(SCROLL, top)
            page.evaluate(DRAWN)
            page.screenshot(
                path=PICTURES / f"{look.recorded}.{language}.jpg", type="jpeg", quality=QUALITY, animations="disabled"
            )
            page.context.close()


def chosen_looks(arguments: argparse.Namespace) -> Iterator[tuple[str, Look, Appearance]]:
    """The pictures that the arguments name; the greatest width is for the main pages alone."""
    for appearance in starmap(Appearance, product(arguments.language, arguments.theme, arguments.width)):
        for name, look in LOOKS.items():
            if not any(fnmatch(name, pattern) for pattern in arguments.pictures or "*"):
                continue
            if appearance.width != max(WIDTHS) or name in MAIN or arguments.pictures:
                yield name, look, appearance


def take(browser: Browser, arguments: argparse.Namespace) -> list[str]:
    """Take pictures, and return what went wrong."""
    recording = Recording.load(RECORDING)
    troubles = []
    with ExitStack() as stack:
        studios = {language: Studio(browser, recording, language, stack) for language in arguments.language}
        if arguments.readme:
            readme_pictures(browser, recording, studios[LANGUAGES[0]].service.url)
            return []
        for name, look, appearance in chosen_looks(arguments):
            studio = studios[appearance.language]
            if not look.recorded:
                studio.sample.names  # noqa: B018
            try:
                studio.take(name, look, appearance)
            except (Error, AssertionError) as trouble:
                troubles.append(f"{name}-{appearance}: {trouble}")
        for key in sorted({key for studio in studios.values() for key in studio.missing}):
            print(f"not recorded: {key}")
    return troubles


def main() -> None:
    """Take all pictures, or those that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE")
    parser.add_argument("--language", action="append", choices=LANGUAGES)
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--width", action="append", type=int, choices=WIDTHS)
    parser.add_argument("--readme", action="store_true", help="take the pictures that the READMEs show")
    arguments = parser.parse_args()
    for name, every in (("language", LANGUAGES), ("theme", THEMES), ("width", WIDTHS)):
        setattr(arguments, name, getattr(arguments, name) or list(every))
    TARGET.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        troubles = take(browser, arguments)
    print("\n".join(troubles))
    print(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET}")
    sys.exit(bool(troubles))


if __name__ == "__main__":
    main()
