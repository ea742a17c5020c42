"""Whether the built web UI starts in a browser: ``make check``.

Types, lint and unit tests do not see how the build cuts the UI into files. Here every one of these is loaded, the form
of the sign-in and the page behind it are drawn, and nothing is written to the console.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.browser import BUILT
from tests.support.browser import Ui
from tests.support.browser import chromium
from tests.support.service import PASSWORD
from tests.support.service import Service

LOAD = "names => Promise.all(names.map((name) => import(`/assets/${name}`))).then(() => null)"


def opened(ui: Ui) -> int:
    """Sign in and load all scripts; return how many there are."""
    page = ui.open(user=None)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("main").get_by_role("heading").first.wait_for()
    scripts = sorted(path.name for path in (BUILT.parent / "assets").glob("*.js"))
    page.evaluate(LOAD, scripts)
    return len(scripts)


def main() -> None:
    """Fail for anything that the pages must not do."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir()
        with Service(data) as service, chromium() as browser:
            ui = Ui(browser, service)
            count = opened(ui)
            ui.close()
    print(f"web UI: sign-in, first page and {count} scripts load without a complaint")


if __name__ == "__main__":
    main()
