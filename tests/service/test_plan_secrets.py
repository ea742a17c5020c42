"""Secrets in the configs of plans: sealed where a plugin marks them, and in secret columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.run import Target
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.runs.manager import stored_spec
from perfsvc.service.runs.opening import make_run_spec
from perfsvc.service.secrets import shown

SECRETS = PlanSecrets(Catalog.load(), Vault("k" * 32))
KEY = "-----BEGIN PRIVATE KEY-----"
PROXY = {"url": "http://proxy:3128", "username": "u", "password": "hunter2"}
ROWS = [{"user": "ann", "pass": "s3same"}, {"user": "bob", "pass": "0pen"}]


def config(options: dict[str, Any], data: dict[str, Any] | None = None) -> PlanConfig:
    given: dict[str, Any] = {
        "concurrent_users": 1,
        "target_url": "http://127.0.0.1:1/",
        "execution_config": {"protocol_options": options},
    }
    if data is not None:
        given |= {"data_source_type": "pool", "data_config": data}
    return PlanConfig.parse(given)


def options_of(given: PlanConfig) -> dict[str, Any]:
    return given.execution_config.protocol_options


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"http": {"proxy": PROXY}}, {"http": {"proxy": {**PROXY, "password": "******"}}}),
        ({"http": {"certificate": "c", "key": KEY}}, {"http": {"certificate": "c", "key": "******"}}),
        ({"grpc": {"tls": {"key": KEY}}}, {"grpc": {"tls": {"key": "******"}}}),
        ({"http": {"key": "{{key}}"}}, {"http": {"key": "{{key}}"}}),
        ({"unknown": {"key": KEY}}, {"unknown": {"key": KEY}}),
    ],
)
def test_marked_options_are_sealed(options: dict[str, Any], seen: dict[str, Any]) -> None:
    sealed = SECRETS.sealed(config(options))
    if seen != options:
        assert KEY not in json.dumps(options_of(sealed))
        assert "hunter2" not in json.dumps(options_of(sealed))
    assert shown(options_of(sealed)) == seen
    plain, secrets = SECRETS.opened(sealed)
    assert options_of(plain) == options
    assert secrets == {value for value in (KEY, "hunter2") if value in json.dumps(options) and seen != options}


def test_the_mask_keeps_what_is_stored() -> None:
    stored = SECRETS.sealed(config({"http": {"proxy": PROXY}}))
    again = SECRETS.sealed(config({"http": {"proxy": {**PROXY, "password": "******"}, "cookies": False}}), stored)
    plain, _ = SECRETS.opened(again)
    assert options_of(plain) == {"http": {"proxy": PROXY, "cookies": False}}
    untouched = SECRETS.sealed(stored.merged({"concurrent_users": 2}), stored)
    assert options_of(SECRETS.opened(untouched)[0]) == {"http": {"proxy": PROXY}}


@pytest.mark.parametrize(
    "proxy",
    [
        {**PROXY, "password": "******", "url": "http://elsewhere:3128"},
        {**PROXY, "password": {"sealed": "forged"}, "url": "http://elsewhere:3128"},
    ],
)
def test_a_password_does_not_follow_its_proxy_to_another_address(proxy: dict[str, Any]) -> None:
    stored = SECRETS.sealed(config({"http": {"proxy": PROXY}}))
    with pytest.raises(InvalidInput) as caught:
        SECRETS.sealed(config({"http": {"proxy": proxy}}), stored)
    assert [problem.path for problem in caught.value.problems] == [
        "config.execution_config.protocol_options.http.proxy.password"
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"rows": ROWS, "secret_columns": ["pass"]},
        {"columns": ["user", "pass"], "values": [list(row.values()) for row in ROWS], "secret_columns": ["pass"]},
        {"columns": ["pass"], "values": ["s3same", "0pen"], "secret_columns": ["pass"]},
    ],
)
def test_secret_columns_are_sealed(data: dict[str, Any]) -> None:
    sealed = SECRETS.sealed(config({}, data))
    seen = json.dumps(shown(sealed.data_config))
    assert "s3same" not in json.dumps(sealed.data_config)
    assert seen.count("******") == 2
    plain, _ = SECRETS.opened(sealed)
    assert plain.data_config == data


def test_a_stored_run_has_no_secrets() -> None:
    sealed = SECRETS.sealed(config({"http": {"proxy": PROXY}}, {"rows": ROWS, "secret_columns": ["pass"]}))
    plain, secrets = SECRETS.opened(sealed)
    target = Target(headers={"X-Gate": "sesame"}, variables={"gate": "sesame"})
    spec = make_run_spec("p", plain, [], target, "run-1", 1).model_copy(update={"secrets": ("sesame", *secrets)})
    stored = json.dumps(stored_spec(spec, sealed))
    for secret in ("sesame", "hunter2", "s3same", "0pen"):
        assert f'"{secret}"' not in stored
