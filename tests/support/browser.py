"""The web UI in a real browser: pages of the real service, watched for everything that must not happen on them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect
from playwright.sync_api import sync_playwright

from tests.support.service import Service

ROOT = Path(__file__).parents[2]
AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"
BUILT = ROOT / "static" / "dist" / "index.html"

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

WATCH = """
addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP', event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber))
"""
"""Reports what the page's policy blocks where the test sees it."""

SIGN_IN = """
(([session, language, theme]) => {
  if (location.protocol === 'about:' || sessionStorage.getItem('prepared')) return
  sessionStorage.setItem('prepared', 'yes')
  localStorage.setItem('perfsvc.language', language)
  localStorage.setItem('perfsvc.theme', theme)
  if (session) localStorage.setItem('perfsvc.session', session)
})(%s)
"""

AXE_RUN = """
async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] })
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
}
"""

CHANGE_THEME = """
(theme) => {
  const key = 'perfsvc.theme'
  localStorage.setItem(key, theme)
  dispatchEvent(new StorageEvent('storage', { key, newValue: theme, storageArea: localStorage }))
}
"""
"""As when the theme is changed in another tab."""

STEADY = """
(patience) => new Promise((resolve) => {
  const end = performance.now() + patience
  const look = () => {
    const steady = document.documentElement.scrollWidth <= innerWidth
      && !document.getAnimations().some((one) => one instanceof CSSTransition)
    if (steady || performance.now() > end) resolve(steady)
    else requestAnimationFrame(look)
  }
  look()
})
"""
"""Whether the page comes to rest. It waits in the page: a policy without eval forbids Playwright's own way to wait."""
PATIENCE_MS = 60_000
"""How long a page may take for anything on a machine that does much else: what comes sooner is not waited for."""
expect.set_options(timeout=PATIENCE_MS)

Look = tuple[str, int]
"""A theme, and the width of the window."""


def installed_chromium() -> str:
    """Return the path of the browser: Chromium without windows, which needs half the processor time, where it is."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert program, "these tests need a browser: apt-get install chromium-headless-shell"
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    assert BUILT.is_file(), "the web UI is not built: make static/dist/index.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=list(QUIET))
        yield browser
        browser.close()


class Ui:
    """Opens pages of a service. ``close`` fails when any of them did what it must not.

    That is: an error or warning in the console, an exception, or something that the policy blocked.
    """

    def __init__(self, browser: Browser, service: Service) -> None:
        self.service = service
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[Any] = []
        self._expected: list[re.Pattern[str]] = []

    def open(
        self,
        path: str = "/",
        *,
        language: str = "zh",
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
        user: tuple[str, str] | None = ("admin", "correct horse"),
    ) -> Page:
        """A page in a browser of its own, signed in as ``user`` (name and password) unless None."""
        locale = "zh-CN" if language == "zh" else "en-US"
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        session = self._session(*user) if user is not None else None
        context.add_init_script(WATCH)
        context.add_init_script(SIGN_IN % json.dumps([session, language, theme]))
        context.on("page", self._watch)
        page = context.new_page()
        page.goto(self.service.url + path)
        return page

    def expect_status(self, *statuses: int) -> None:
        """The browser writes refused requests to its console; those with these statuses are meant to be."""
        self._expected += [re.compile(rf"status of {status}\b") for status in statuses]

    def expect_offline(self) -> None:
        """The service goes away in this test: connections to it fail."""
        self._expected.append(re.compile(r"net::ERR_|WebSocket connection to|load preload assets"))

    def check(self, page: Page) -> None:
        """Fail for a finding of axe that is serious or critical, and for a page that is wider than its window."""
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(AXE.read_text("utf-8"))
        findings = page.evaluate(AXE_RUN)
        assert findings == [], f"{page.url}: {findings}"
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than its window"

    def check_in(self, page: Page, looks: Sequence[Look]) -> None:
        """Check a page in each of ``looks``, that which it has first."""
        for theme, width in sorted(looks, key=lambda look: page.viewport_size != {"width": look[1], "height": 900}):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(CHANGE_THEME, theme)
            expect(page.locator("html.dark")).to_have_count(int(theme == "dark"))
            page.evaluate(STEADY, PATIENCE_MS)  # what is not at rest by then, the check names
            self.check(page)

    def close(self) -> None:
        """Close all pages and fail with what was seen on them."""
        for context in self._contexts:
            context.close()
        assert self.complaints == [], self.complaints

    def _session(self, username: str, password: str) -> str:
        answer = self.service.post("/api/users/login/", {"username": username, "password": password})
        assert answer.status == 200, answer
        pair = answer.body
        return json.dumps({"token": pair["token"], "refreshToken": pair["refresh_token"], "user": pair["user"]})

    def _watch(self, page: Page) -> None:
        page.on("console", lambda message: self._complain(message.type, f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: self._complain("error", str(error)))

    def _complain(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(pattern.search(text) for pattern in self._expected):
            self.complaints.append(text)
