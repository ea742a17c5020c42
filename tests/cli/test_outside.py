"""Values from outside the plan, ``perfsvc check`` and ``perfsvc try``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import make_parser
from perfsvc.cli.headless import secrets_of
from perfsvc.cli.plan_loader import read_source
from perfsvc.cli.plan_validation import checked
from perfsvc.errors import InvalidInput
from perfsvc.model.planfile import PlanFile
from perfsvc.model.run import RunFiles
from tests.cli.conftest import Command
from tests.cli.conftest import Report
from tests.support.shop import Shop

ITEM = {"name": "item", "request": {"url": "/items/{{id}}?k={{$env.KEY}}"}}
CONFIG = {"concurrent_users": 4, "hold_time": 10, "ramp_up_time": 5}


def write(folder: Path, *steps: dict[str, Any], **parts: Any) -> str:
    path = folder / "plan.json"
    scene = {"name": "visit", "steps": list(steps) or [ITEM]}
    path.write_text(json.dumps({"scenes": [scene], "config": CONFIG, **parts}))
    return str(path)


def loaded(*words: str) -> PlanFile:
    return read_source(make_parser().parse_args(["run", *words])).plan()


def url_of(plan: PlanFile) -> str:
    return plan.scenes[0].steps[0].request["url"]  # type: ignore[union-attr,no-any-return]


def problems_of(*words: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        loaded(*words)
    return [f"{problem.path}: {problem.text.en}" for problem in caught.value.problems]


def test_flags_win_over_the_file_and_the_file_over_the_plan(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "a", "request": {"url": "/"}}, env={"variables": {"a": "1", "b": "1", "c": "1"}})
    values = tmp_path / "values.env"
    values.write_text('# accounts\n\nexport b = "2 2"\nc=2\n')
    plan = loaded(path, "-e", "c=3=3", "--env-file", str(values), "--host", "http://127.0.0.1:2")
    assert plan.env.variables == {"a": "1", "b": "2 2", "c": "3=3"}
    assert plan.env.host == "http://127.0.0.1:2"


def test_the_environment_fills_in_texts_and_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", 'a"{{b}}\\')
    monkeypatch.setenv("TARGET", "http://127.0.0.1:3")
    steps = [ITEM, {"name": "b", "request": {"url": "/{{$concat($env.KEY, '$env.KEY')}}"}}]
    plan = loaded(write(tmp_path, *steps, env={"host": "{{$env.TARGET}}"}))
    assert plan.env.host == "http://127.0.0.1:3"
    assert plan.env.variables["env-KEY"] == 'a"{{b}}\\'
    assert url_of(plan) == '/items/{{id}}?k=a"\\{{b}}\\'
    assert plan.scenes[0].steps[1].request["url"] == "/{{$concat( env-KEY, '$env.KEY')}}"  # type: ignore[union-attr]
    assert url_of(loaded(write(tmp_path), "-e", "KEY=x")) == "/items/{{id}}?k=x"


def test_mistakes_are_reported_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY", raising=False)
    assert problems_of(write(tmp_path, config={**CONFIG, "vuz": 1})) == [
        "scenes[0].steps[0].request.url: "
        "the environment variable KEY is not set; set it, or use -e KEY=… or --env-file",
        "config.vuz: is not a known key; did you mean vus?",
    ]
    assert problems_of(write(tmp_path), "-e", "1a=b") == ["-e: must be NAME=VALUE, such as user=alice, not 1a"]
    bad = tmp_path / "bad.env"
    bad.write_text("a=1\nnonsense\n")
    assert problems_of(write(tmp_path), "--env-file", str(bad)) == [f"{bad}:2: must be NAME=VALUE"]
    assert problems_of(write(tmp_path), "--env-file", str(tmp_path / "no"))[0].startswith("--env-file: ")


def test_secrets_that_an_exported_file_does_not_have_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = {"variables": {"token": "******", "pass": "******"}, "certificates": {"key": "******"}}
    assert problems_of(write(tmp_path, {"name": "a", "request": {"url": "/"}}, env=env), "-e", "pass=sesame") == [
        "env.variables.token: the file has no secrets; give this one by -e token=…",
        "env.certificates.key: the file has no secrets; write {{$env.NAME}} here and set that variable",
    ]
    monkeypatch.setenv("KEY", "-----BEGIN PRIVATE KEY-----")
    given = {"certificates": {"key": "{{$env.KEY}}"}}
    plan = loaded(write(tmp_path, {"name": "a", "request": {"url": "/"}}, env=given))
    assert plan.env.certificates.key == "-----BEGIN PRIVATE KEY-----"


def test_secrets_are_known_by_name_or_by_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "from-env")
    step = {"name": "a", "request": {"url": "/{{$env.API_KEY}}"}}
    env = {"variables": {"inner": "marked", "shown": "shown"}, "secret_variables": ["inner"]}
    plan = loaded(write(tmp_path, step, env=env), "-e", "password=given")
    assert secrets_of(plan.env) == {"from-env", "marked", "given"}


def test_values_from_outside_reach_the_target(shop: Shop, report: Report, tmp_path: Path) -> None:
    plan = write(tmp_path, {"name": "item", "request": {"url": "/items/{{id}}"}})
    found = report(plan, "-e", "id=7", "--host", shop.url, "-u", "1")
    assert found["summary"]["error_count"] == 0
    assert "/items/7" in shop.paths


def test_check_sends_nothing(shop: Shop, perfsvc: Command, tmp_path: Path) -> None:
    path = write(tmp_path, {"type": "loop", "times": 3, "steps": [ITEM]}, env={"host": shop.url})
    done = perfsvc("check", path, "-e", "id=7", "-e", "KEY=k", "-u", "9")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].split() == ["visit", "1", "100", "3"]
    assert "virtual users: 0 s: 0, 5 s: 9, 15 s: 9" in done.out
    assert done.out.splitlines()[-1] == f"{path}: valid"
    assert shop.paths == set()


def test_check_tells_every_mistake(perfsvc: Command, tmp_path: Path) -> None:
    steps = [
        {"name": "a", "request": {"url": "http://127.0.0.1:1/{{$mdd5('a')}}"}},
        {"name": "b", "request": {"url": "http://127.0.0.1:1/"}, "checks": [{"type": "regex", "pattern": "("}]},
    ]
    done = perfsvc("check", write(tmp_path, *steps))
    assert done.code == 2
    assert "did you mean $md5?" in done.err
    assert "steps[1].checks[0].pattern" in done.err


def test_try_shows_each_step(shop: Shop, perfsvc: Command, tmp_path: Path) -> None:
    login = {
        "name": "login",
        "request": {"method": "POST", "url": "/login", "json": {"user": "{{name}}"}},
        "extract": [{"name": "greeting", "from": "body"}],
        "checks": [{"type": "status", "equals": 200}, {"type": "contains", "text": "nowhere"}],
    }
    path = write(tmp_path, login, env={"host": shop.url, "variables": {"name": "alice"}})
    done = perfsvc("try", path)
    assert done.code == 1
    assert "✗ login (request)" in done.out
    assert "POST /login HTTP/1.1" in done.out
    assert '{"user": "alice"}' in done.out.replace('":"', '": "')
    assert "✓ status = 200 (200)" in done.out
    assert '✗ ⊃ nowhere (the body is: {"ok": true, "token": "***"})' in done.out
    (result,) = json.loads(perfsvc("try", path, "--json").out).values()
    assert result["steps"][0]["name"] == "login"
    assert perfsvc("try", path, "--scene", "other").code == 2


@pytest.mark.parametrize(
    ("expression", "column"),
    [('$hmacc("sha256", $env.KEY, "a")', None), ('$hmac("sha256", $env.KEY "a")', 26), ('$hmac($env.KEY, "a")', None)],
)
def test_no_message_about_an_expression_shows_a_value_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str, column: int | None
) -> None:
    monkeypatch.setenv("KEY", "correct horse")
    path = write(tmp_path, {"name": "a", "request": {"url": f"/{{{{{expression}}}}}"}})
    with pytest.raises(InvalidInput) as caught:
        checked(loaded(path), RunFiles(folder=str(tmp_path)))
    told = "".join(text for problem in caught.value.problems for text in (problem.text.zh, problem.text.en))
    assert "env-KEY" in told
    assert "correct" not in told
    assert column is None or f"column {column}," in told


def test_try_shows_what_was_signed(
    shop: Shop, perfsvc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "correct horse")
    canonical = '$concat(request_method, "\\n", token, "\\n", nonce, "\\n", request_body, $env.SHOP_KEY, "\\n")'
    order = {
        "name": "order",
        "set": {"nonce": "{{$counter}}", "token": "abcdef"},
        "request": {
            "method": "POST",
            "url": "/login",
            "headers": {"X-Nonce": "{{nonce}}"},
            "json": {"item": 7},
            "sign": {"headers": {"X-Signature": f'{{{{$base64($hmac("sha256", $env.SHOP_KEY, {canonical}))}}}}'}},
        },
        "checks": [{"type": "contains", "text": '{{$md5("other")}}'}],
    }
    path = write(tmp_path, order, {"name": "plain", "request": {"url": "/"}}, env={"host": shop.url})
    out = perfsvc("try", path).out
    pad = " " * 8
    assert f"    signed by $hmac:\n{pad}POST\n{pad}***\n{pad}1\n{pad}" + '{"item":7}***\n' + f"{pad}\n" in out
    assert f"    set:\n{pad}nonce = 1\n{pad}token = ***\n" in out
    assert "correct horse" not in out
    (result,) = json.loads(perfsvc("try", path, "--json").out).values()
    (signed,) = result["steps"][0]["signed"]
    assert signed == {"function": "hmac", "text": 'POST\n***\n1\n{"item":7}***\n', "truncated": False}
    assert result["steps"][1]["signed"] == []
    assert f"    签名的内容 $hmac：\n{pad}POST\n" in perfsvc("try", path, lang="zh").out
