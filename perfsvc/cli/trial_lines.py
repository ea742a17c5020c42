"""The steps of a trial as lines of text."""

from __future__ import annotations

from typing import Any

from perfsvc.cli.labels import colon
from perfsvc.cli.tables import console
from perfsvc.engine.failure_texts import class_text
from perfsvc.errors import Text
from perfsvc.model.labels import ALL_STEP_TYPES
from perfsvc.service.trials import TrialResult

LONGEST_BODY = 1000
"""Characters of a body that are shown; ``--json`` has more."""
INDENT = "    "
ASSIGNED = Text("设置的变量", "set")
EXTRACTED, CHECKS = Text("提取", "extracted"), Text("检查点", "checks")
SIGNED = Text("签名的内容", "signed")
REDIRECTS = Text("重定向", "redirects")
REQUEST, REPLY = Text("请求", "request"), Text("响应", "reply")
OUTCOMES = {
    "passed": Text("通过", "passed"),
    "failed": Text("未通过", "failed"),
    "timeout": Text("超时", "timeout"),
}
BRANCHES = {"then": Text("条件成立", "then"), "otherwise": Text("条件不成立", "otherwise")}
MARKS = {"passed": "✓", "failed": "✗"}
COMPARED = {"status": "状态码", "size": "大小"}
"""Subjects of checks whose text names them in English."""


def show_trial(name: str, result: TrialResult, language: str) -> None:
    """Print the steps of a scene."""
    out = console()
    for step in result.steps:
        out.print("\n".join(step_lines(step, language)))
    for note in result.notes:
        out.print(note.of(language))
    outcome = OUTCOMES[result.outcome].of(language)
    out.print(f"{colon(name, language)}{outcome} ({result.duration:.0f} ms)")


def step_lines(step: dict[str, Any], language: str) -> list[str]:
    """Return a step: its outcome, request, reply, extracted values and checks."""
    lines = [_heading(step, language)]
    if error := step["error"]:
        message = Text(error["message_zh"], error["message"]).of(language)
        name = class_text(error["class"]).of(language)
        lines.append(INDENT + (colon(name, language) + message if message else name))
    found = {each["name"] for each in step["extracted"]}
    assigned = [f"{name} = {value}" for name, value in step["after"].items() if name not in found]
    lines += _block(ASSIGNED, "\n".join(assigned), language)
    if step["request"]:
        lines += _block(REQUEST, step["request"]["text"], language)
    for signed in step["signed"]:
        title = Text(f"{SIGNED.zh} ${signed['function']}", f"{SIGNED.en} by ${signed['function']}")
        text = signed["text"]
        lines += _block(title, f"{text}\n" if text.endswith("\n") else text, language)  # the last line may be empty
    lines += _block(REDIRECTS, "\n".join(map(_redirect, step["redirects"])), language)
    if step["response"] and (step["response"]["status"] or step["response"]["body"]):
        lines += _block(REPLY, _reply(step["response"], language), language)
    extracted = [_extracted(each, language) for each in step["extracted"]]
    checks = [_check(each, language) for each in step["checks"]]
    return lines + _block(EXTRACTED, "\n".join(extracted), language) + _block(CHECKS, "\n".join(checks), language)


def _heading(step: dict[str, Any], language: str) -> str:
    zh, _ = ALL_STEP_TYPES[step["type"]]
    kind = Text(zh, step["type"]).of(language)
    branch = BRANCHES.get(step["branch"], Text(step["branch"], step["branch"])).of(language) if step["branch"] else ""
    took = f" {step['duration']:.2f} ms" if step["duration"] else ""
    return f"{MARKS.get(step['outcome'], '-')} {step['name']} ({kind}){f' [{branch}]' if branch else ''}{took}"


def _redirect(hop: dict[str, Any]) -> str:
    """Return one redirect that was followed, in a line."""
    first, _, rest = hop["request"]["text"].partition("\r\n")
    host = next((line[6:] for line in rest.split("\r\n") if line.lower().startswith("host: ")), "")
    method, _, target = first.rpartition(" ")[0].partition(" ")
    return f"{method} {host}{target} {hop['status']} → {hop['location']} ({hop['duration']:.2f} ms)"


def _reply(reply: dict[str, Any], language: str) -> str:
    """Return head and body, the body cut off."""
    size = Text(f"{reply['size']} 字节", f"{reply['size']} bytes").of(language)
    body = reply["body"] if reply["encoding"] == "text" else size
    cut = body if len(body) <= LONGEST_BODY else f"{body[:LONGEST_BODY]}… ({size})"
    return f"{reply['head'].rstrip()}\n\n{cut}".strip() or str(reply["status"])


def _extracted(value: dict[str, Any], language: str) -> str:
    return f"{value['name']} = {value['value'] if value['found'] else '-' + _why(value, language)}"


def _check(check: dict[str, Any], language: str) -> str:
    mark, subject = MARKS["passed" if check["passed"] else "failed"], check["type"]
    text = check["text"]
    if subject in COMPARED:
        text = text.replace(subject, Text(COMPARED[subject], subject).of(language), 1)
    return f"{mark} {text}" + (_why(check, language) or f" ({str(check['actual'])[:200]})")


def _block(title: Text, text: str, language: str) -> list[str]:
    lines = [f"{INDENT * 2}{line}" for line in text.splitlines()]
    return [f"{INDENT}{colon(title, language).rstrip()}", *lines] if text else []


def _why(value: dict[str, Any], language: str) -> str:
    """Return what was found instead."""
    return f" ({Text(**value['finding']).of(language)})" if value["finding"] else ""
