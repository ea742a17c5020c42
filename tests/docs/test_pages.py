"""The pages as texts: both languages alike, every link leads somewhere, every block is of a kind that is tried."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import EXAMPLES
from tests.docs.pages import FOR_CONTRIBUTORS
from tests.docs.pages import HELD_TO_THE_CODE
from tests.docs.pages import ONE_LANGUAGE
from tests.docs.pages import PAGES
from tests.docs.pages import PAIRS
from tests.docs.pages import ROOT
from tests.docs.pages import TWINS
from tests.docs.pages import blocks_of
from tests.docs.pages import text_of

TRIED = {"sh", "curl", "yaml", "csv", "json", "toml", "ini", "nginx"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def anchors(page: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for _, title in HEADING.findall(text_of(page))
    }


@pytest.mark.parametrize("page", [*PAIRS, *PAIRS.values(), *ONE_LANGUAGE])
def test_every_block_is_of_a_kind_that_is_tried(page: str) -> None:
    assert {block.language for block in blocks_of(page)} <= TRIED


@pytest.mark.parametrize(("english", "chinese"), TWINS.items())
def test_both_languages_have_the_same_blocks(english: str, chinese: str) -> None:
    assert [block[1:] for block in blocks_of(chinese)] == [block[1:] for block in blocks_of(english)]


@pytest.mark.parametrize(("english", "chinese"), TWINS.items())
def test_both_languages_have_the_same_outline(english: str, chinese: str) -> None:
    levels = [[len(marks) for marks, _ in HEADING.findall(text_of(page))] for page in (english, chinese)]
    rows = [text_of(page).count("\n|") for page in (english, chinese)]
    assert (levels[0], rows[0]) == (levels[1], rows[1])


@pytest.mark.parametrize("page", [*PAGES, *FOR_CONTRIBUTORS])
def test_every_link_leads_somewhere(page: str) -> None:
    for link in LINK.findall(text_of(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(str(target.resolve().relative_to(ROOT))), link


def test_every_page_is_known() -> None:
    """A new page is named in ``pages``, so that what it shows is tried."""
    found = {str(page.relative_to(ROOT)) for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    assert found == {*PAGES, *HELD_TO_THE_CODE, *FOR_CONTRIBUTORS} - {*EXAMPLES}
