"""The pages of the documentation and the fenced blocks in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

LIMIT_OF_TIME = re.compile(r"\b(p\d+|avg)(\{\w+\})? < \d+")

BOTH = ("", ".zh-CN")
"""What the names of the pages end with, in English and in Chinese."""
ENGLISH = (
    "README.md",
    "docs/other-tools.md",
    "docs/user-guide.md",
    "docs/data-sources.md",
    "docs/api.md",
    "docs/operations.md",
)
PAIRS = {page: page.replace(".md", ".zh-CN.md") for page in ENGLISH}
ONE_LANGUAGE = ("CHANGELOG.md",)
HELD_TO_THE_CODE = (
    "docs/performance-score.md",
    "docs/performance-score.zh-CN.md",
    "docs/projects.md",
    "docs/projects.zh-CN.md",
)
"""Formulas, held by the tests of the score, and what the web UI does: nothing to run."""
FOR_CONTRIBUTORS = ("CONTRIBUTING.md", "docs/architecture.md")
"""Held to the code by a test of their own; their commands are those of CI."""
DECISIONS = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "decisions").glob("*.md"))
PROTOCOLS = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "protocols").glob("*.md"))
"""Their plans are run by the tests of the protocols."""
DATA_SOURCES = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "data-sources").glob("*.md"))
"""Their plans are run by the tests of the data sources."""
MANY_MACHINES = ("docs/distributed.md", "docs/distributed.zh-CN.md")
"""What they show needs more than one process, and has a test of its own."""
FIRST_STEPS = ("docs/first-steps.md", "docs/first-steps.zh-CN.md")
"""Jobs of CI are no plans: a test of its own runs their commands."""
PLUGIN_GUIDE = ("docs/plugin-guide.md", "docs/plugin-guide.zh-CN.md")
"""A test of its own assembles, installs and runs it."""
EXAMPLES = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "examples").glob("*/*.md"))
"""Of packages, which are installed, tested and run by the test of a stranger's plugin."""
TRIED_ELSEWHERE = (*PROTOCOLS, *DATA_SOURCES, *MANY_MACHINES, *FIRST_STEPS, *PLUGIN_GUIDE, *EXAMPLES)
TWINS = PAIRS | {page: page.replace(".md", ".zh-CN.md") for page in TRIED_ELSEWHERE if not page.endswith(".zh-CN.md")}
PAGES = (*PAIRS, *PAIRS.values(), *ONE_LANGUAGE, *DECISIONS, *TRIED_ELSEWHERE)

DOCUMENTED_SERVICE = "http://127.0.0.1:8000"
DOCUMENTED_TARGET = "http://127.0.0.1:8080"
DOCUMENTED_PASSWORD = "the password that was printed"


class Block(NamedTuple):
    """A fenced block: where it stands, its language and its text."""

    page: str
    number: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}#{self.number}"


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks_of(page: str) -> list[Block]:
    """Every fenced block of a page."""
    found = FENCE.finditer(text_of(page))
    return [Block(page, number, match[1], match[2]) for number, match in enumerate(found)]


def blocks(*languages: str) -> list[Block]:
    """The blocks of some languages on all English pages; the Chinese ones are held to be the same."""
    return [block for page in ENGLISH for block in blocks_of(page) if block.language in languages]


def quoted(names: Iterable[str], text: str) -> set[str]:
    """The names that do not stand in a text as code."""
    code = set(re.findall(r"[A-Za-z0-9_.]+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    return {name for name in names if name not in code}


def unhurried(text: str) -> str:
    """A text whose limits of response times hold on any machine: the shop has them of the one that tests run on."""
    return LIMIT_OF_TIME.sub(r"\g<0>000", text)


def retargeted(text: str, target: str, service: str = DOCUMENTED_SERVICE) -> str:
    """A text with the addresses that the pages use replaced by where things really are."""
    return text.replace(DOCUMENTED_TARGET, target).replace(DOCUMENTED_SERVICE, service)
