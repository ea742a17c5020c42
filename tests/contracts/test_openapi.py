"""The API's description: valid, complete, in both languages, and true of real responses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from perfsvc.model.translations import chinese
from perfsvc.service.schemas import schemas
from perfsvc.web.api.live_models import LiveFrame
from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from perfsvc.web.framework.openapi import examples
from perfsvc.web.framework.openapi_texts import FAILURES
from tests.support.web_world import CONFIG
from tests.support.web_world import STEPS
from tests.support.web_world import Answered
from tests.support.web_world import Api

DESCRIPTION = describe(ROUTES)

PUBLISHED = """
POST   /api/performance/plans/
GET    /api/performance/plans/
PUT    /api/performance/plans/{plan_id}/
DELETE /api/performance/plans/{plan_id}/
POST   /api/performance/plans/{plan_id}/start/
POST   /api/performance/plans/{plan_id}/stop/
POST   /api/performance/plans/{plan_id}/pause/
POST   /api/performance/plans/{plan_id}/resume/
GET    /api/performance/reports/
GET    /api/performance/reports/{report_id}/
DELETE /api/performance/reports/{report_id}/
GET    /api/performance/metrics/{execution_id}/
GET    /ws/performance/{execution_id}/
"""
"""What the interface document has promised to users."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, described in methods.items():
            yield method.upper(), path, described


IDS = [f"{method} {path}" for method, path, _ in operations()]


def test_it_is_openapi_3_1() -> None:
    assert DESCRIPTION["openapi"] == "3.1.0"
    validate(DESCRIPTION)


def test_it_has_every_operation_and_no_other() -> None:
    served = {
        (method, route.path)
        for route in ROUTES
        for method, operation in route.operations().items()
        if operation.documented
    }
    assert {(method, path) for method, path, _ in operations()} == served


def test_only_pages_are_left_out() -> None:
    hidden = {route.path for route in ROUTES for operation in route.operations().values() if not operation.documented}
    demo = {path for path in hidden if path.startswith("/demo/")}
    assert hidden - demo == {"/", "/assets/{file}", "/docs/", "/docs/docs.js", "/docs/docs.css"}


def test_what_was_promised_is_there() -> None:
    promised = {tuple(line.split()) for line in PUBLISHED.strip().splitlines()}
    assert promised <= {(method, path) for method, path, _ in operations()}


@pytest.mark.parametrize(("method", "path", "described"), operations(), ids=IDS)
def test_every_operation_is_described(method: str, path: str, described: dict[str, Any]) -> None:
    for name in ("summary", "description"):
        assert described[name].isascii()
        assert re.search(r"[\u4e00-\u9fff]", described[f"x-{name}-zh"])
    (tag,) = described["tags"]
    assert tag in {known["name"] for known in DESCRIPTION["tags"]}
    in_path = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", path))
    success = {int(status) for status in described["responses"] if int(status) < 300}
    assert len(success) == 1 or (success == {200, 201} and path == "/api/projects/demo/")
    unchanged = {304} if method == "GET" else set()
    assert {int(status) for status in described["responses"]} - success - unchanged <= set(FAILURES)
    assert ("requestBody" in described) <= (method in ("POST", "PUT"))


def test_operation_ids_are_unique() -> None:
    ids = [described["operationId"] for _, _, described in operations()]
    assert len(ids) == len(set(ids))


def test_fields_of_requests_are_titled_in_both_languages() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    for name in (
        "PlanForm",
        "PlanConfig",
        "SceneForm",
        "EnvForm",
        "DatabaseForm",
        "Registration",
        "MemberForm",
        "PresetForm",
    ):
        for field, schema in schemas[name]["properties"].items():
            assert "title" in schema or "$ref" in schema, (name, field)
            assert schema.get("x-title-zh"), (name, field)


def parts_of(document: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document that is no data, with its place."""
    if isinstance(document, list):
        document = dict(enumerate(document))
    if isinstance(document, dict):
        yield where, document
        for name, part in document.items():
            if name not in ("example", "default"):
                yield from parts_of(part, f"{where}/{name}")


def in_chinese(text: str) -> bool:
    """Whether every paragraph has Chinese in it."""
    return all(re.search(r"[\u4e00-\u9fff]", paragraph) for paragraph in text.split("\n\n"))


def test_every_text_has_its_chinese() -> None:
    missing = [
        f"{where}/{name}: {part[name]}"
        for where, part in parts_of(DESCRIPTION)
        for name in ("summary", "description")
        if isinstance(part.get(name), str) and not in_chinese(part.get(f"x-{name}-zh", ""))
    ]
    assert missing == []
    fields = [(where, part) for where, part in parts_of(DESCRIPTION) if "/properties/" in where]
    assert [where for where, part in fields if isinstance(part.get("title"), str) and "x-title-zh" not in part] == []


def test_every_value_of_an_enumeration_has_its_label() -> None:
    fields = [part for _, part in parts_of(DESCRIPTION) if isinstance(part, dict)]
    labelled = {id(one) for part in fields if "x-enum-zh" in part for one in (part, *part.get("anyOf", ()))}
    missing = [
        (where, part["enum"])
        for where, part in parts_of(DESCRIPTION)
        if isinstance(part.get("enum"), list) and id(part) not in labelled
    ]
    assert missing == []


def test_translations_are_of_texts_that_are_there() -> None:
    texts = "\n".join(
        part["description"]
        for document in (DESCRIPTION, schemas())
        for _, part in parts_of(document)
        if isinstance(part.get("description"), str)
    )
    assert [text for text in chinese() if text not in texts] == []


def contents_of(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an operation takes and gives, by media type."""
    success = next(response for status, response in described["responses"].items() if int(status) < 300)
    for part in (described.get("requestBody", {}), success):
        yield from part.get("content", {}).items()


@pytest.mark.parametrize(("method", "path", "described"), operations(), ids=IDS)
def test_every_body_and_response_has_a_true_example(method: str, path: str, described: dict[str, Any]) -> None:
    for media_type, content in contents_of(described):
        assert "example" in content, f"record it: .ci/examples.py ({method} {path}, {media_type})"
        if media_type == "application/json":
            Draft202012Validator({**content["schema"], "components": DESCRIPTION["components"]}).validate(
                content["example"]
            )
        else:
            assert isinstance(content["example"], str)


def test_frames_have_true_examples() -> None:
    (described,) = (described for _, _, described in operations() if "x-frames" in described)
    told = described["x-frame-examples"]
    assert set(told) == {"run", "history", "status", "metrics", "event", "end"}
    for name, frame in told.items():
        assert LiveFrame.model_validate(frame).root.type == name


def test_every_failure_has_a_true_example() -> None:
    for response in DESCRIPTION["components"]["responses"].values():
        (content,) = response["content"].values()
        Draft202012Validator({**content["schema"], "components": DESCRIPTION["components"]}).validate(
            content["example"]
        )


def test_examples_are_of_operations_that_are_there() -> None:
    assert set(examples()) <= {described["operationId"] for _, _, described in operations()}


def test_what_may_be_left_out_is_not_said_to_be_null() -> None:
    schema = DESCRIPTION["components"]["schemas"]["PlanChange"]
    assert "required" not in schema
    assert schema["properties"]["name"] == {
        "maxLength": 100,
        "minLength": 1,
        "title": "Name",
        "type": "string",
        "x-title-zh": "测试计划名称",
    }


def test_both_names_of_a_setting_are_described() -> None:
    config = Draft202012Validator({"$ref": "#/components/schemas/PlanConfig", "components": DESCRIPTION["components"]})
    assert config.is_valid({"vus": 5, "duration": 10, "ramp_up": 1})
    assert config.is_valid({"concurrent_users": 5, "hold_time": 10, "execution_config": {"thresholds": ["p95 < 300"]}})
    assert not config.is_valid({"duration": 10})
    assert not config.is_valid({"vus": 5, "speed": 10})


def conforms(method: str, path: str, answer: Answered) -> None:
    """Fails unless the answer is one that the description has for this operation."""
    described = DESCRIPTION["paths"][path][method.lower()]["responses"][str(answer.status)]
    if "$ref" in described:
        described = DESCRIPTION["components"]["responses"][described["$ref"].rpartition("/")[2]]
    schema = described["content"]["application/json"]["schema"]
    document = {
        **schema,
        "components": DESCRIPTION["components"],
    }
    Draft202012Validator(document).validate(answer.json)


CALLS: list[tuple[str, str, str, Any, int]] = [
    ("POST", "/api/users/register/", "", {"username": "nn", "email": "n@n", "password": "long enough"}, 201),
    ("POST", "/api/users/register/", "", {}, 422),
    ("POST", "/api/users/login/", "", {"username": "nn", "password": "long enough"}, 200),
    ("POST", "/api/users/login/", "", {"username": "nn", "password": "wrong"}, 401),
    ("GET", "/api/users/me/", "", None, 200),
    ("GET", "/api/users/", "", None, 200),
    ("POST", "/api/users/", "", {"username": "mm", "email": "m@m", "password": "long enough"}, 201),
    ("GET", "/api/users/{user_id}/", "", None, 200),
    ("GET", "/api/projects/", "", None, 200),
    ("POST", "/api/projects/", "", {"name": "new"}, 201),
    ("GET", "/api/projects/{project_id}/members/", "", None, 200),
    ("GET", "/api/envs/", "?project_id=1", None, 200),
    ("GET", "/api/envs/", "", None, 422),
    ("GET", "/api/envs/{env_id}/", "", None, 200),
    (
        "PUT",
        "/api/envs/{env_id}/",
        "",
        {"databases": {"main": {"type": "mysql", "port": 1, "password": "x"}}},
        200,
    ),
    ("POST", "/api/scenes/", "", {"project_id": 1, "name": "a", "steps": STEPS}, 201),
    ("GET", "/api/scenes/", "?project_id=1", None, 200),
    ("GET", "/api/scenes/{scene_id}/", "", None, 200),
    (
        "POST",
        "/api/performance/plans/",
        "",
        {
            "project_id": 1,
            "name": "a",
            "config": {
                **CONFIG,
                "execution_config": {"thresholds": ["p95 < 300"], "stages": [{"duration": 1, "target": 2}]},
            },
            "scenes": [{"scene_id": 1}],
        },
        201,
    ),
    ("GET", "/api/performance/plans/", "?project_id=1", None, 200),
    ("GET", "/api/performance/plans/{plan_id}/", "", None, 200),
    ("POST", "/api/performance/plans/{plan_id}/start/", "", None, 200),
    ("POST", "/api/performance/plans/{plan_id}/start/", "", None, 409),
    ("POST", "/api/performance/plans/{plan_id}/pause/", "", None, 200),
    ("POST", "/api/performance/plans/{plan_id}/resume/", "", None, 200),
    ("POST", "/api/performance/plans/{plan_id}/stop/", "", None, 200),
    ("GET", "/api/performance/executions/", "?project_id=1", None, 200),
    ("GET", "/api/performance/executions/{execution_id}/", "", None, 200),
    ("GET", "/api/performance/executions/{execution_id}/errors/", "", None, 200),
    ("GET", "/api/performance/metrics/{execution_id}/", "", None, 200),
    ("GET", "/api/performance/metrics/{execution_id}/", "?metric_type=system", None, 200),
    ("GET", "/api/performance/presets/", "?project_id=1", None, 200),
    ("GET", "/api/performance/reports/", "?plan_id=1", None, 200),
    ("GET", "/api/performance/reports/{report_id}/", "", None, 200),
    ("DELETE", "/api/performance/reports/{report_id}/", "", None, 200),
    ("DELETE", "/api/performance/reports/{report_id}/", "", None, 404),
    ("GET", "/api/plugins/", "", None, 200),
    ("GET", "/api/nodes/", "", None, 200),
    ("GET", "/api/nodes/{name}/", "", None, 200),
    ("POST", "/api/nodes/{name}/drain/", "", None, 200),
    ("DELETE", "/api/nodes/{name}/drain/", "", None, 200),
    ("GET", "/healthz", "", None, 200),
    ("GET", "/api/openapi.json", "", None, 200),
]


@pytest.mark.gen_test
async def test_real_answers_are_as_described(api: Api, world: Any) -> None:
    for method, path, query, body, status in CALLS:
        answer = await api.call(method, path.format_map(world.ids) + query, "administrator", body)
        assert answer.status == status, (method, path, answer.text)
        conforms(method, path, answer)


@pytest.mark.gen_test
async def test_the_served_description_is_the_one_tested(api: Api) -> None:
    assert (await api.get("/api/openapi.json", None)).json == DESCRIPTION


@pytest.mark.gen_test
async def test_the_page_needs_nothing_from_elsewhere(api: Api) -> None:
    page = await api.get("/docs/", None)
    script = await api.get("/docs/docs.js", None)
    style = await api.get("/docs/docs.css", None)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    for part in (page, script, style):
        assert "script-src 'self'" in part.headers["Content-Security-Policy"]
        assert not re.search(r"https?://", part.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", page.text)
