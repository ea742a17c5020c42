"""The API's description, OpenAPI 3.1, made from the same facts that serve the requests.

Texts are English with the Chinese beside them: ``summary`` and ``x-summary-zh``, ``title`` and ``x-title-zh``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from perfsvc import __version__
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.config import SYNONYMS
from perfsvc.model.labels import RESPONSES
from perfsvc.web.framework.operation import Operation
from perfsvc.web.framework.responses import Error
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import Administrator
from perfsvc.web.framework.rules import LoopbackOrAdministrator
from perfsvc.web.framework.rules import Member

JSON = "application/json"
FILE = "application/octet-stream"
SCHEMAS = "#/components/schemas/{model}"

CONVENTIONS = Text(
    "所有接口使用 JSON；路径末尾的斜杠可以省略。需要登录的接口使用请求头 Authorization: Bearer <token>。"
    "错误格式为 {error}，422 另有 details 列出每一处问题；消息语言由 Accept-Language 决定，默认中文。"
    "列表返回 total、page、page_size、results。PUT 只修改给出的字段。时间为 ISO 8601 UTC，延迟单位毫秒，比率为百分数。",
    "Everything is JSON; the slash at the end of a path may be left out. "
    "Log in and send Authorization: Bearer <token>. "
    "Errors are {error}, with details that list every problem for 422; "
    "Accept-Language decides the language of messages, Chinese by default. "
    "Listings are total, page, page_size, results. PUT changes the given keys only. "
    "Times are ISO 8601 in UTC, latencies milliseconds, rates percent.",
)

TAGS: dict[str, Text] = {
    "about": Text("服务信息", "About"),
    "users": Text("用户", "Users"),
    "demo": Text("演示项目", "Demo project"),
    "projects": Text("项目", "Projects"),
    "project_files": Text("项目文件", "Projects as files"),
    "envs": Text("测试环境", "Environments"),
    "trials": Text("试运行", "Trying a scene"),
    "scenes": Text("业务流", "Scenes"),
    "datafiles": Text("数据文件", "Data files"),
    "plan_preview": Text("测试计划预览", "Preview of a plan"),
    "plans": Text("测试计划", "Plans"),
    "data_preview": Text("测试数据预览", "Preview of test data"),
    "executions": Text("测试执行记录", "Runs in short"),
    "run_windows": Text("任意时间段", "Any time of a run"),
    "runs": Text("测试执行", "Runs"),
    "live": Text("实时数据", "Live feed"),
    "reports": Text("测试报告", "Reports"),
    "presets": Text("预设配置", "Presets"),
    "plugins": Text("插件", "Plugins"),
    "schemas": Text("JSON Schema 与模板词汇", "Schemas and vocabulary"),
    "nodes": Text("执行节点", "Engine processes"),
    "health": Text("运行状况", "Health"),
    "docs": Text("接口文档", "Description"),
}

FAILURES: dict[int, Text] = {
    400: Text("请求体无法解析", "The request could not be read"),
    401: Text("需要登录，或登录已失效", "No token, or an invalid one"),
    403: Text("没有权限", "Not allowed"),
    404: Text("资源不存在，或不属于您", "No such resource, or it is not yours"),
    409: Text("与当前状态冲突", "In conflict with the current state"),
    413: Text("请求体过大", "The body is too large"),
    415: Text("Content-Type 不是这里接受的类型", "The Content-Type is not supported here"),
    422: Text("请求参数未通过验证", "The input did not pass validation; details lists every problem"),
    429: Text("请求次数过多", "Too many requests; retry after Retry-After seconds"),
    502: Text("数据源无法读取", "A data source could not be read; error gives the cause"),
    503: Text("服务暂时不可用", "The service is temporarily unavailable"),
    507: Text("磁盘空间已满", "The disk is full"),
}


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
        "tags": [{"name": name, "description": text.en, "x-description-zh": text.zh} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {str(status): _failure(text) for status, text in FAILURES.items()},
            "schemas": _schemas(operation for _, _, operation in documented),
        },
    }


def _operation(route: Route, method: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [route.handler.__module__.rpartition(".")[2]],
        "operationId": method.lower() + route.handler.__name__.removesuffix("Handler"),
        "summary": operation.summary.en,
        "x-summary-zh": operation.summary.zh,
        "description": operation.rule.explained.en,
        "x-description-zh": operation.rule.explained.zh,
        "security": _security(operation),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation.query)],
        "responses": _responses(method, operation),
    }
    if operation.body is not None:
        required = not getattr(operation.body, "body_optional", False)
        described["requestBody"] = {"required": required, "content": {JSON: {"schema": _reference(operation.body)}}}
    elif operation.uploads:
        described["requestBody"] = {
            "required": True,
            "content": {FILE: {"schema": {"type": "string", "format": "binary"}}},
        }
    if operation.frames is not None:
        described["x-frames"] = _reference(operation.frames)
    return described


def _security(operation: Operation) -> list[dict[str, Any]]:
    if not operation.rule.takes_token:
        return []
    return [{"bearer": []}, {}] if isinstance(operation.rule, LoopbackOrAdministrator) else [{"bearer": []}]


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    schemas = {int: {"type": "integer", "minimum": 0}, str: {"type": "string"}}
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas[kind]} for name, kind in operation.path.items()
    ]


def _query_parameters(query: type[Spec] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = _tidied(query.model_json_schema())
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _responses(method: str, operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": operation.summary.en}
    if operation.response is not None and issubclass(operation.response, BaseModel):
        success["content"] = {JSON: {"schema": _reference(operation.response)}}
    elif operation.response is Plain:
        success["content"] = {"text/plain": {"schema": {"type": "string"}}}
    failures = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _failures(method, operation)}
    return {str(operation.status): success, **failures}


def _failures(method: str, operation: Operation) -> list[int]:
    bound = isinstance(operation.rule, Member)
    restricted = bound or isinstance(operation.rule, Administrator | LoopbackOrAdministrator)
    possible = {
        400: operation.body is not None or operation.query is not None or operation.status == 101,
        401: operation.rule.takes_token or operation.body is not None,
        403: restricted or operation.body is not None or operation.status == 101,
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


def _failure(text: Text) -> dict[str, Any]:
    return {
        "description": text.en,
        "x-description-zh": text.zh,
        "content": {JSON: {"schema": {"$ref": SCHEMAS.format(model="Error")}}},
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": SCHEMAS.format(model=model.__name__)}


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {Error: None}
    for operation in operations:
        for model in (operation.body, operation.response, operation.frames):
            if model is not None and issubclass(model, BaseModel):
                models[model] = None
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=SCHEMAS)
    schemas = _tidied(found["$defs"])
    _label(schemas)
    _open_configs(schemas)
    return {name: schemas[name] for name in sorted(schemas)}


def _label(schemas: dict[str, Any]) -> None:
    """Add the labels of enumerations that are known by their values, so that fields need not repeat them."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            labels = ENUMERATIONS.get(frozenset(map(str, field.get("enum", ()))))
            if labels is not None and "x-enum-zh" not in field:
                field["x-enum-zh"] = {value: labels[value][0] for value in map(str, field["enum"])}
                field["x-enum-en"] = {value: labels[value][1] for value in map(str, field["enum"])}


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


def _tidied(schema: Any) -> Any:
    """Without ``default: null`` where null is not a value: such a key may be left out, not be null."""
    if isinstance(schema, list):
        return [_tidied(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _tidied(part) for name, part in schema.items()}
    if kept.get("default", ...) is None and not any(part.get("type") == "null" for part in kept.get("anyOf", [])):
        del kept["default"]
    return kept
