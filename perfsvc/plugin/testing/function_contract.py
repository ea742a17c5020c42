"""Contract tests for functions: what templates expect of them, one by one.

A function takes part with a ``FunctionRig``: results that are known, and calls that must be refused. A check fails by
AssertionError; ``FUNCTION_CHECKS`` has all of them by name.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Callable
from contextlib import suppress
from time import thread_time
from typing import Any
from typing import ClassVar

from perfsvc.model.functions.library import Library
from perfsvc.plugin import Fault
from perfsvc.plugin import Function
from perfsvc.plugin import FunctionFailed
from perfsvc.plugin import Scope
from perfsvc.plugin import Template

SEED = 20_260_101
LONGEST_S = 0.001
"""A call holds up every user of the process."""
ROUNDS = 20
ODD: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "\ud800", "a" * 10_000, [], {}, [None], {"a": []})
"""Values that a reply may put into a variable."""
CHINESE = re.compile("[\u4e00-\u9fff]")


class FunctionRig(ABC):
    """Facts about a function that the contract tests need."""

    function: type[Function]
    results: ClassVar[list[tuple[str, str]]]
    """Expressions, and what each gives."""
    refused: ClassVar[list[str]]
    """Expressions that cannot work, known before the run."""
    slow: ClassVar[str] = ""
    """Why a call may take longer than a millisecond, where it does."""

    def value(self, expression: str, **variables: Any) -> str:
        """Return the value of an expression for a virtual user with these variables."""
        scope = Scope(1, SEED)
        scope.variables.update(variables)
        return self.template(expression).render(scope)

    def template(self, expression: str) -> Template:
        """An expression compiled. Raises Fault."""
        return Template("{{" + expression + "}}", {}, Library([self.function]))


Check = Callable[[FunctionRig], None]
FUNCTION_CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Put a check into the suite."""
    FUNCTION_CHECKS[function.__name__] = function
    return function


def function_checks_of(rig: FunctionRig) -> list[str]:
    """The names of the checks that apply."""
    return [name for name in FUNCTION_CHECKS if not (name == "it_is_fast" and rig.slow)]


def hold_function(rig: FunctionRig, name: str) -> None:
    """Hold a function to one check. Raises AssertionError."""
    FUNCTION_CHECKS[name](rig)


@check
def it_has_a_title_in_both_languages(rig: FunctionRig) -> None:
    assert CHINESE.search(rig.function.title.zh)
    assert rig.function.title.en.strip()


@check
def its_examples_work(rig: FunctionRig) -> None:
    assert rig.function.examples
    for example in rig.function.examples:
        assert f"${rig.function.name}" in example
        rig.value(example, **rig.function.example_variables)


@check
def it_gives_what_it_should(rig: FunctionRig) -> None:
    assert rig.results
    for expression, expected in rig.results:
        assert rig.value(expression) == expected, expression


@check
def what_cannot_work_is_refused_before_the_run(rig: FunctionRig) -> None:
    for expression in rig.refused:
        assert rig.function.name in refusal_of(rig, expression), f"{expression} is not refused"


@check
def equal_arguments_give_equal_results_where_it_is_pure(rig: FunctionRig) -> None:
    for expression in rig.function.examples if rig.function.pure else ():
        variables = rig.function.example_variables
        assert rig.value(expression, **variables) == rig.value(expression, **variables)


@check
def any_value_of_a_variable_is_a_result_or_a_failure(rig: FunctionRig) -> None:
    for odd in ODD:
        for number in range(1, 5):
            arguments = ", ".join(["odd"] * number)
            try:
                template = rig.template(f"${rig.function.name}({arguments})")
            except Fault:
                continue  # it takes another number of arguments
            scope = Scope(1, SEED)
            scope.variables["odd"] = odd
            with suppress(FunctionFailed):
                assert isinstance(template.render(scope), str)


@check
def it_is_fast(rig: FunctionRig) -> None:
    made, scope = rig.function(), Scope(1, SEED)
    scope.variables.update(rig.function.example_variables)
    for example in rig.function.examples:
        template = Template("{{" + example + "}}", {}, _Kept(made))
        took = []
        for _ in range(ROUNDS):
            began = thread_time()
            template.render(scope)
            took.append(thread_time() - began)
        assert min(took) < LONGEST_S, f"{example} takes {min(took) * 1000:.2f} ms"


def refusal_of(rig: FunctionRig, expression: str) -> str:
    """Return the message of a refused expression, or an empty text."""
    try:
        rig.template(expression)
    except Fault as fault:
        return fault.problems[0].text.en
    return ""


class _Kept(Library):
    """A library with one object of the function, whose calls are made each time."""

    def __init__(self, function: Function) -> None:
        super().__init__([type(function)])
        function.pure = False  # type: ignore[misc]  # of this object only: a call that was folded costs nothing
        _, signature = super().get(function.name, function.name)
        self._functions[function.name] = function, signature
