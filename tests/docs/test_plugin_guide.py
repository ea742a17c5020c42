"""The plugin guide: its blocks are the package that ``perfsvc plugins new`` makes; that is installed, tested, run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from perfsvc import plugin
from perfsvc.plugin import net
from perfsvc.plugin import testing
from perfsvc.plugin.net import DialOptions
from perfsvc.plugin.skeleton import FUNCTION
from perfsvc.plugin.skeleton import USUAL
from perfsvc.plugin.skeleton import package
from tests.docs.pages import BOTH
from tests.docs.pages import ROOT
from tests.docs.pages import blocks_of
from tests.docs.pages import quoted
from tests.docs.pages import text_of
from tests.support.environment import Environment

GUIDE = "docs/plugin-guide.md"
NAME = "wire"
FILES = package(NAME, USUAL)
FUNCTION_FILES = package(NAME, (FUNCTION,))
MOVED = {
    f"cd perfsvc-{NAME}\n": f"cd perfsvc-{NAME}\nsed -i s/7000/0/ tests/peer.py\n",
    "python tests/peer.py &\n": (
        "exec 3< <(exec python tests/peer.py); trap 'kill $!' EXIT; read -r -u 3 url\n"
        'sed -i "s#^  host: .*#  host: $url#" plan.yaml\n'
    ),
}
"""The peer gets a port of its own, and the plan is run when it listens."""
HELD_TOO = """
import pytest
from perfsvc.plugin.testing import checks_of, hold
from test_protocol import LineRig

from perfsvc_wire.callbacks import CallbackProtocol


class CallbackRig(LineRig):
    protocol = CallbackProtocol


@pytest.mark.parametrize("check", checks_of(CallbackRig()))
def test_contract(check):
    hold(CallbackRig(), check)
"""


def python() -> list[str]:
    return [block.text for block in blocks_of(GUIDE) if block.language == "python"]


def block_of(language: str) -> str:
    (text,) = [block.text for block in blocks_of(GUIDE) if block.language == language]
    return text


def callbacks() -> str:
    (text,) = [text for text in python() if "class CallbackSession" in text]
    return text


def page(language: str) -> str:
    return text_of(GUIDE.replace(".md", f"{language}.md"))


class Typed(NamedTuple):
    """What came of typing what the guide says."""

    environment: Environment
    package: Path
    shown: str


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Typed:
    environment = Environment(tmp_path_factory.mktemp("environment"))
    folder = tmp_path_factory.mktemp("shell")
    script = block_of("sh")
    for shown, moved in MOVED.items():
        assert shown in script
        script = script.replace(shown, moved)
    done = environment.type(script, folder, PYTEST_ADDOPTS="-k 'not many_'")
    assert done.returncode == 0, done.stdout + done.stderr
    return Typed(environment, folder / f"perfsvc-{NAME}", done.stdout)


def test_what_is_typed_makes_a_plugin_that_runs(typed: Typed) -> None:
    listed = [line.split()[:3] for line in typed.shown.splitlines()]
    assert [NAME, "protocol", f"perfsvc-{NAME}"] in listed
    assert [NAME, "data_source", f"perfsvc-{NAME}"] in listed
    assert re.search(r"^hello +\d{2,}", typed.shown, re.MULTILINE)
    assert "verdict: NO_THRESHOLDS" in typed.shown


def test_the_blocks_are_the_package() -> None:
    pieces = python()
    middle = pieces.index(callbacks())
    end = next(number for number, text in enumerate(pieces) if "class LinesSource" in text) + 1
    assert "\n\n".join(pieces[:middle]) == FILES[f"perfsvc_{NAME}/protocol.py"]
    assert "\n\n".join(pieces[middle + 1 : end]) == FILES[f"perfsvc_{NAME}/data_source.py"]
    assert pieces[end] == FUNCTION_FILES[f"perfsvc_{NAME}/function.py"]
    tests = FILES["tests/test_protocol.py"] + FUNCTION_FILES["tests/test_function.py"]
    assert [text for text in pieces[end + 1 :] if text not in tests] == []
    assert block_of("toml") == FILES["pyproject.toml"]


def test_callbacks_keep_every_promise(typed: Typed) -> None:
    (typed.package / f"perfsvc_{NAME}" / "callbacks.py").write_text(callbacks(), "utf-8")
    (typed.package / "tests" / "test_callbacks.py").write_text(HELD_TOO, "utf-8")
    done = typed.environment.test(typed.package, "tests/test_callbacks.py")
    assert done.returncode == 0, done.stdout


def test_it_is_listed_as_shown(typed: Typed) -> None:
    listed = json.loads(typed.environment.run("plugins", "--json", cwd=typed.package).stdout)
    shown = json.loads(block_of("json"))
    (real,) = [entry for entry in listed if (entry["kind"], entry["name"]) == (shown["kind"], shown["name"])]
    assert part_of(shown, real)


def part_of(shown: object, real: object) -> bool:
    """Whether what is shown is there, perhaps among other things."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(name in real and part_of(value, real[name]) for name, value in shown.items())
    return shown == real


@pytest.mark.parametrize("language", BOTH)
def test_every_public_name_is_explained(language: str) -> None:
    text = page(language) + " ".join(f"`{name}`" for text in python() for name in re.findall(r"\w+", text))
    assert quoted([*plugin.__all__, *net.__all__, *testing.__all__], text) == set()
    fields = [*DialOptions.model_fields, *plugin.RunContext._fields, *plugin.DataContext._fields]
    reply = [name for name in plugin.Reply.__slots__ if not name.startswith("_")]
    assert quoted([*fields, *reply, "cacheable"], page(language)) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_messages_are_those_of_the_code(language: str) -> None:
    code = "".join((ROOT / "perfsvc" / "plugin" / name).read_text("utf-8") for name in ("discovery.py", "catalog.py"))
    rows = re.findall(r"^\| (`.*?`) \|", page(language).rsplit("\n## ", 1)[1], re.MULTILINE)
    messages = [text.replace(": …", "…") for row in rows for text in re.findall(r"`([^`]+)`", row) if " " in text]
    parts = [part.strip() for text in messages for part in text.split("…")]
    written = [part.replace("register_protocols", "{hook}").replace("Request", "{attribute}") for part in parts]
    assert len(messages) >= 9
    assert [part for part in written if part not in code] == []
