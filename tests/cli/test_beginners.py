"""The mistakes of a first day, each with the message that it gets, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.support.shop import Shop

ENV = "env: {host: 'http://127.0.0.1:1', variables: {user: alice}}\n"
CONFIG = "config: {concurrent_users: 2, hold_time: 1}\n"


def scene(*steps: str, more: str = "") -> str:
    """A plan with one scene of these steps."""
    listed = "".join(f"      - {step}\n" for step in steps)
    return f"{ENV}scenes:\n  - name: visit\n{more}    steps:\n{listed}{CONFIG}"


HOME = "{name: home, request: {url: /}}"
MISTAKES = [
    ("threshold under config", scene(HOME).replace("hold_time: 1}", "hold_time: 1, thresholds: [p95 < 9]}"),
     ":6:45: config.thresholds: is not a known key here; thresholds belongs under config.execution_config",
     ":6:45: config.thresholds: 此处没有这个字段，thresholds 应写在 config.execution_config 下"),
    ("think time in one word", scene("{name: a, request: {url: /}, thinktime: {type: constant, value: 1}}"),
     ":5:38: scenes[0].steps[0].thinktime: is not a known key; did you mean think_time?",
     ":5:38: scenes[0].steps[0].thinktime: 未知的字段，是否想写 think_time？"),
    ("think time in the request", scene("{name: a, request: {url: /, think_time: {type: constant, value: 1}}}"),
     ":5:37: scenes[0].steps[0].request.think_time: is not a known key here; think_time belongs under steps[]",
     ":5:37: scenes[0].steps[0].request.think_time: 此处没有这个字段，think_time 应写在 steps[] 下"),
    ("request keys in the step", scene("{name: a, url: /}"),
     ":5:19: scenes[0].steps[0].url: is not a known key here; url belongs under request",
     ":5:19: scenes[0].steps[0].url: 此处没有这个字段，url 应写在 request 下"),
    ("words of flags", f"{ENV}config: {{users: 2, target_url: 'http://127.0.0.1:1/'}}\n",
     ":2:10: config.users: is not a known key; did you mean concurrent_users?",
     ":2:10: config.users: 未知的字段，是否想写 concurrent_users？"),
    ("a misspelt variable", scene("{name: a, request: {url: '/{{usr}}'}}"),
     ":5:29: scenes[0].steps[0].request.url: no extractor, data column or environment variable is named usr; "
     "did you mean user?",
     ":5:29: scenes[0].steps[0].request.url: 变量 usr 没有来源："
     "没有提取器、数据列或环境变量叫这个名字，是否想写 user？"),
    ("a misspelt function", scene("{name: a, request: {url: '/{{$uid}}'}}"),
     ":5:29: scenes[0].steps[0].request.url: unknown placeholder {{$uid}}: no function $uid; did you mean $uuid?",
     ":5:29: scenes[0].steps[0].request.url: 无法识别的占位符 {{$uid}}：没有函数 $uid，是否想写 $uuid？"),
    ("a misspelt function in a signature",
     scene("{name: a, request: {url: /, sign: {headers: {X: '{{$hmacc(\"md5\", \"k\", \"a\")}}'}}}}"),
     ":5:54: scenes[0].steps[0].request.sign.headers.X: unknown placeholder {{$hmacc(\"md5\", \"k\", \"a\")}}: "
     "no function $hmacc; did you mean $hmac?",
     ":5:54: scenes[0].steps[0].request.sign.headers.X: 无法识别的占位符 {{$hmacc(\"md5\", \"k\", \"a\")}}："
     "没有函数 $hmacc，是否想写 $hmac？"),
    ("the body outside a signature", scene("{name: a, request: {url: '/?s={{request_body}}'}}"),
     ":5:29: scenes[0].steps[0].request.url: request_body has a value only within request.sign",
     ":5:29: scenes[0].steps[0].request.url: 变量 request_body 只在 request.sign 中有值"),
    ("a misspelt part of the request in a signature",
     scene("{name: a, request: {url: /, sign: {headers: {X: '{{reqest_body}}'}}}}"),
     ":5:54: scenes[0].steps[0].request.sign.headers.X: no extractor, data column or environment variable is named "
     "reqest_body; did you mean request_body?",
     ":5:54: scenes[0].steps[0].request.sign.headers.X: 变量 reqest_body 没有来源："
     "没有提取器、数据列或环境变量叫这个名字，是否想写 request_body？"),
    ("a misspelt key that is needed",
     scene("{name: a, request: {url: /}, checks: [{type: status, equal: 200}]}"),
     ":5:62: scenes[0].steps[0].checks[0].equal: is not a known key; did you mean equals?",
     ":5:62: scenes[0].steps[0].checks[0].equal: 未知的字段，是否想写 equals？"),
    ("a threshold for no step", scene(HOME).replace("hold_time: 1", "hold_time: 1, execution_config: "
                                                    "{thresholds: ['p95{hom} < 9']}"),
     ":6:77: config.execution_config.thresholds[0]: there is no step named hom; did you mean home?",
     ":6:77: config.execution_config.thresholds[0]: 没有名为 hom 的步骤，是否想写 home？"),
    ("a threshold in words", scene(HOME).replace("hold_time: 1", "hold_time: 1, execution_config: "
                                                 "{thresholds: ['p95 under 9']}"),
     ":6:77: config.execution_config.thresholds[0]: invalid threshold: p95 under 9; "
     "write p95 < 300 or error_rate < 1 for 10s",
     ":6:77: config.execution_config.thresholds[0]: 无法识别的阈值：p95 under 9，"
     "例如 p95 < 300 或 error_rate < 1 for 10s"),
    ("a duration in words", scene(HOME).replace("hold_time: 1", "hold_time: 1 min"),
     ":6:31: config.hold_time: not a duration: 1 min; write 2, 2s, 500ms, 1m30s or 1h",
     ":6:31: config.hold_time: 不是时长：1 min，例如 2、2s、500ms、1m30s、1h"),
    ("a text for a number", scene(HOME).replace("users: 2", "users: two"),
     ":6:10: config.concurrent_users: must be an integer", ":6:10: config.concurrent_users: 应为整数"),
    ("a base URL without a scheme", scene(HOME).replace("http://127.0.0.1:1", "127.0.0.1:1"),
     ":1:7: env.host: must be a full URL such as http://example.com/api",
     ":1:7: env.host: 应为完整的 URL，例如 http://example.com/api"),
    ("a method in small letters", scene("{name: a, request: {method: post, url: /}}"),
     ":5:29: scenes[0].steps[0].request.method: must be in capitals: POST",
     ":5:29: scenes[0].steps[0].request.method: 应为大写：POST"),
    ("two bodies", scene("{name: a, request: {method: POST, url: /, json: {}, body: x}}"),
     ":5:61: scenes[0].steps[0].request.body: at most one of json, body",
     ":5:61: scenes[0].steps[0].request.body: json, body 只能填一个"),
    ("a check that does not exist", scene("{name: a, request: {url: /}, checks: [{type: code, equals: 200}]}"),
     ":5:47: scenes[0].steps[0].checks[0]: 'type' must be one of 'status', 'json', ", ""),
    ("an extractor without a path", scene("{name: a, request: {url: /}, extract: [{name: t, from: json}]}"),
     ":5:48: scenes[0].steps[0].extract[0].path: is required", ":5:48: scenes[0].steps[0].extract[0].path: 必填项"),
    ("steps that are no list", scene(HOME).replace("      - {name: home, request: {url: /}}", "      name: home"),
     ":4:5: scenes[0].steps: must be a list", ":4:5: scenes[0].steps: 应为数组"),
    ("an unquoted placeholder", scene("{name: a, request: {url: {{host}}/}}"),
     ":5:42: is not YAML: put a text that begins with {{ in quotes",
     ":5:42: 不是合法的 YAML：占位符没有加引号；以 {{ 开头的文本要加引号"),
    ("quotes in quotes", scene('{name: a, request: {url: "/{{$concat("x", user)}}"}}'),
     ':5:58: is not YAML: a quote is not closed; put a text that has " in it in single quotes',
     ":5:58: 不是合法的 YAML：引号没有闭合；文本中有双引号时，请用单引号括起整个文本"),
    ("tabs", scene(HOME).replace("    steps:", "\tsteps:"),
     ":4:1: is not YAML: indent with spaces, not with tabs",
     ":4:1: 不是合法的 YAML：请用空格缩进，不能用制表符"),
    ("a blank that is missing", scene(HOME).replace("    steps:", "    think:1\n    steps:"),
     ":4:11: is not YAML: a blank is missing after the colon; write think: 1",
     ":4:11: 不是合法的 YAML：冒号后缺少空格，请写成 think: 1"),
    ("an unknown protocol", scene("{name: a, protocol: htpp, request: {url: /}}"),
     ":5:19: scenes[0].steps[0].protocol: there is no protocol named htpp; there are: grpc, http, tcp, udp, websocket",
     ":5:19: scenes[0].steps[0].protocol: 没有名为 htpp 的协议，可用：grpc, http, tcp, udp, websocket"),
    ("a full-width colon in a URL", scene("{name: a, request: {url: 'http：//127.0.0.1/'}}"),
     ":5:29: scenes[0].steps[0].request.url: has the full-width signs ：//; write ://",
     ":5:29: scenes[0].steps[0].request.url: 含有全角字符 ：//，请改为 ://"),
    ("full-width braces in a URL", scene("{name: a, request: {url: '/?u=｛｛user｝｝'}}"),
     ":5:29: scenes[0].steps[0].request.url: has the full-width signs ｛｛; write {{",
     ":5:29: scenes[0].steps[0].request.url: 含有全角字符 ｛｛，请改为 {{"),
    ("a full-width colon in a base URL", scene(HOME).replace("http://127", "http：//127"),
     ":1:7: env.host: has the full-width sign ：; write :", ":1:7: env.host: 含有全角字符 ：，请改为 :"),
    ("a full-width comma", scene("{name: a, request: {url: '/{{$randomInt(1，9)}}'}}"),
     ":5:29: scenes[0].steps[0].request.url: unknown placeholder {{$randomInt(1，9)}}: column 13, '，9)'; "
     "write , for ，",
     ":5:29: scenes[0].steps[0].request.url: 无法识别的占位符 {{$randomInt(1，9)}}：第 13 列 '，9)'；"
     "， 是中文标点，请改为 ,"),
    ("a full-width colon behind a key", scene(HOME).replace("name: visit", "name：visit"),
     ":3:9: is not YAML: the colon is a full-width one; write name: …",
     ":3:9: 不是合法的 YAML：冒号是全角的，请写成 name: …"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "en", "zh"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_named_with_its_place(perfsvc: Command, tmp_path: Path, text: str, en: str, zh: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, "utf-8")
    done = perfsvc("check", str(path))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err == f"perfsvc: {path}{en}\n" or (en.endswith(", ") and done.err.startswith(f"perfsvc: {path}{en}"))
    if zh:
        assert perfsvc("check", str(path), lang="zh") == (2, "", f"perfsvc: {path}{zh}\n")


def test_a_trial_names_the_same_place(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    framing = "{name: a, protocol: tcp, request: {url: 'tcp://127.0.0.1:1', framing: {type: delimiter, delimiter: x}}}"
    path.write_text(scene(framing))
    place = f"perfsvc: {path}:5:97: scenes[0].steps[0].request.framing.delimiter: "
    for command in ("check", "try"):
        assert perfsvc(command, str(path)) == (2, "", f"{place}is not a known key\n"), command


def test_all_mistakes_are_found_in_one_round(perfsvc: Command, tmp_path: Path) -> None:
    """What one mistake would hide is found behind it: schema, thresholds, templates, requests, test data, flags."""
    (tmp_path / "users.csv").write_text("account,pin\na,1\n")
    path = tmp_path / "plan.yaml"
    path.write_text(
        f"{ENV}"
        "thresholds: []\n"
        "scenes:\n"
        "  - name: visit\n"
        "    steps:\n"
        "      - name: login\n"
        "        thinktime: {}\n"
        "        request: {url: '/{{acount}}?x={{$rndInt(1, 2)}}&y={{tokn}}&z={{$uid}}', heders: {}}\n"
        "        extract: [{name: token, from: json, pth: $.a}]\n"
        "      - {name: use, request: {url: '/{{token}}/{{account}}'}}\n"
        "config:\n"
        "  vus: two\n"
        "  data_source_type: csv\n"
        "  data_config: {file: users.csv}\n"
        "  execution_config: {thresholds: ['p95{logn} < 1', p95]}\n"
    )
    done = perfsvc("check", str(path), "--ramp", "soon", "-t", "p95 is 3")
    assert [line.split(": ")[1].removeprefix(f"{path}:") for line in done.err.splitlines()] == [
        "--threshold", "--ramp", "2:1", "7:9", "8:19", "8:19", "8:19", "8:19", "8:81", "9:45", "12:3", "15:35", "15:52",
    ]  # fmt: skip
    assert "did you mean account?" in done.err


def test_places_in_json_with_tabs_and_in_parts_for_anchors(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{\n\t"config": {\n\t\t"vus": 0,\n\t\t"target_url": "http://127.0.0.1:1/"}}')
    assert perfsvc("check", str(path)).err == f"perfsvc: {path}:3:3: config.concurrent_users: must be at least 1\n"
    path = tmp_path / "plan.yaml"
    path.write_text(
        "x-home: &home {name: home, requst: {}}\nscenes: [{name: a, steps: [{<<: *home}]}]\n"
        "config: {vus: 1}\nenv: {host: 'http://127.0.0.1:1/'}\n"
    )
    assert f"perfsvc: {path}:1:28: scenes[0].steps[0].requst: is not a known key; did you mean request?\n" == (
        perfsvc("check", str(path)).err
    )


def test_steps_of_one_name_are_reported(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(scene(HOME, HOME))
    done = perfsvc("check", str(path))
    assert done.code == 0
    assert (
        "note: steps of one name: home (2); each has a row of its own, a threshold for a name takes them together\n"
        in (done.out)
    )


def with_data(tmp_path: Path, content: str, options: str = "") -> str:
    """A plan whose data is a file with this content."""
    (tmp_path / "users.csv").write_text(content, "utf-8")
    path = tmp_path / "plan.yaml"
    path.write_text(
        scene("{name: a, request: {url: '/{{username}}/{{pin}}'}}").replace(
            "hold_time: 1", f"hold_time: 1, data_source_type: csv, data_config: {{file: users.csv{options}}}"
        ),
        "utf-8",
    )
    return str(path)


DATA = [
    ("empty", "", "", [".file: the file is empty, or its first line too long"]),
    ("no rows", "username,pin\n", "", [": the data source has no rows"]),
    ("a column without a name", "username,pin,\nann,1,\n", "",
     [".columns: column 3 has no name in the first line: add it, remove the spare delimiter, or give columns"]),
    ("a name twice", "pin,username,pin\n1,ann,1\n", "",
     [".columns: two columns are named pin in the first line: rename one, or give columns"]),
    ("another delimiter", "username;pin\nann;1\n", ", delimiter: ','",
     ["named pin", "named username", ": is ; the delimiter? Set delimiter, or auto"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "said"), [each[1:] for each in DATA], ids=[each[0] for each in DATA])
def test_a_mistake_in_a_file_is_named(
    perfsvc: Command, tmp_path: Path, content: str, options: str, said: list[str]
) -> None:
    done = perfsvc("check", with_data(tmp_path, content, options))
    lines = done.err.splitlines()
    assert (done.code, len(lines)) == (2, len(said))
    assert [line for line, words in zip(lines, said, strict=True) if words not in line] == []


def test_a_host_without_a_scheme_is_pointed_out(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    hosts = ("shop.example.com/items", "localhost:8080/", "10.0.0.7", "index.html", "v1.2/items", "items/a.b")
    steps = [f"{{name: s{number}, request: {{url: '{url}'}}}}" for number, url in enumerate(hosts)]
    path.write_text(scene(*steps), "utf-8")
    done = perfsvc("check", str(path))
    notes = [line for line in done.out.splitlines() if "and no scheme" in line]
    assert (done.code, [note.split()[9] for note in notes]) == (0, ["shop.example.com", "localhost:8080", "10.0.0.7"])


def test_blanks_around_a_url_are_left_out(perfsvc: Command, tmp_path: Path, shop: Shop) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(scene("{name: a, request: {url: ' /items '}}").replace("http://127.0.0.1:1", shop.url), "utf-8")
    done = perfsvc("try", str(path))
    assert (done.code, "GET /items HTTP/1.1" in done.out) == (0, True)


def test_what_a_trial_says_of_a_closed_port(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(scene(HOME), "utf-8")
    assert "Connection Error: refused: nothing listens at this address and port (" in perfsvc("try", str(path)).out
