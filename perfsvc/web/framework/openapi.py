"""The API's description, OpenAPI 3.1, made from the same facts that serve the requests.

Texts are English with the Chinese beside them: ``summary`` and ``x-summary-zh``, ``title`` and ``x-title-zh``,
``description`` and ``x-description-zh``; values of enumerations have their words in ``x-enum-en`` and ``x-enum-zh``.
Bodies and responses have recorded examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from perfsvc import __version__
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.config import SYNONYMS
from perfsvc.model.labels import RESPONSES
from perfsvc.model.translations import chinese
from perfsvc.model.translations import in_lines_of_paragraphs
from perfsvc.model.translations import subschemas
from perfsvc.model.translations import translate
from perfsvc.web.framework.openapi_texts import CONVENTIONS
from perfsvc.web.framework.openapi_texts import EXAMPLES
from perfsvc.web.framework.openapi_texts import FAILURES
from perfsvc.web.framework.openapi_texts import PATH
from perfsvc.web.framework.openapi_texts import TAGS
from perfsvc.web.framework.openapi_texts import UNCHANGED
from perfsvc.web.framework.operation import Operation
from perfsvc.web.framework.responses import Error
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import LoopbackOrAdministrator
from perfsvc.web.framework.rules import Member

JSON = "application/json"
FILE = "application/octet-stream"
SCHEMAS = "#/components/schemas/{model}"

ENUMERATIONS = {frozenset(labels): labels for labels in RESPONSES}
CONFIGS = {
    ("PlanChange", "config"): "PlanConfigChange",
    ("PresetForm", "config_data"): "PlanConfig",
    ("PresetChange", "config_data"): "PlanConfig",
}
"""Fields that are read as configs only together with something else: with the stored config, or with the mode."""


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole description of the documented operations."""
    documented = [
        (route, method, operation)
        for route in routes
        for method, operation in route.operations().items()
        if operation.documented
    ]
    paths: dict[str, dict[str, Any]] = {}
    for route, method, operation in documented:
        paths.setdefault(route.path, {})[method.lower()] = _operation(route, method, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "perfsvc",
            "version": __version__,
            "description": CONVENTIONS.en,
            "x-description-zh": CONVENTIONS.zh,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, **_described(text)} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _failure(status, text) for status, text in FAILURES.items()},
            "schemas": _schemas(operation for _, _, operation in documented),
        },
    }


def _operation(route: Route, method: str, operation: Operation) -> dict[str, Any]:
    name = method.lower() + route.handler.__name__.removesuffix("Handler")
    recorded = examples().get(name, {})
    described: dict[str, Any] = {
        "tags": [route.handler.__module__.rpartition(".")[2]],
        "operationId": name,
        "summary": operation.summary.en,
        "x-summary-zh": operation.summary.zh,
        **_described(_explained(operation)),
        "security": _security(operation),
        **({"x-token-scope": operation.needs} if operation.rule.takes_token else {}),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation.query)],
        "responses": _responses(method, operation, recorded),
    }
    if operation.body is not None:
        required = not getattr(operation.body, "body_optional", False)
        content = _content(JSON, _reference(operation.body), recorded, "request")
        described["requestBody"] = {"required": required, "content": content}
    elif operation.uploads:
        content = _content(FILE, {"type": "string", "format": "binary"}, recorded, "request")
        described["requestBody"] = {"required": True, "content": content}
    if operation.frames is not None:
        described["x-frames"] = _reference(operation.frames)
        described["x-frame-examples"] = recorded.get("frames", {})
    return described


def _explained(operation: Operation) -> Text:
    """Who may use an operation; then a paragraph on its query."""
    texts = [operation.rule.explained]
    if operation.query is not None:
        description = in_lines_of_paragraphs(cleandoc(operation.query.__doc__ or ""))
        texts.append(Text(chinese().get(description, description), description))
    return Text("\n\n".join(text.zh for text in texts), "\n\n".join(text.en for text in texts))


def _security(operation: Operation) -> list[dict[str, Any]]:
    if not operation.rule.takes_token:
        return []
    return [{"bearer": []}, {}] if isinstance(operation.rule, LoopbackOrAdministrator) else [{"bearer": []}]


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    schemas = {int: {"type": "integer", "minimum": 0}, str: {"type": "string"}}
    return [
        {"name": name, "in": "path", "required": True, **_described(PATH[name]), "schema": schemas[kind]}
        for name, kind in operation.path.items()
    ]


def _query_parameters(query: type[Spec] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = _tidied(query.model_json_schema())
    _label(schema)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **_described(Text(part.pop("x-title-zh"), part.pop("title"))),
            "schema": part,
        }
        for name, part in schema["properties"].items()
    ]


def _described(text: Text) -> dict[str, str]:
    return {"description": text.en, "x-description-zh": text.zh}


def _content(media_type: str, schema: dict[str, Any], recorded: dict[str, Any], part: str) -> dict[str, Any]:
    return {media_type: {"schema": schema, **({"example": recorded[part]} if part in recorded else {})}}


@lru_cache(maxsize=1)
def examples() -> dict[str, dict[str, Any]]:
    """Recorded requests and responses by operation."""
    texts: dict[str, dict[str, Any]] = json.loads((files("perfsvc.web") / "examples.json").read_text("utf-8"))
    return texts


def _responses(method: str, operation: Operation, recorded: dict[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = _described(operation.summary)
    if operation.response is not None and issubclass(operation.response, BaseModel):
        success["content"] = _content(JSON, _reference(operation.response), recorded, "response")
    elif operation.response is Plain:
        success["content"] = _content("text/plain", {"type": "string"}, recorded, "response")
    failures = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _failures(method, operation)}
    existing = {"200": success} if operation.repeatable else {}
    unchanged = {"304": _described(UNCHANGED)} if operation.constant else {}
    return {**existing, str(operation.status): success, **unchanged, **failures}


def _failures(method: str, operation: Operation) -> list[int]:
    bound = isinstance(operation.rule, Member)
    possible = {
        400: operation.body is not None or operation.query is not None or operation.status == 101,
        401: operation.rule.takes_token or operation.body is not None,
        403: operation.rule.takes_token or operation.body is not None or operation.status == 101,
        404: bound or bool(operation.path) or operation.optional,
        409: method != "GET",
        413: operation.body is not None or operation.uploads,
        415: operation.body is not None or operation.uploads,
        422: operation.body is not None or operation.query is not None or operation.relays or method == "POST",
        429: operation.throttled,
        502: operation.relays,
        503: True,
        507: method != "GET",
    }
    return [status for status, it_is in possible.items() if it_is]


def _failure(status: int, text: Text) -> dict[str, Any]:
    return {**_described(text), "content": {JSON: {"schema": _reference(Error), "example": EXAMPLES[status]}}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": SCHEMAS.format(model=model.__name__)}


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {Error: None}
    for operation in operations:
        for model in (operation.body, operation.response, operation.frames):
            if model is not None and issubclass(model, BaseModel):
                models[model] = None
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=SCHEMAS)
    schemas: dict[str, Any] = found["$defs"]
    for schema in schemas.values():
        _label(_tidied(schema))
        translate(schema)
    _open_configs(schemas)
    return {name: schemas[name] for name in sorted(schemas)}


def _label(schema: dict[str, Any]) -> None:
    """Add the labels of enumerations that are known by their values, so that fields need not repeat them."""
    variants = {id(variant) for part in subschemas(schema) for variant in part.get("anyOf", ())}
    for part in subschemas(schema):
        values = next((one["enum"] for one in (part, *part.get("anyOf", ())) if "enum" in one), ())
        labels = ENUMERATIONS.get(frozenset(map(str, values)))
        if labels is not None and "x-enum-zh" not in part and id(part) not in variants:
            part["x-enum-zh"] = {str(value): labels[str(value)][0] for value in values}
            part["x-enum-en"] = {str(value): labels[str(value)][1] for value in values}


def _open_configs(schemas: dict[str, Any]) -> None:
    """Describe a plan's config wherever one is taken, with the table's names beside the interface document's."""
    config = schemas.get("PlanConfig")
    if config is None:
        return
    fields = config["properties"]
    for ours, theirs in SYNONYMS.items():
        fields[ours] = {**fields[theirs], "title": f"The same as {theirs}", "x-title-zh": f"同 {theirs}"}
    config["required"] = []
    schemas["PlanConfigChange"] = {**config, "title": "PlanConfigChange"}
    config["anyOf"] = [{"required": ["concurrent_users"]}, {"required": ["vus"]}]
    for (form, field), taken in CONFIGS.items():
        described = schemas[form]["properties"][field]
        titles = {name: described[name] for name in ("title", "x-title-zh")}
        schemas[form]["properties"][field] = {**titles, "$ref": SCHEMAS.format(model=taken)}


def _tidied(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove, in place, what pydantic adds without a meaning, add what it leaves out, and return the schema.

    Removed are ``default: null`` where null is not a value (such a key may be left out, not be null), and titles of
    fields that only repeat their names. Where keys follow a pattern, others are refused, in the words that generators
    of clients know.
    """
    for part in subschemas(schema):
        if "patternProperties" in part:
            ((pattern, values),) = part.pop("patternProperties").items()
            part["additionalProperties"] = values
            part["propertyNames"] = {**part.get("propertyNames", {}), "pattern": pattern}
        for field in part.get("properties", {}).values():
            if "x-title-zh" not in field:
                field.pop("title", None)
        if part.get("default", ...) is None and not any(one.get("type") == "null" for one in part.get("anyOf", [])):
            del part["default"]
    return schema
