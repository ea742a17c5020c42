"""JSON Schemas of what scenes and plans are made of, under names that stay; and the words that templates know."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Annotated
from typing import Any
from typing import NamedTuple

from faker import Faker
from pydantic import Field
from pydantic import TypeAdapter

from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.checks import Check
from perfsvc.model.config import PlanConfig
from perfsvc.model.extractors import Extractor
from perfsvc.model.functions.compiler import ExpressionCompiler
from perfsvc.model.functions.expression import parse
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import signature_of
from perfsvc.model.functions.library import Library
from perfsvc.model.functions.library import registered
from perfsvc.model.problems import Fault
from perfsvc.model.scene import Condition
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.template import Template
from perfsvc.model.think_time import ThinkTime
from perfsvc.model.translations import translate
from perfsvc.plugin.protocol import Scope

MODELS: dict[str, Any] = {
    "scene": SceneSpec,
    "step": Step,
    "check": Check,
    "extractor": Extractor,
    "think_time": ThinkTime,
    "condition": Condition,
    "plan_config": PlanConfig,
}
PROVIDER = re.compile(r"[a-z][a-z0-9_]*")
SEED = 4
LONGEST_EXAMPLE = 60
SHOWN_TYPES = (str, int, float, bool)
"""Providers that give anything else (files, objects, lists) are of no use in a text."""


log = logging.getLogger(__name__)

TYPES = {"str": "text", "bytes": "bytes", "int": "integer", "float": "number", "list": "list", "Any": "any"}
MOST_EXPRESSIONS = 200
LONGEST_EXPRESSION = 4_000


class Argument(NamedTuple):
    """What a function takes at one place; ``repeated`` is the last, of which there may be any number."""

    name: str
    type: str
    required: bool
    repeated: bool


class Word(NamedTuple):
    """A word that templates know: ``insert`` is what stands in a text, ``example`` what becomes of it."""

    name: str
    insert: str
    example: str
    zh: str
    en: str
    arguments: tuple[Argument, ...] = ()


class Expressions(Spec):
    """What stands between ``{{`` and ``}}``, to be checked before it is saved."""

    expressions: Many[Annotated[str, Field(max_length=LONGEST_EXPRESSION)]] = titled(
        "表达式", "Expressions", max_length=MOST_EXPRESSIONS, examples=[["$randomInt(9, 1)", "user"]]
    )


def schema_of(name: str) -> dict[str, Any]:
    """One schema, whole in itself. Raises NotFound."""
    if name not in MODELS:
        raise NotFound("没有该 JSON Schema", "there is no such schema")
    return schemas()[name]


@lru_cache(maxsize=1)
def schemas() -> dict[str, dict[str, Any]]:
    """All schemas by name."""
    by_name = {name: TypeAdapter(model).json_schema() for name, model in MODELS.items()}
    for schema in by_name.values():
        translate(schema)
    return by_name


def function_words() -> list[Word]:
    """The functions of templates, those of plugins too, each as its first example has it."""
    return [word_of(name, function) for name, function in registered().items()]


def word_of(name: str, function: type[Function]) -> Word:
    """A function as a word; an example that cannot be computed here is left empty."""
    insert = f"{{{{{function.examples[0]}}}}}"
    try:
        example = Template(insert).render(Scope(1, SEED))
    except Exception as error:  # a plugin's own function may need what is not there
        log.info("the example of $%s cannot be computed here: %s", name, error)
        example = ""
    return Word(f"${name}", insert, example[:LONGEST_EXAMPLE], *function.title, arguments_of(function))


def arguments_of(function: type[Function]) -> tuple[Argument, ...]:
    """What a function takes, in this order."""
    signature = signature_of(function)
    more = () if signature.more is None else (signature.more,)
    return tuple(
        Argument(each.name, TYPES[each.kind], each.required and each not in more, each in more)
        for each in (*signature.parameters, *more)
    )


def faults_of(form: Expressions) -> list[Text | None]:
    """What is wrong with each expression, as saving a scene with it would say; None where nothing is."""
    library = Library()
    return [fault_of(expression, library) for expression in form.expressions]


def fault_of(expression: str, library: Library) -> Text | None:
    """What is wrong with one expression. Its variables may be any."""
    try:
        ExpressionCompiler({}, library, set()).compile(parse(expression.strip()))
    except Fault as fault:
        return fault.problems[0].text
    return None


@lru_cache(maxsize=1)
def faker_words() -> list[Word]:
    """Faker's providers that need no arguments and give a short text or a number, each with an example."""
    fake = Faker()
    fake.seed_instance(SEED)
    words = []
    for name in sorted(provider for provider in dir(fake) if PROVIDER.fullmatch(provider)):
        example = example_of(fake, name)
        if example is not None:
            words.append(Word(f"$faker.{name}", f"{{{{$faker.{name}}}}}", example, "", ""))
    return words


def example_of(fake: Faker, name: str) -> str | None:
    """An example value of a provider; None for other attributes and for values of no use in a text."""
    try:
        value = getattr(fake, name)()
    except Exception:  # needs arguments, or a library that is not there
        return None
    shown = str(value)
    return shown if isinstance(value, SHOWN_TYPES) and "\n" not in shown and len(shown) <= LONGEST_EXAMPLE else None
