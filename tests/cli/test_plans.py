"""Plan files and the flags that replace what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import make_parser
from perfsvc.cli.plan_loader import read_source
from perfsvc.model.planfile import PlanFile
from tests.cli.conftest import Command
from tests.cli.conftest import without_places

CONFIG = {"target_url": "http://127.0.0.1:1/", "vus": 3, "duration": 7, "ramp_up": 2}
URL = "http://127.0.0.1:1/"


def plan(path: Path, config: dict[str, Any], *flags: str) -> PlanFile:
    """What a plan file and flags come to."""
    path.write_text(json.dumps({"config": config}))
    return read_source(make_parser().parse_args(["run", str(path), *flags])).plan()


def test_flags_replace_either_name_of_a_key(tmp_path: Path) -> None:
    found = plan(tmp_path / "p.json", CONFIG, "-u", "5", "-d", "1m30s", "--ramp", "4", "--timeout", "900").config
    assert (found.concurrent_users, found.hold_time, found.ramp_up_time, found.request_timeout) == (5, 90, 4, 900)


def test_what_no_flag_names_stays(tmp_path: Path) -> None:
    found = plan(tmp_path / "p.json", CONFIG).config
    assert (found.concurrent_users, found.hold_time, found.ramp_up_time) == (3, 7, 2)


def test_thresholds_are_added(tmp_path: Path) -> None:
    config = {**CONFIG, "execution_config": {"thresholds": ["p95 < 300"]}}
    found = plan(tmp_path / "p.json", config, "-t", "avg < 1", "-t", "rps > 2")
    assert [str(rule) for rule in found.config.execution_config.thresholds] == ["p95 < 300", "avg < 1", "rps > 2"]


def test_insecure_is_an_option_of_the_protocol_beside_others(tmp_path: Path) -> None:
    config = {**CONFIG, "execution_config": {"protocol_options": {"http": {"cookies": False}}}}
    found = plan(tmp_path / "p.json", config, "--insecure")
    assert found.config.execution_config.protocol_options == {"http": {"cookies": False, "verify": False}}


def test_a_url_is_a_plan_of_one_step() -> None:
    found = read_source(make_parser().parse_args(["run", "http://127.0.0.1:1/a?b=c", "-H", "X: 1"])).plan()
    assert (found.name, found.config.concurrent_users, found.config.hold_time) == ("GET /a", 1, 10)
    (step,) = found.scenes[0].steps
    assert step.name == "GET /a"
    assert step.model_dump()["request"] == {"method": "GET", "url": "http://127.0.0.1:1/a?b=c", "headers": {"X": "1"}}


def test_headers_that_come_again_are_all_sent() -> None:
    words = ["run", URL, "-H", "X-A: 1", "-H", "X-B: 3", "-H", "x-a: 2"]
    (step,) = read_source(make_parser().parse_args(words)).plan().scenes[0].steps
    assert step.model_dump()["request"]["headers"] == {"X-A": ["1", "2"], "X-B": "3"}


def test_flags_take_fractions_and_units() -> None:
    words = ["run", URL, "-d", "0.2", "--ramp", "500ms", "--timeout", "2s"]
    found = read_source(make_parser().parse_args(words)).plan().config
    assert (found.hold_time, found.ramp_up_time, found.request_timeout) == (0.2, 0.5, 2000)


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        ("- 1", "应为对象：顶层字段有", "must be an object; its keys are name, env, scenes and config"),
        ("", "文件为空；计划至少要有", "is empty; a plan has config and scenes at least"),
        ("a: [", "不是合法的 YAML：", "is not YAML: "),
        ("a: {b: c: d}", "不是合法的 YAML：", "is not YAML: "),
        ("a: !!python/object:os.system x", "不是合法的 YAML：", "is not YAML: "),
        (
            "config: {vus: 1, hold_time: 1, vus: 2}",
            "不是合法的 YAML：键 'vus' 重复，已在第 1 行写过；请删去一个或改名\n",
            "is not YAML: 'vus' appears twice, first in line 1; remove or rename one of them\n",
        ),
        ("\xff", "不是合法的 YAML：编码不是 UTF-8", "is not YAML: it is not UTF-8"),
        ("[" * 5000, "不是合法的 YAML：嵌套过深\n", "is not YAML: it is nested too deeply\n"),
    ],
)
def test_files_that_are_no_plans(perfsvc: Command, tmp_path: Path, content: str, zh: str, en: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content.encode("latin-1"))
    assert without_places(perfsvc("run", str(path)).err).startswith(f"perfsvc: {en}")
    done = perfsvc("run", str(path), lang="zh")
    assert (done.code, done.out) == (2, "")
    assert without_places(done.err).startswith(f"perfsvc: {zh}")


def test_yaml_may_merge(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("config: {<<: {target_url: 'http://127.0.0.1:1/', vus: 1}, vus: 2}\n")
    assert read_source(make_parser().parse_args(["run", str(path)])).plan().config.concurrent_users == 2


def test_files_that_cannot_be_read(perfsvc: Command, tmp_path: Path) -> None:
    none = tmp_path / "none.yaml"
    assert perfsvc("run", str(none)) == (2, "", f"perfsvc: {none}: cannot be read: No such file or directory\n")
    assert perfsvc("run", str(tmp_path)) == (2, "", f"perfsvc: {tmp_path}: cannot be read: Is a directory\n")
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(10_000_001)
    assert perfsvc("run", str(huge), lang="zh") == (2, "", f"perfsvc: {huge}: 文件过大\n")


def test_a_file_without_an_end_is_too_large(perfsvc: Command) -> None:
    assert perfsvc("run", "/dev/zero") == (2, "", "perfsvc: /dev/zero: is too large\n")


@pytest.mark.parametrize(
    "what", ["127.0.0.1:8080/", "localhost:80", "shop.example:8080/a?b=c", "[::1]:80/x", "example.com", "a.b/c"]
)
def test_an_address_without_a_scheme_is_reported_so(perfsvc: Command, what: str) -> None:
    code, _, told = perfsvc("run", what)
    assert (code, told.count("\n")) == (2, 1)
    assert told.endswith(f"No such file or directory; if it is an address, write http://{what.removesuffix('/')}\n")


@pytest.mark.parametrize("what", ["plan:yaml", "c:x", ":80", "plan.yaml", "my.plan.json", "folder/plan.yml"])
def test_other_names_get_no_such_advice(perfsvc: Command, what: str) -> None:
    assert "http" not in perfsvc("run", what).err


def test_problems_of_flags_are_reported_together(perfsvc: Command) -> None:
    done = perfsvc("run", URL, "-d", "abc", "--ramp", "", "-t", "zz")
    assert done.code == 2
    assert [line.split(": ")[1] for line in done.err.splitlines()] == [
        "--threshold", "--duration", "--ramp",
    ]  # fmt: skip


def test_every_problem_is_reported_in_either_language(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        "config: {concurent_users: 1, vus: x, hold_time: 1, execution_config: {thresholds: [p95 ~ 1]},\n"
        "         target_url: 'http://127.0.0.1:1/'}\n"
    )
    done, zh = perfsvc("run", str(path)), perfsvc("run", str(path), lang="zh")
    assert (done.code, zh.code) == (2, 2)
    assert done.err.splitlines() == [
        f"perfsvc: {path}:1:10: config.concurent_users: is not a known key; did you mean concurrent_users?",
        f"perfsvc: {path}:1:30: config.concurrent_users: must be an integer",
        f"perfsvc: {path}:1:84: config.execution_config.thresholds[0]: "
        "invalid threshold: p95 ~ 1; write p95 < 300 or error_rate < 1 for 10s",
    ]
    assert f"perfsvc: {path}:1:30: config.concurrent_users: 应为整数\n" in zh.err


WRONG_FLAGS = [
    (
        [URL, "-H", "nonsense"],
        "--header: 应为 'NAME: VALUE'：nonsense",
        "--header: must be 'NAME: VALUE', not nonsense",
    ),
    (
        [URL, "-d", "x"],
        "--duration: 不是时长：x，例如 2、2s、500ms、1m30s、1h",
        "--duration: not a duration: x; write 2, 2s, 500ms, 1m30s or 1h",
    ),
    (
        [URL, "-d", "0"],
        "--duration: 加压时间与保持时间不能同时为 0",
        "--duration: ramp-up and hold cannot both be 0",
    ),
    (
        ["p.yaml", "-m", "PUT"],
        "--method: 只能与 URL 一起使用，计划文件已自带请求",
        "--method: is for URLs only; a plan file has its own requests",
    ),
]


@pytest.mark.parametrize(("words", "zh", "en"), WRONG_FLAGS)
def test_flags_that_are_wrong(perfsvc: Command, words: list[str], zh: str, en: str) -> None:
    assert perfsvc("run", *words) == (2, "", f"perfsvc: {en}\n")
    assert perfsvc("run", *words, lang="zh") == (2, "", f"perfsvc: {zh}\n")


@pytest.mark.parametrize("words", [["-u", "0"], ["--timeout", "0"], ["-t", "p95"], ["-m", "get"], ["-m", "CONNECT"]])
def test_values_that_validation_refuses(perfsvc: Command, words: list[str]) -> None:
    done = perfsvc("run", URL, *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "url", ["http://", "ftp://127.0.0.1/", "htp://127.0.0.1/", "http://[::1", "http://127.0.0.1:99999/"]
)
def test_addresses_that_cannot_be_requested(perfsvc: Command, url: str) -> None:
    done = perfsvc("run", url, "-d", "60")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"perfsvc: {url}: ")


HOST = 'env: {host: "http://127.0.0.1:1"}'
STEP = "{name: home, request: {url: /}}"
OPTIONS = "config.execution_config.protocol_options"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{HOST}\nscenes: [{{name: a, steps: [{STEP}], weight: .nan}}]\nconfig: {{vus: 1}}",
         "scenes[0].weight: must be a finite number"),
        ("name: &a [*a]\nconfig: {vus: 1, target_url: 'http://127.0.0.1:1/'}", "name[0]: must not contain itself"),
        ("name: !!binary aGk=\nconfig: {vus: 1, target_url: 'http://127.0.0.1:1/'}", "name: bytes is not a JSON value"),
        (f"env: {{host: '127.0.0.1:1'}}\nscenes: [{{name: a, steps: [{STEP}]}}]\nconfig: {{vus: 1}}",
         "env.host: must be a full URL such as http://example.com/api"),
        ("config: {vus: 1, target_url: 'http://127.0.0.1:1/', execution_config: {max_vus: 5}}",
         "config.execution_config.max_vus: is for arrival_rate only; set the number of users by concurrent_users"),
        ("config: {vus: 1, target_url: 'http://127.0.0.1:1/', data_config: {columns: [a], values: [[1]]}}",
         "config.data_source_type: is required with data_config"),
        ("config: {vus: 1, target_url: 'http://127.0.0.1:1/', execution_config: {protocol_options: {htpt: {}}}}",
         f"{OPTIONS}.htpt: there is no protocol named htpt; there are: grpc, http, tcp, udp, websocket"),
        ("config: {vus: 1, target_url: 'http://127.0.0.1:1/',"
         " execution_config: {protocol_options: {http: {ca: /none.pem}}}}",
         f"{OPTIONS}.http.ca: no PEM certificate can be read there"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_by_its_place(perfsvc: Command, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    code, out, err = perfsvc("run", str(path))
    assert (code, out, without_places(err)) == (2, "", f"perfsvc: {told}\n")


def test_a_rate_that_is_no_number_is_reported_by_its_place(perfsvc: Command) -> None:
    problem = "perfsvc: --rate: not a rate: nan; write 200, 200/s, 12000/min or 7200/h\n"
    assert perfsvc("run", URL, "-r", "nan") == (2, "", problem)


def test_choices_are_reported_in_the_language_asked_for(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("config: {vus: 1, test_mode: foo, target_url: 'http://127.0.0.1:1/'}")
    told = "应为以下值之一：'concurrent', 'step', 'error_rate' 或 'adaptive'"
    assert perfsvc("run", str(path), lang="zh") == (2, "", f"perfsvc: {path}:1:18: config.test_mode: {told}\n")


def test_dates_of_yaml_are_text_as_in_json(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"name: 2026-01-02\n{HOST}\nscenes: [{{name: a, steps: [{STEP}]}}]\nconfig: {{vus: 1}}")
    assert read_source(make_parser().parse_args(["run", str(path)])).plan().name == "2026-01-02"
