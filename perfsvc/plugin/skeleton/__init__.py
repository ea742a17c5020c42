"""``perfsvc plugins new``: a package with a plugin that works, for its author to change."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path

from perfsvc import __version__
from perfsvc.errors import InvalidInput

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MAX_NAME = 20
"""As long as the name of a protocol or of a data source may be."""

PROTOCOL, DATA_SOURCE, FUNCTION = "protocol", "data_source", "function"
KINDS = (PROTOCOL, DATA_SOURCE, FUNCTION)
USUAL = (PROTOCOL, DATA_SOURCE)
"""Without a choice."""
COMMON = ("README.md", "plan.yaml", "pyproject.toml", "package/__init__.py", "package/py.typed", "tests/conftest.py")
OWN = {
    PROTOCOL: ("package/protocol.py", "tests/peer.py", "tests/test_protocol.py"),
    DATA_SOURCE: ("package/data_source.py", "rows.jsonl", "tests/test_data_source.py"),
    FUNCTION: ("package/function.py", "tests/test_function.py"),
}
ENTRY_POINTS = {
    PROTOCOL: 'protocol = "perfsvc_<name>.protocol"\n',
    DATA_SOURCE: 'data-source = "perfsvc_<name>.data_source"\n',
    FUNCTION: 'function = "perfsvc_<name>.function"\n',
}
SPOKEN = {
    "<host>": "<dashed>://127.0.0.1:7000",
    "<protocol>": "<name>",
    "<request>": 'text: "hello <who>"',
    "<needs>": "a server, such as that of the tests",
    "<peer>": "python tests/peer.py &\n",
}
BY_HTTP = {
    "<host>": "http://127.0.0.1:8080",
    "<protocol>": "http",
    "<request>": 'url: "/?name=<who>"',
    "<needs>": "a web server at its `host`",
    "<peer>": "",
}
"""The plan of a package without a protocol of its own."""
DATA = "  data_source_type: <name>\n  data_config: {file: rows.jsonl}"


def make(name: str, into: Path, kinds: Collection[str] = USUAL, taken: Collection[str] = ()) -> Path:
    """Write the package ``perfsvc-<name>`` into a folder and return its path. A ``-`` in the name stands for ``_``.

    Raises InvalidInput for an invalid or ``taken`` name, and if the package cannot be written.
    """
    name = name.replace("-", "_")
    check(name, taken)
    folder = into / f"perfsvc-{name.replace('_', '-')}"
    try:
        folder.mkdir(parents=True)
        for path, text in package(name, kinds).items():
            target = folder / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, "utf-8")
    except FileExistsError:
        raise InvalidInput.at("NAME", f"{folder} 已存在", f"{folder} is there already") from None
    except OSError as error:
        raise InvalidInput.at("--into", f"无法写入：{error}", f"cannot be written: {error}") from None
    return folder


def check(name: str, taken: Collection[str]) -> None:
    """Raises InvalidInput."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InvalidInput.at(
            "NAME",
            f"应由小写字母、数字和单个 _ 或 - 组成，以字母开头，最多 {MAX_NAME} 个字符",
            f"must be lower-case letters, digits and single _ or -, begin with a letter, at most {MAX_NAME} long",
        )
    if name in taken or name == "none":  # what a plan without data has for a data source
        raise InvalidInput.at("NAME", "已有同名的插件", "there is a plugin of this name already")


def package(name: str, kinds: Collection[str]) -> dict[str, str]:
    """The files of a package by their paths in it."""
    templates = [*COMMON, *(path for kind in KINDS if kind in kinds for path in OWN[kind])]
    words = words_of(name, kinds)
    source = files(__name__) / "files"
    return {
        put(path.replace("package", "perfsvc_<name>"), words): put((source / f"{path}.tmpl").read_text("utf-8"), words)
        for path in templates
    }


def words_of(name: str, kinds: Collection[str]) -> dict[str, str]:
    """Replacements of the marks, in order: a replacement may contain later marks."""
    return {
        **(SPOKEN if PROTOCOL in kinds else BY_HTTP),
        "<data>\n": f"{DATA}\n" if DATA_SOURCE in kinds else "",
        "<who>": "{{$<name>($vu)}}" if FUNCTION in kinds else "{{name}}" if DATA_SOURCE in kinds else "{{$vu}}",
        "<entry_points>": "".join(ENTRY_POINTS[kind] for kind in KINDS if kind in kinds),
        "<versions>": compatible(__version__),
        "<dashed>": name.replace("_", "-"),
        "<name>": name,
        "<Title>": name.replace("_", " ").capitalize(),
    }


def compatible(version: str) -> str:
    """The versions of perfsvc with the plugin interface of this one: ``>=0.1,<0.2``; from 1 on ``>=1.4,<2``."""
    major, minor = map(int, version.split(".")[:2])
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"


def put(text: str, words: dict[str, str]) -> str:
    """A text with words in the place of its marks."""
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text
