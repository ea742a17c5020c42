"""What the description's schemas allow is accepted, but for the rules that the reference lists as beyond them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perfsvc.errors import InvalidInput
from perfsvc.model import checks
from perfsvc.model import extractors
from perfsvc.model import scene
from perfsvc.model import think_time
from perfsvc.model.base import Spec
from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from tests.support.schema_values import DEPTH
from tests.support.schema_values import Values

SCHEMAS = describe(ROUTES)["components"]["schemas"]
VALUES = Values(SCHEMAS)
BODIES: dict[str, type[Spec]] = {
    operation.body.__name__: operation.body
    for route in ROUTES
    for operation in route.operations().values()
    if operation.documented and operation.body is not None
}
PARTS: dict[str, type[Spec]] = {
    name: part
    for module in (checks, extractors, scene, think_time)
    for name, part in vars(module).items()
    if name in SCHEMAS and isinstance(part, type) and issubclass(part, Spec)
}
"""What scenes are made of."""
EXAMPLES = 6
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

BEYOND = re.compile(
    "|".join(
        [
            # addresses and placeholders
            "must be a full URL|must not contain line breaks or control characters",
            # grammars
            "regular expression|JSONPath|JMESPath|XPath|selector|JSON Schema|threshold|placeholder",
            # between fields
            "exclude each other|is required with|means the same as|must not exceed|test_mode",
            "cannot both be 0|load_balance_strategy|is not for names|names a variable twice|control_mode|has no effect",
            # numbers and sizes that are texts
            r"must be at (most|least) [\d.]+$|must be whole milliseconds",
            # steps and their place
            "break is for the steps of a loop or while",
            # passwords
            "is among the passwords that are guessed first",
        ]
    )
)
"""Messages of the rules under \"What the schemas cannot say\"."""


def refused(model: type[Spec], body: Any) -> list[str]:
    """Problems of a body that its schema could have said."""
    try:
        model.parse(body)
    except InvalidInput as error:
        return [
            f"{problem.path}: {problem.text.en}" for problem in error.problems if not BEYOND.search(problem.text.en)
        ]
    return []


def values_of(name: str, depth: int) -> st.SearchStrategy[Any]:
    return VALUES.of({"$ref": f"#/components/schemas/{name}"}, depth)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_its_schema_allows_is_accepted(name: str) -> None:
    @FEW
    @given(values_of(name, 0))
    def check(body: Any) -> None:
        assert refused(BODIES[name], body) == []

    check()


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_scene_that_its_schema_allows_is_accepted(name: str) -> None:
    @FEW
    @given(values_of(name, DEPTH - 1))
    def check(part: Any) -> None:
        assert refused(PARTS[name], part) == []

    check()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("LoadChange", {}),
        ("LoadChange", {"vus": 1, "arrival_rate": 1}),
        ("MemberForm", {"role": "viewer"}),
        ("TrialForm", {"project_id": 1}),
        ("StatusCheck", {"type": "status"}),
        ("SizeCheck", {"type": "size"}),
        ("BodyExtractor", {"from": "body"}),
        ("JsonExtractor", {"from": "json", "path": "$.a", "name": "a", "names": ["b"]}),
        ("EnvForm", {"name": "a", "project_id": 1, "variables": {"a b": "c"}}),
    ],
)
def test_the_schemas_refuse_what_is_refused(name: str, body: Any) -> None:
    assert refused({**BODIES, **PARTS}[name], body) != []
    document = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    assert not Draft202012Validator(document).is_valid(body)
