"""The map of the code held against the code: paths in the documents, and the module tables of packages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import FOR_CONTRIBUTORS
from tests.docs.pages import ROOT
from tests.docs.pages import text_of

PATH = re.compile(r"`((?:perfsvc|plugins|static|docs|tests|\.ci)/[^`\s]*)`")
ROW = re.compile(r"^(``.+?``) +\S", re.MULTILINE)
NAME = re.compile(r"[\w.]+")
PACKAGES = sorted(
    path.parent
    for folder in ("perfsvc", "plugins/perfsvc_protocols", "plugins/perfsvc_datasources")
    for path in (ROOT / folder).rglob("__init__.py")
)
CHANGES = (
    "a check",
    "an extractor",
    "a test mode",
    "a REST endpoint",
    "a live field",
    "a table column",
    "a protocol",
    "a data source",
    "a balance strategy",
    "a message that users read",
)


def members(package: Path) -> set[str]:
    """Modules and packages directly in a package, numbered migrations aside."""
    modules = {path.stem for path in package.glob("[!0-9]*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in package.glob("*/__init__.py")}


def listed(package: Path) -> Counter[str]:
    """Names in the first column of the table in a package's docstring."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    return Counter(name for row in ROW.findall(docstring) for name in NAME.findall(row))


@pytest.mark.parametrize("page", FOR_CONTRIBUTORS)
def test_paths_that_a_page_names_exist(page: str) -> None:
    named = PATH.findall(text_of(page))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_package_is_in_the_picture() -> None:
    page = text_of("docs/architecture.md")
    packages = [path for path in PACKAGES if path.parent.name in ("perfsvc", "plugins") and path.name != "perfsvc"]
    assert [path.name for path in packages if f"| `{path.relative_to(ROOT)}` |" not in page] == []


def test_every_common_change_has_a_first_place() -> None:
    page = text_of("docs/architecture.md")
    assert [change for change in CHANGES if f"\n| {change} | " not in page] == []


@pytest.mark.parametrize(
    "package", [path for path in PACKAGES if len(members(path)) > 1], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_package_lists_each_of_its_modules_once(package: Path) -> None:
    assert listed(package) == Counter(members(package))
