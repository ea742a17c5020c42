"""JSON Schemas of scenes and plans, and the words that templates know: what editors are made from."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import RootModel

from perfsvc.service import schemas
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Response
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
    async def get(self) -> Schemas:
        return Schemas(schemas.schemas())


class SchemaHandler(Handler):
    @operation("获取一个 JSON Schema", "One JSON Schema", AUTHENTICATED)
    async def get(self, name: str) -> JsonSchema:
        return JsonSchema(schemas.schema_of(name))


class VocabularyHandler(Handler):
    @operation("获取模板词汇", "The words that templates know", AUTHENTICATED)
    async def get(self) -> Vocabulary:
        functions, faker = schemas.function_words(), await asyncio.to_thread(schemas.faker_words)
        plain = [word for word in functions if "(" not in word.insert]
        calls = [word for word in functions if "(" in word.insert]
        words = {"variables": plain, "functions": calls, "faker": faker}
        return Vocabulary(**{kind: [Word(**word._asdict()) for word in each] for kind, each in words.items()})


routes = [
    Route("/api/schemas/", SchemasHandler),
    Route("/api/schemas/{name}/", SchemaHandler),
    Route("/api/vocabulary/", VocabularyHandler),
]
