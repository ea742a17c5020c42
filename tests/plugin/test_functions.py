"""Functions that plugins bring, and what every function promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perfsvc.model.functions.families import BUILTIN
from perfsvc.model.functions.library import Library
from perfsvc.model.problems import Fault
from perfsvc.model.template import Template
from perfsvc.plugin import FunctionFailed
from perfsvc.plugin import Scope
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.discovery import discover
from perfsvc.plugin.skeleton import FUNCTION
from perfsvc.plugin.skeleton import make
from perfsvc.plugin.testing import FUNCTION_CHECKS
from perfsvc.plugin.testing import FunctionRig
from perfsvc.plugin.testing import hold_function

FUNCTION_CLASS = """
from perfsvc.plugin import Function

class Twice(Function):
    name = {name!r}
    title = Text("两遍", "Twice")
    examples = {examples!r}
    pure = True
    def call(self, {parameters}):
        return text * 2

@hookimpl
def register_functions():
    return [Twice]
"""
PROMISES = [name for name in FUNCTION_CHECKS if name not in ("it_gives_what_it_should", "it_is_fast")]


def twice(name: str = "twice", examples: object = ("$twice(1)",), parameters: str = "text: str") -> str:
    return FUNCTION_CLASS.format(name=name, examples=examples, parameters=parameters)


def test_a_plugins_function_is_known_to_every_template(install):
    catalog = Catalog.load(points=install("acme", twice()))
    assert Template('{{$twice("a")}}').constant == "aa"
    (described,) = catalog.describe()
    assert (described["kind"], described["name"], described["status"]) == ("function", "twice", "loaded")
    assert (described["title"], described["examples"]) == ({"zh": "两遍", "en": "Twice"}, ["$twice(1)"])


def test_where_a_function_is_missing_the_plugins_that_failed_are_named(install):
    Catalog.load(points=install("acme", "import gmssl_of_nowhere\n"))
    with pytest.raises(Fault) as caught:
        Template('{{$sm4("a", "b")}}')
    text = caught.value.problems[0].text
    assert text.en == (
        'unknown placeholder {{$sm4("a", "b")}}: no function $sm4; the plugin acme:plugin-0 failed to load: '
        "import failed: ModuleNotFoundError: No module named 'gmssl_of_nowhere'"
    )
    assert "；插件 acme:plugin-0 加载失败：导入失败：ModuleNotFoundError" in text.zh


@pytest.mark.parametrize(
    ("body", "en"),
    [
        (twice("md5"), "Twice: $md5 is a built-in function"),
        (twice("a-b"), "Twice: its name 'a-b' must match [A-Za-z][A-Za-z0-9_]{0,39}"),
        (twice(examples=()), "Twice: its examples must be a tuple of texts"),
        (
            twice(parameters="text: set"),
            "Twice: its call cannot be used: TypeError: the parameter text has the type",
        ),
        (
            twice().replace("    def call", "    async def call"),
            "Twice: call of $twice must not be async def: templates take its value at once; write a plain def",
        ),
        (
            twice().replace("return text * 2", "yield text"),
            "Twice: call of $twice must not yield; it returns one value",
        ),
        *(
            (
                twice().replace("text: str):", f"text: str) -> {written}:"),
                f"Twice: call of $twice must not return {named}, but a text, a number, bytes or a JSON value",
            )
            for written, named in [("None", "None"), ("set[str]", "set"), ("str | complex", "complex")]
        ),
        (twice(parameters="*, text: str"), "Twice: its call cannot be used: TypeError: the parameter text must be pos"),
    ],
)
def test_a_function_that_templates_cannot_use_is_refused(install, body, en):
    brought, (failure,) = discover(install("acme", body))
    assert brought == []
    assert failure.error.en.startswith(en)


@pytest.mark.parametrize("check", PROMISES)
@pytest.mark.parametrize("function", BUILTIN, ids=lambda function: function.name)
def test_built_in_functions_keep_every_promise(function, check):
    class Rig(FunctionRig):
        refused = ()

    Rig.function = function
    hold_function(Rig(), check)


def test_the_package_that_is_made_passes_its_own_tests(tmp_path: Path) -> None:
    folder = make("acme_sign", tmp_path, [FUNCTION])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_a_function_gets_the_user_it_works_for() -> None:
    assert Template("{{$vu}}").render(Scope(7, 1)) == "7"


@pytest.mark.parametrize(
    "written", ["str", "str | None", "dict[str, int]", "list", "object", "Any", "Digest", "int | float", "Json"]
)
def test_declared_types_of_results_that_templates_take(install, written):
    head = "from typing import Any\nfrom perfsvc.plugin import Digest\n"
    body = twice().replace("text: str):", f"text: str) -> '{written}':")
    brought, failures = discover(install("acme", head + body))
    assert (len(brought), failures) == (1, [])


def test_a_result_that_templates_cannot_take_names_its_function(install):
    Catalog.load(points=install("acme", twice().replace("return text * 2", "return {text}")))
    with pytest.raises(FunctionFailed, match=r"^\$twice: returned set, not a text, a number, bytes or a JSON value$"):
        Template("{{$twice($concat($vu, 1))}}").render(Scope(7, 1))
    with pytest.raises(Fault, match="returned set"):
        Template('{{$twice("a")}}')


def test_what_a_function_of_a_plugin_signs_can_be_heard(install):
    Catalog.load(points=install("acme", twice(parameters="key: str, text: str")))
    said = []
    library = Library(on_signed=lambda name, value: said.append((name, value)))
    template = Template("{{$twice(key, $concat(request_body, 1))}}{{$twice(key, key)}}", library=library)
    scope = Scope(1, 1)
    scope.variables.update(key="k", request_body="b")
    assert template.render(scope) == "b1b1kk"
    assert said == [("twice", "b1")]
