"""The word gate: plain technical English, in which functions return and report.

Counts words of personified prose in docstrings, comments and English documents. ``BUDGET`` is the number still
allowed: lower it after removing some, never raise it.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

BUDGET = 0
WORDS = re.compile(r"\b(answers|told|tells|lest|nobody|somebody|whoever|anew|at leisure|manieth)\b", re.IGNORECASE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose_of(text: str) -> Iterator[str]:
    """Docstrings, of attributes too, and comments of a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def found_in(path: Path) -> Counter[str]:
    """Count the words in one file."""
    text = path.read_text(encoding="utf-8")
    parts = prose_of(text) if path.suffix == ".py" else [FENCED.sub("", text)]
    return Counter(word.lower() for part in parts for word in WORDS.findall(part))


def main(places: list[str]) -> int:
    """Print the files with most of the words. Return 1 if there are more than the budget."""
    paths = [path for place in map(Path, places) for path in ([place] if place.is_file() else place.rglob("*"))]
    counts = {path: found_in(path) for path in sorted(paths) if path.suffix in (".py", ".md") and path.is_file()}
    total = sum(count.total() for count in counts.values())
    if total > BUDGET:
        for path, count in sorted(counts.items(), key=lambda item: -item[1].total()):
            if count:
                print(f"{path}: {', '.join(f'{word} {number}' for word, number in count.most_common())}")
    print(f"{total} words of personified prose, {BUDGET} allowed")
    return 1 if total > BUDGET else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
