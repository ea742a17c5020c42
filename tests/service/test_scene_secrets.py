"""Secrets in scenes: sealed, kept by MASK for the same step only, opened for runs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.secrets import MASK
from perfsvc.service.secrets import is_sealed

SECRETS = SceneSecrets(Catalog.load(), Vault("k" * 32))


def step(password: Any, **more: Any) -> dict[str, Any]:
    auth = {"type": "basic", "username": "li", "password": password}
    return {"name": "login", "request": {"url": "/login", "auth": auth}, **more}


def scene(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"name": "shop", "steps": list(steps)}


def password_of(document: dict[str, Any], number: int = 0) -> Any:
    return document["steps"][number]["request"]["auth"]["password"]


def test_a_password_is_sealed_and_opened() -> None:
    given = scene(step("p4ssword"))
    sealed = SECRETS.sealed(given)
    assert is_sealed(password_of(sealed))
    assert "p4ssword" not in json.dumps(sealed)
    assert password_of(given) == "p4ssword"
    opened, secrets = SECRETS.opened(SceneSpec.parse(sealed))
    assert (opened, secrets) == (SceneSpec.parse(given), {"p4ssword"})


def test_a_token_within_groups_and_choices_is_sealed() -> None:
    bearer = {"name": "call", "request": {"url": "/", "auth": {"type": "bearer", "token": "t0ken-t0ken"}}}
    nested = {
        "name": "group", "type": "group",
        "steps": [{"name": "one of", "type": "choice", "options": [{"weight": 1, "steps": [bearer]}]}],
    }  # fmt: skip
    assert "t0ken" not in json.dumps(SECRETS.sealed({"name": "x", "steps": [nested], "setup": [copy.deepcopy(bearer)]}))


@pytest.mark.parametrize("password", ["{{password}}", "", "a{{b}}"])
def test_templates_and_nothing_stay(password: str) -> None:
    assert password_of(SECRETS.sealed(scene(step(password)))) == password


def test_a_masked_password_is_the_one_of_the_same_step() -> None:
    stored = SceneSpec.parse(SECRETS.sealed(scene(step("first"), step("second", name="other"))))
    changed = SECRETS.sealed(scene(step(MASK, name="other"), step(MASK), step("third", name="new")), [stored])
    opened, secrets = SECRETS.opened(SceneSpec.parse(changed))
    document = opened.model_dump(mode="json", exclude_unset=True)
    assert [password_of(document, number) for number in range(3)] == ["second", "first", "third"]
    assert secrets == {"first", "second", "third"}


def test_steps_alike_keep_their_order() -> None:
    stored = SceneSpec.parse(SECRETS.sealed(scene(step("first"), step("second"))))
    opened, _ = SECRETS.opened(SceneSpec.parse(SECRETS.sealed(scene(step(MASK), step(MASK)), [stored])))
    document = opened.model_dump(mode="json", exclude_unset=True)
    assert [password_of(document, number) for number in range(2)] == ["first", "second"]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "login", "request": {"url": "http://elsewhere/", "auth": step(MASK)["request"]["auth"]}},
        {"name": "another", "request": step(MASK)["request"]},
        {"name": "login", "request": {"url": "/login", "auth": {"type": "bearer", "token": MASK}}},
        step({"sealed": "of another"}, name="another"),
    ],
)
def test_a_masked_password_goes_nowhere_else(changed: dict[str, Any]) -> None:
    stored = SceneSpec.parse(SECRETS.sealed(scene(step("first"))))
    with pytest.raises(InvalidInput) as refused:
        SECRETS.sealed(scene(changed), [stored])
    assert [problem.path.rpartition(".")[0] for problem in refused.value.problems] == ["steps[0].request.auth"]
