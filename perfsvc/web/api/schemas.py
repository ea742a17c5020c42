"""JSON Schemas of scenes and plans, and the words that templates know: what editors are made from."""

from __future__ import annotations

from typing import Any

from pydantic import RootModel

from perfsvc.model.functions.library import known
from perfsvc.service import schemas
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


class Word(Response):
    """A word that templates know: ``insert`` is what stands in a text, ``example`` what may become of it."""

    name: str
    insert: str
    example: str
    zh: str
    en: str


class Vocabulary(Response):
    """Everything that may stand in ``{{…}}`` besides variables of one's own."""

    variables: list[Word]
    functions: list[Word]
    faker: list[Word]


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
        return await self.context.constants.get("vocabulary", known(), lambda: vocabulary().model_dump_json().encode())


def vocabulary() -> Vocabulary:
    """Collect all words."""
    functions = schemas.function_words()
    words = {
        "variables": [word for word in functions if "(" not in word.insert],
        "functions": [word for word in functions if "(" in word.insert],
        "faker": schemas.faker_words(),
    }
    return Vocabulary(**{kind: [Word(**word._asdict()) for word in each] for kind, each in words.items()})


routes = [
    Route("/api/schemas/", SchemasHandler),
    Route("/api/schemas/{name}/", SchemaHandler),
    Route("/api/vocabulary/", VocabularyHandler),
]
