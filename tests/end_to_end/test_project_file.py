"""A project as a file: written, run on the command line, read again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.nginx import Nginx
from tests.support.outcomes import assert_passed
from tests.support.service import BIN
from tests.support.service import Service

ROUGH = [
    "1e3",
    "0x1f",
    "08",
    "yes",
    "1:30",
    "null",
    "~",
    "2026-11-29",
    " a",
    "a: b",
    "#",
    "{{user}}",
    "是",
    "",
    "1_000",
]
"""Texts that some version of YAML reads as something else."""
STEPS = [
    {
        "name": "look",
        "request": {"method": "POST", "url": "/?q={{user}}", "json": ROUGH},
        "extract": [{"name": "none", "from": "regex", "pattern": "never", "default": None}],
        "checks": [{"type": "status", "one_of": [200, 405]}],
        "think_time": {"type": "constant", "value": 0.01},
    },
    {"type": "loop", "name": "twice", "times": 2, "steps": [{"name": "in", "request": {"url": "/"}}]},
]


def exported(service: Service, project: int, query: str = "") -> str:
    request = urllib.request.Request(f"{service.url}/api/projects/{project}/file/{query}")
    request.add_header("Authorization", f"Bearer {service.token}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        text: str = answer.read().decode()
    return text


def imported(service: Service, project: int, text: str, **more: Any) -> list[str]:
    answer = service.post(f"/api/projects/{project}/file/", {"text": text, **more})
    assert answer.status == 200, answer
    return [f"{each['action']} {each['kind']} {each['name']}" for each in answer.body["results"]]


@pytest.fixture
def project(service: Service, nginx: Nginx) -> int:
    """A project with an environment, a scene and two plans."""
    identifier: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    env = {"project_id": identifier, "name": "staging", "host": nginx.url, "variables": {"user": "ann", "n": "007"}}
    env_id = service.post("/api/envs/", env).body["id"]
    scene = {"project_id": identifier, "name": "Order", "description": "buys", "steps": STEPS}
    scene_id = service.post("/api/scenes/", scene).body["id"]
    for name, users in (("short", 2), ("long", 5)):
        config = {
            "concurrent_users": users,
            "hold_time": 1,
            "env_id": env_id,
            "execution_config": {"thresholds": ["error_rate < 1", "p95{look} < 5000 for 1s"]},
        }
        plan = {
            "project_id": identifier,
            "name": name,
            "scenes": [{"scene_id": scene_id, "weight": 3}],
            "config": config,
        }
        assert service.post("/api/performance/plans/", plan).status == 201
    return identifier


def test_a_project_runs_on_the_command_line_and_comes_back_the_same(
    service: Service, project: int, tmp_path: Path
) -> None:
    text = exported(service, project)
    file = tmp_path / "shop.yaml"
    file.write_text(text, "utf-8")
    refused = subprocess.run([BIN, "--lang", "en", "run", file, "-q"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "choose a plan: short, long" in refused.stderr) == (2, True)
    ran = subprocess.run([BIN, "run", file, "--plan", "short", "--json", "-"], capture_output=True, check=False)
    report = json.loads(ran.stdout)
    assert_passed(ran.returncode, report)
    assert (report["verdict"]["state"], report["summary"]["max_users"]) == ("PASSED", 2)
    kept = ["env 默认环境", "env staging", "scene Order", "plan short", "plan long"]
    assert imported(service, project, text) == [f"keep {each}" for each in kept]
    other = service.post("/api/projects/", {"name": "Other"}).body["id"]
    created = imported(service, other, text, dry_run=True)
    assert created == ["keep env 默认环境", *(f"create {each}" for each in kept[1:])]
    assert service.get(f"/api/scenes/?project_id={other}").body["total"] == 0
    imported(service, other, text)
    assert exported(service, other) == text


def test_a_plan_is_exported_with_what_it_needs_and_a_plan_file_is_imported(service: Service, project: int) -> None:
    plan = service.get(f"/api/performance/plans/?project_id={project}").body["results"][0]
    text = exported(service, project, f"?plan_id={plan['id']}")
    assert ("short" in text, "默认环境" in text) == (False, False)
    steps = [{"name": "a", "request": {"url": "/"}}]
    one = {
        "name": "from CI",
        "env": {"host": "http://127.0.0.1:9"},
        "scenes": [{"name": "s", "weight": 2, "steps": steps}],
        "config": {"concurrent_users": 1},
    }
    assert imported(service, project, json.dumps(one)) == [
        "create env from CI",
        "create scene s",
        "create plan from CI",
    ]


def test_what_is_wrong_changes_nothing_and_names_its_place(service: Service, project: int) -> None:
    text = exported(service, project)
    secret = text.replace("user: ann", "user: '******'")
    answer = service.post(f"/api/projects/{project}/file/", {"text": secret})
    assert (answer.status, answer.body["details"][0]["path"]) == (422, "envs[1].variables.user")
    missing = text.replace("env: staging", "env: nowhere").replace("hold_time: 1", "hold_time: 2")
    answer = service.post(f"/api/projects/{project}/file/", {"text": missing})
    assert (answer.status, answer.body["details"][0]["path"]) == (422, "plans[0].env")
    answer = service.post(f"/api/projects/{project}/file/", {"text": "name: a\n\tenvs: []"})
    assert answer.body["details"] == [
        {"path": "text", "message": "不是合法的 YAML（第 2 行第 1 列）：请用空格缩进，不能用制表符"}
    ]
    assert exported(service, project) == text


@pytest.fixture
def guarded(service: Service, nginx: Nginx, tmp_path: Path) -> int:
    """A project with secrets of each kind, and a scene that sends a data file."""
    project: int = service.post("/api/projects/", {"name": "Guarded"}).body["id"]
    certificate, key = (path.read_text() for path in Authority(tmp_path).issue("client.example"))
    env = {
        "project_id": project,
        "name": "mutual",
        "host": nginx.url,
        "variables": {"token": "open sesame"},
        "secret_variables": ["token"],
        "databases": {"main": {"type": "mysql", "host": "db", "password": "hunter22"}},
        "certificates": {"certificate": certificate, "key": key},
    }
    env_id = service.post("/api/envs/", env).body["id"]
    auth = {"type": "basic", "username": "ann", "password": "swordfish"}
    request = {"method": "PUT", "url": "/", "auth": auth, "body_file": sent(service, project, "photo.bin")}
    scene = {"project_id": project, "name": "Upload", "steps": [{"name": "put", "request": request}]}
    scene_id = service.post("/api/scenes/", scene).body["id"]
    config = {"concurrent_users": 1, "hold_time": 1, "env_id": env_id}
    plan = {"project_id": project, "name": "peak", "scenes": [{"scene_id": scene_id}], "config": config}
    assert service.post("/api/performance/plans/", plan).status == 201
    return project


def sent(service: Service, project: int, name: str, content: bytes = b"\0\1") -> str:
    """Upload a data file; return its id."""
    request = urllib.request.Request(f"{service.url}/api/datafiles/?project_id={project}&name={name}", content)
    request.add_header("Authorization", f"Bearer {service.token}")
    request.add_header("Content-Type", "application/octet-stream")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.loads(answer.read())["id"])


def test_a_copy_takes_the_secrets_of_the_project_it_comes_from(service: Service, guarded: int) -> None:
    text = exported(service, guarded)
    assert (text.count("'******'"), "PRIVATE KEY" in text, "body_file: photo.bin" in text) == (3, False, True)
    assert all(action.startswith("keep") for action in imported(service, guarded, text))
    other = service.post("/api/projects/", {"name": "Copy"}).body["id"]
    sent(service, other, "photo.bin")
    refused = service.post(f"/api/projects/{other}/file/", {"text": text})
    paths = [each["path"] for each in refused.body["details"]]
    assert (refused.status, paths) == (422, ["envs[1].variables.token"])
    created = imported(service, other, text, source_project_id=guarded)
    assert created[:2] == ["keep file photo.bin", "keep env 默认环境"]
    assert created[2:] == ["create env mutual", "create scene Upload", "create plan peak"]
    assert exported(service, other) == text
    env = service.get(f"/api/envs/?project_id={other}").body["results"][-1]
    assert (env["databases"]["main"]["password_set"], env["secret_variables"]) == (True, ["token"])


ACCOUNTS = "user,city\r\nann,北京\r\nbob, \r\n"


@pytest.fixture
def with_data(service: Service, nginx: Nginx) -> int:
    """A project whose plan reads a file, and whose preset and scene name others."""
    project: int = service.post("/api/projects/", {"name": "Data"}).body["id"]
    accounts = int(sent(service, project, "accounts.csv", ACCOUNTS.encode()))
    photo = sent(service, project, "photo.bin")
    sent(service, project, "pins.csv", b"user,pin\nann,1234\n")
    env_id = service.post("/api/envs/", {"project_id": project, "name": "here", "host": nginx.url}).body["id"]
    steps = [
        {"name": "put", "request": {"method": "PUT", "url": "/{{user}}", "body_file": photo}},
        {"name": "get", "request": {"url": "/"}, "checks": [{"type": "status", "equals": 200}]},
    ]
    scene = service.post("/api/scenes/", {"project_id": project, "name": "Send", "steps": steps}).body["id"]
    data = {"data_source_type": "csv", "data_config": {"datafile_id": accounts, "order": "random"}}
    config = {"concurrent_users": 1, "hold_time": 1, "env_id": env_id, **data}
    plan = {"project_id": project, "name": "peak", "scenes": [{"scene_id": scene}], "config": config}
    assert service.post("/api/performance/plans/", plan).status == 201
    preset = {"project_id": project, "name": "night", "config_type": "concurrent", "config_data": config}
    assert service.post("/api/performance/presets/", preset).status == 201
    return project


def test_a_file_with_its_small_data_files_makes_a_project_that_runs(service: Service, with_data: int) -> None:
    text = exported(service, with_data, "?with_files=1")
    assert ("base64: AAE=" in text, "ann,1234" in text) == (True, False)
    other = service.post("/api/projects/", {"name": "Empty"}).body["id"]
    made = ["create file accounts.csv", "create file photo.bin", "upload file pins.csv", "keep env 默认环境"]
    made += ["create env here", "create scene Send", "create preset night", "create plan peak"]
    assert imported(service, other, text, dry_run=True) == made
    assert service.get(f"/api/datafiles/?project_id={other}").body["total"] == 0
    assert imported(service, other, text) == made
    sent(service, other, "pins.csv", b"user,pin\nann,1234\n")
    assert exported(service, other, "?with_files=1") == text
    assert imported(service, other, text) == [f"keep {each.split(' ', 1)[1]}" for each in made]
    plan = service.get(f"/api/performance/plans/?project_id={other}").body["results"][0]["id"]
    run = service.post(f"/api/performance/plans/{plan}/start/").body
    assert list(service.watch(run["websocket_url"]))[-1]["type"] == "end"
    files = service.get(f"/api/datafiles/?project_id={other}").body["results"]
    assert {each["name"]: each["row_count"] for each in files}["accounts.csv"] == 2


def test_the_largest_contents_come_in_again_and_no_password_goes_out(service: Service) -> None:
    project, other = (service.post("/api/projects/", {"name": name}).body["id"] for name in ("From", "To"))
    for name in ("one.bin", "two.bin"):
        sent(service, project, name, bytes(range(256)) * 3_900)
    secret = int(sent(service, project, "accounts.csv", b"ann,geheim\nbob,hidden\n"))
    data = {"datafile_id": secret, "columns": ["user", "password"], "header": False}
    config = {
        "concurrent_users": 1,
        "target_url": "http://127.0.0.1:9/",
        "data_source_type": "csv",
        "data_config": data,
    }
    plan = {"project_id": project, "name": "peak", "config": config}
    assert service.post("/api/performance/plans/", plan).status == 201
    text = exported(service, project, "?with_files=1")
    assert (len(text) > 2_600_000, "hidden" in text) == (True, False)
    sent(service, other, "accounts.csv", b"ann,geheim\nbob,hidden\n")
    assert imported(service, other, text)[:2] == ["create file one.bin", "create file two.bin"]


def test_a_file_without_contents_says_which_files_to_upload(service: Service, with_data: int, tmp_path: Path) -> None:
    text = exported(service, with_data)
    other = service.post("/api/projects/", {"name": "Bare"}).body["id"]
    sent(service, other, "photo.bin", b"another")
    body = service.post(f"/api/projects/{other}/file/", {"text": text, "dry_run": True}).body["results"]
    digest = hashlib.sha256(ACCOUNTS.encode()).hexdigest()
    wanted = {
        "kind": "file",
        "name": "accounts.csv",
        "action": "upload",
        "size": len(ACCOUNTS.encode()),
        "sha256": digest,
        "warnings": [],
    }
    assert (body[0], body[1]["action"]) == (wanted, "differ")
    refused = service.post(f"/api/projects/{other}/file/", {"text": text})
    assert refused.body["details"] == [
        {
            "path": f"{part}[0].config.data_config.file",
            "message": f"项目中没有数据文件 accounts.csv（30 B，SHA-256 {digest}），请先上传",
        }
        for part in ("plans", "presets")
    ]
    assert service.get(f"/api/scenes/?project_id={other}").body["total"] == 0
    copied = imported(service, other, text, source_project_id=with_data)
    assert copied[:3] == ["create file accounts.csv", "update file photo.bin", "create file pins.csv"]
    assert sorted(exported(service, other).splitlines()) == sorted(text.splitlines())
    old = text[: text.index("files:")]
    assert all(action.startswith("keep") for action in imported(service, other, old))
    for name, content in (("accounts.csv", ACCOUNTS.encode()), ("photo.bin", b"\0\1")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    subprocess.run([BIN, "run", tmp_path / "data.yaml", "-q", "-n", "1"], capture_output=True, check=True)


def test_contents_are_for_editors_and_must_fit_their_checksums(service: Service, with_data: int) -> None:
    service.post("/api/users/register/", {"username": "kim", "email": "kim@example.org", "password": "long enough"})
    service.post(f"/api/projects/{with_data}/members/", {"username": "kim", "role": "viewer"})
    administrator = service.token
    service.token = service.post("/api/users/login/", {"username": "kim", "password": "long enough"}).body["token"]
    try:
        assert service.get(f"/api/projects/{with_data}/file/?with_files=1").status == 403
        assert "accounts.csv" in exported(service, with_data)
    finally:
        service.token = administrator
    text = exported(service, with_data, "?with_files=1").replace("bob", "eve")
    refused = service.post(f"/api/projects/{with_data}/file/", {"text": text})
    assert (refused.status, [each["path"] for each in refused.body["details"]]) == (422, ["files[0].sha256"])


def test_secrets_are_copied_by_editors_of_both_projects_only(service: Service, guarded: int) -> None:
    text = exported(service, guarded)
    service.post("/api/users/register/", {"username": "eve", "email": "eve@example.org", "password": "long enough"})
    service.post(f"/api/projects/{guarded}/members/", {"username": "eve", "role": "viewer"})
    administrator = service.token
    service.token = service.post("/api/users/login/", {"username": "eve", "password": "long enough"}).body["token"]
    try:
        own = service.post("/api/projects/", {"name": "Hers"}).body["id"]
        copied = service.post(f"/api/projects/{own}/file/", {"text": text, "source_project_id": guarded})
        unknown = service.post(f"/api/projects/{own}/file/", {"text": text, "source_project_id": 10_000})
        into = service.post(f"/api/projects/{guarded}/file/", {"text": text, "dry_run": True})
    finally:
        service.token = administrator
    assert (copied.status, unknown.status, into.status) == (403, 404, 403)


def test_a_copy_within_a_project_keeps_its_secrets(service: Service, guarded: int) -> None:
    scene = service.get(f"/api/scenes/?project_id={guarded}").body["results"][0]["id"]
    steps = service.get(f"/api/scenes/{scene}/").body["steps"]
    copy = {"project_id": guarded, "name": "Copy of Upload", "steps": steps}
    refused = service.post("/api/scenes/", copy)
    assert (refused.status, refused.body["details"][0]["path"]) == (422, "steps[0].request.auth.password")
    assert service.post("/api/scenes/", {**copy, "copy_of": scene}).status == 201
    config = {
        "concurrent_users": 1,
        "target_url": "http://127.0.0.1:9/",
        "execution_config": {
            "protocol_options": {"http": {"proxy": {"url": "http://127.0.0.1:9", "password": "sesame"}}}
        },
    }
    plan = service.post("/api/performance/plans/", {"project_id": guarded, "name": "proxied", "config": config}).body
    again = {"project_id": guarded, "name": "copy", "config": plan["config"]}
    assert service.post("/api/performance/plans/", again).status == 422
    preview = {"project_id": guarded, "plan_id": plan["id"], "config": plan["config"]}
    assert service.post("/api/performance/plans/preview/", preview).body["savable"]
    assert service.post("/api/performance/plans/", {**again, "copy_of": plan["id"]}).status == 201
    other = service.post("/api/projects/", {"name": "Elsewhere"}).body["id"]
    for path, body in (("scenes", {**copy, "copy_of": scene}), ("performance/plans", {**again, "copy_of": plan["id"]})):
        refused = service.post(f"/api/{path}/", {**body, "project_id": other})
        assert (refused.status, refused.body["details"][0]["path"]) == (422, "copy_of")


def test_what_a_scene_needs_of_its_new_project_is_named(service: Service, guarded: int) -> None:
    steps = [
        {
            "name": "put",
            "request": {"method": "PUT", "url": "/{{$uuid}}?a={{account}}&b={{token}}", "body_file": "photo.bin"},
            "extract": [{"name": "id", "from": "json", "path": "$.id"}],
        },
        {"name": "get", "request": {"url": "/{{id}}", "headers": {"X-Of": "{{account}}"}}},
    ]
    scene = {"project_id": guarded, "name": "Account", "steps": steps}
    scene_id = service.post("/api/scenes/", scene).body["id"]
    text = exported(service, guarded, f"?scene_id={scene_id}")
    target = service.post("/api/projects/", {"name": "Empty"}).body["id"]
    answer = service.post(f"/api/projects/{target}/file/", {"text": text, "dry_run": True})
    assert answer.body["results"][0]["action"] == "upload"
    assert [warning["en"] for warning in answer.body["results"][-1]["warnings"]] == [
        "step put has a relative address, and no environment of the project has a base URL: create one",
        "no environment of the project has {{account}}, {{token}}: add it to one, or let test data give it",
    ]
    sent(service, target, "photo.bin")
    env = {"project_id": target, "name": "all", "host": "http://127.0.0.1", "variables": {"account": "a", "token": "t"}}
    assert service.post("/api/envs/", env).status == 201
    answer = service.post(f"/api/projects/{target}/file/", {"text": text})
    assert (answer.status, answer.body["results"][-1]["warnings"]) == (200, [])


def test_the_authority_of_a_plan_is_a_file_by_its_name(service: Service, guarded: int) -> None:
    options = {"protocol_options": {"http": {"ca": sent(service, guarded, "ca.pem")}}}
    config = {"concurrent_users": 1, "hold_time": 1, "target_url": "https://127.0.0.1", "execution_config": options}
    plan = {"project_id": guarded, "name": "trusting", "scenes": [], "config": config}
    plan_id = service.post("/api/performance/plans/", plan).body["id"]
    assert "ca: ca.pem" in exported(service, guarded, f"?plan_id={plan_id}")
