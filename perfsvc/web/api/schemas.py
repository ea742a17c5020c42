"""JSON Schemas of scenes and plans, and the words that templates know: what editors are made from."""

from __future__ import annotations

from typing import Any
from typing import Literal

from pydantic import RootModel

from perfsvc.event_loop import off_loop
from perfsvc.model.functions.library import registered
from perfsvc.service import schemas
from perfsvc.service.schemas import Expressions
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.responses import json_bytes
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED


class JsonSchema(RootModel[dict[str, Any]]):
    """A JSON Schema (2020-12), whole in itself."""


class Schemas(RootModel[dict[str, dict[str, Any]]]):
    """JSON Schemas by name."""


class Argument(Response):
    """What a function takes at one place; ``repeated`` is the last, of which there may be any number."""

    name: str
    type: Literal["text", "bytes", "integer", "number", "list", "any"]
    required: bool
    repeated: bool


class Word(Response):
    """A word that templates know: ``insert`` is what stands in a text, ``example`` what may become of it."""

    name: str
    insert: str
    example: str
    zh: str
    en: str
    arguments: list[Argument]


class Vocabulary(Response):
    """Everything that may stand in ``{{…}}`` besides variables of one's own."""

    variables: list[Word]
    functions: list[Word]
    faker: list[Word]


class Mistake(Response):
    """What is wrong with an expression, in both languages."""

    zh: str
    en: str


class Mistakes(Response):
    """For each expression what is wrong with it, or null."""

    mistakes: list[Mistake | None]


class SchemasHandler(Handler):
    @operation("获取业务流与计划的 JSON Schema", "The JSON Schemas of scenes and plans", AUTHENTICATED)
    async def get(self) -> Constant[Schemas]:
        return await self.context.constants.get("schemas", None, lambda: json_bytes(schemas.schemas()))


class SchemaHandler(Handler):
    @operation("获取一个 JSON Schema", "One JSON Schema", AUTHENTICATED)
    async def get(self, name: str) -> Constant[JsonSchema]:
        schema = schemas.schema_of(name)
        return await self.context.constants.get(f"schemas {name}", None, lambda: json_bytes(schema))


class VocabularyHandler(Handler):
    @operation("获取模板词汇", "The words that templates know", AUTHENTICATED)
    async def get(self) -> Constant[Vocabulary]:
        return await self.context.constants.get(
            "vocabulary", registered(), lambda: vocabulary().model_dump_json().encode()
        )


def vocabulary() -> Vocabulary:
    """Collect all words."""
    functions = schemas.function_words()
    words = {
        "variables": [word for word in functions if "(" not in word.insert],
        "functions": [word for word in functions if "(" in word.insert],
        "faker": schemas.faker_words(),
    }
    return Vocabulary(**{kind: [word_of(word) for word in each] for kind, each in words.items()})


def word_of(word: schemas.Word) -> Word:
    """A word as the API writes it."""
    return Word(**{**word._asdict(), "arguments": [Argument(**each._asdict()) for each in word.arguments]})


class VocabularyCheckHandler(Handler):
    @operation("检查模板表达式", "Check what stands between {{ and }}", AUTHENTICATED)
    async def post(self, body: Expressions) -> Mistakes:
        faults = await off_loop(schemas.faults_of, body)
        return Mistakes(mistakes=[None if text is None else Mistake(zh=text.zh, en=text.en) for text in faults])


routes = [
    Route("/api/schemas/", SchemasHandler),
    Route("/api/schemas/{name}/", SchemaHandler),
    Route("/api/vocabulary/", VocabularyHandler),
    Route("/api/vocabulary/check/", VocabularyCheckHandler),
]
