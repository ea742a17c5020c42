"""The plans on the pages of the data sources, run by the command, with the files that the pages show beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import main
from perfsvc.plugin import Spec
from perfsvc_datasources.api.spec import Options as ApiOptions
from perfsvc_datasources.csv import CsvSource
from perfsvc_datasources.csv.options import Options as CsvOptions
from perfsvc_datasources.database.spec import Options as DatabaseOptions
from perfsvc_datasources.generator.options import Options as GeneratorOptions
from perfsvc_datasources.pool import Options as PoolOptions
from tests.docs.pages import DOCUMENTED_TARGET
from tests.docs.pages import blocks_of
from tests.docs.pages import quoted
from tests.docs.pages import text_of
from tests.support.outcomes import assert_passed
from tests.support.shop import Shop

SHOWN = re.compile(r"`([a-z]+\.csv)`[:：]\n\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS: dict[str, type[Spec]] = {
    "csv": CsvOptions,
    "pool": PoolOptions,
    "generator": GeneratorOptions,
    "database": DatabaseOptions,
    "api": ApiOptions,
}


def bodies(source: str, folder: Path) -> list[Any]:
    """What the shop was sent by the plan of a page."""
    page = f"docs/data-sources/{source}.md"
    for name, text in SHOWN.findall(text_of(page)):
        (folder / name).write_text(text, "utf-8")
    (plan,) = (block for block in blocks_of(page) if block.language == "yaml")
    with Shop() as shop:
        path, report = folder / "plan.yaml", folder / "report.json"
        path.write_text(plan.text.replace(DOCUMENTED_TARGET, shop.url), "utf-8")
        code = main(["run", str(path), "--quiet", "--json", str(report)])
        found = json.loads(report.read_text("utf-8"))
        assert_passed(code, found)
        assert found["summary"]["error_count"] == 0
        return [json.loads(request.body) for request in shop.requests]


def test_csv(tmp_path: Path):
    sent = bodies("csv", tmp_path)
    assert sorted(sent, key=lambda body: body["password"]) == [  # two users, and either may be the first
        {"user": "ann", "password": "secret-1"},
        {"user": "O'Hara, Zoë", "password": "secret-2"},
        {"user": "张三", "password": "secret-3"},
    ]


def test_pool(tmp_path: Path):
    sent = bodies("pool", tmp_path)
    assert {body["user"] for body in sent} == {"ann", "ben", "张三"}
    assert all(body["password"].startswith("secret-") for body in sent)


def test_generator(tmp_path: Path):
    sent = bodies("generator", tmp_path)
    assert sorted(body["user"] for body in sent) == [f"user{number:06}" for number in range(1, len(sent) + 1)]
    assert all(re.fullmatch(r"1[3-9]\d{9}", body["phone"]) for body in sent)
    assert all(body["mail"] == f"{body['user']}@example.com" for body in sent)
    assert {body["level"] for body in sent} <= {"gold", "silver", "none"}


def test_both_ways_to_write_a_pool_are_the_same():
    page = "docs/data-sources/pool.md"
    plan, other = (block.text for block in blocks_of(page))
    config = yaml.safe_load(plan)["config"]["data_config"]
    rows = PoolOptions.parse({"rows": config["rows"]})
    assert PoolOptions.parse(json.loads(other)).table() == rows.table()


@pytest.mark.parametrize("language", ["", ".zh-CN"])
@pytest.mark.parametrize("source", OPTIONS)
def test_every_option_is_on_the_page(source: str, language: str):
    names = [field.alias or name for name, field in OPTIONS[source].model_fields.items()]
    assert quoted(names, text_of(f"docs/data-sources/{source}{language}.md")) == set()


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_every_encoding_is_on_the_page(language: str):
    text = text_of(f"docs/data-sources/csv{language}.md")
    (encodings,) = (CsvSource.Options.model_json_schema()["properties"]["encoding"]["enum"],)
    assert [name for name in encodings if f"`{name}`" not in text] == []
