"""``perfsvc run`` as its users see it: exit codes, what is shown, what is written, what is sent."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from perfsvc.metrics import run_metrics
from perfsvc.metrics.validity import Grade
from perfsvc.metrics.validity import Validity
from tests.cli.conftest import Command
from tests.cli.conftest import Report
from tests.support.ports import free_port
from tests.support.processes import running
from tests.support.service import BIN
from tests.support.shop import Shop

LINE = re.compile(r" +\d+\.\d/1 s  users \d+  req/s \d+  p95 (-|[\d.]+) ms  errors \d+ \([\d.]+ %\)")
ZH_LINE = re.compile(r" +\d+\.\d/1 s  用户 \d+  请求/秒 \d+  p95 (-|[\d.]+) ms  错误 \d+ \([\d.]+ %\)")
HEAD = ["step", "requests", "req/s", "error", "%", "avg", "ms", "p50", "p90", "p95", "p99", "max"]
PASSING, BREACHED = "requests > 0", "requests < 1"


def dead_address() -> str:
    """An address at which nothing listens."""
    return f"http://127.0.0.1:{free_port()}/"


@pytest.mark.parametrize(("rule", "code"), [(PASSING, 0), (BREACHED, 99)])
def test_the_exit_code_is_the_verdict(perfsvc: Command, shop: Shop, rule: str, code: int) -> None:
    assert perfsvc("run", shop.url, "-d", "1", "-q", "-t", rule) == (code, "", "")


def test_every_threshold_must_hold(perfsvc: Command, shop: Shop) -> None:
    assert perfsvc("run", shop.url, "-d", "1", "-q", "-t", PASSING, "-t", BREACHED).code == 99


def test_errors_of_the_target_alone_are_no_failure_and_are_shown(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", f"{shop.url}/status/401", "-d", "1")
    assert done.code == 0
    assert re.search(r"^HTTP 401 +\d+ +100\.00 % +GET /status/401 +HTTP/1\.1 401 ", done.out, re.MULTILINE)
    asked = shop.count
    assert f"requests {asked}  errors {asked} (100.00 %)\n" in done.out
    assert "verdict: NO_THRESHOLDS: no thresholds set (the load profile is over)\n" in done.out
    assert "(100.0 %)" in done.err
    assert "PASSED" not in done.out


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("http://127.0.0.1:{closed}/", "Connection Error: refused"),
        ("http://nosuch.invalid/", "DNS Error"),
        ("https://127.0.0.1:{plain}/", "Timeout"),
    ],
)
def test_a_target_that_was_not_reached_makes_the_run_invalid(
    perfsvc: Command, shop: Shop, address: str, cause: str
) -> None:
    target = address.format(closed=free_port(), plain=shop.url.rpartition(":")[2])
    done = perfsvc("run", target, "-d", "1", "--timeout", "300", "-t", "requests > 0")
    assert done.code == 98
    first, *rest = done.out.splitlines()
    assert re.fullmatch(
        rf"INVALID: not one request reached the target: none of \d+ could be sent \({cause}\); check the address, "
        "the port and the network",
        first,
    )
    assert any(line.startswith("validity: INVALID (not one request reached the target") for line in rest)


def test_a_breached_threshold_decides_before_validity(perfsvc: Command) -> None:
    assert perfsvc("run", dead_address(), "-d", "1", "-q", "-t", "error_rate < 1").code == 99


def test_the_first_cause_of_a_failure_is_its_class(report: Report, shop: Shop, tmp_path: Path) -> None:
    def step(name: str, path: str, *checks: dict[str, object]) -> dict[str, object]:
        extract = [{"name": "first", "from": "json", "path": "$.a"}, {"name": "second", "from": "json", "path": "$.b"}]
        return {"name": name, "request": {"url": f"{shop.url}{path}"}, "extract": extract, "checks": checks}

    contains, status = {"type": "contains", "text": "nowhere"}, {"type": "status", "equals": 200}
    steps = [
        step("status", "/status/403"),
        step("status and checks", "/status/403", contains, status),
        step("checks", "/items", contains, status),
        step("extractors", "/items"),
    ]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"scenes": [{"name": "s", "steps": steps}], "config": {"concurrent_users": 1}}))
    found = report(str(path), "--iterations", "2")
    assert {step["name"]: step["failures"] for step in found["steps"]} == {
        "status": {"HTTP 403": 2},
        "status and checks": {"HTTP 403": 2},
        "checks": {"Check: contains nowhere": 2},
        "extractors": {"Extract: first": 2},
    }


def test_a_dead_target_is_counted(report: Report) -> None:
    found = report(dead_address())
    assert found["metrics"]["errors"]["labels"] == ["Connection Error: refused"]
    assert found["validity"]["causes"][0]["code"] == "target_not_reached"
    assert (found["verdict"]["state"], found["summary"]["error_rate"]) == ("NO_THRESHOLDS", 100)


def test_setup_that_does_not_end_is_an_internal_error(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    pause = {"type": "think", "think_time": {"type": "constant", "value": 60}}
    scene = {"name": "s", "setup": [pause], "steps": [{"name": "home", "request": {"url": shop.url}}]}
    plan = {"scenes": [scene], "config": {"concurrent_users": 1, "hold_time": 1, "request_timeout": 50}}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    done = perfsvc("run", str(path))
    assert (done.code, done.out.splitlines()[0], done.err) == (1, "setup or teardown did not end in 0.5 s", "")


def test_what_is_shown(perfsvc: Command, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # What other processes of the machine do to the run is not what is looked at here.
    monkeypatch.setattr(run_metrics, "judge", lambda evidence: Validity(Grade.VALID))
    done = perfsvc("run", f"{shop.url}/items?page=1", "-u", "2", "-d", "1", "-t", "p95 < 9000")
    assert all(LINE.fullmatch(line) for line in done.err.splitlines())
    assert done.err
    lines = done.out.splitlines()
    assert lines[0] == "verdict: PASSED (the load profile is over)"
    assert lines[1] == "validity: VALID"
    assert lines[2].startswith("score: ")
    tables = done.out.split("\n\n")[1:]
    assert [table.split()[0] for table in tables] == ["threshold", "step", "latency", "requests"]
    head, *rows = tables[1].splitlines()
    assert head.split() == HEAD
    assert [row.split()[0] for row in rows] == ["GET", "total"]
    assert sum(int(row.split()[3]) for row in tables[2].splitlines()[1:]) == shop.count
    last = ["requests", "statuses:", "phases,", "traffic:", "note:"]
    assert [line.split()[0] for line in tables[3].splitlines() if "requests in all" not in line] == last
    assert re.fullmatch(r"note: only \d+\.\d s of load: start-up distorts the figures", lines[-1])


def test_errors_have_an_example_and_checks_their_names(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    checks = [{"type": "contains", "text": "nowhere"}]
    steps = [
        {"name": "gone", "request": {"url": f"{shop.url}/status/403"}},
        {"name": "list", "request": {"url": f"{shop.url}/items"}, "checks": checks},
    ]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"scenes": [{"name": "s", "steps": steps}], "config": {"concurrent_users": 1}}))
    out = perfsvc("run", str(path), "--iterations", "2").out
    assert re.search(r"^HTTP 403 +2 +50\.00 % +gone +HTTP/1\.1 403 ", out, re.MULTILINE)
    assert re.search(r"^all checks +0 +2 *$", out, re.MULTILINE)
    assert re.search(r"^contains nowhere +2 +list *$", out, re.MULTILINE)
    assert re.search(r"^statuses:  200 2  403 2$", out, re.MULTILINE)


def test_the_summary_without_progress(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "--iterations", "2", "--summary-only")
    assert (done.err, done.out.splitlines()[0]) == (
        "",
        "verdict: NO_THRESHOLDS: no thresholds set (the load profile is over)",
    )


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1"])
def test_every_encoding_takes_the_summary(shop: Shop, encoding: str) -> None:
    """Signs have a plain form where an encoding lacks them."""
    command = [
        str(BIN),
        "--lang",
        "en",
        "run",
        shop.url,
        "--iterations",
        "3",
        "-t",
        "requests > 2",
        "-t",
        "requests > 9",
    ]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=False)
    text = done.stdout.decode(encoding)
    assert (done.returncode, "Traceback" in done.stderr.decode(encoding)) == (99, False)
    if encoding == "ascii":
        assert re.search(r"^requests > 2 +3 +ok$", text, re.MULTILINE)
        assert re.search(r"^requests > 9 +3 +FAIL$", text, re.MULTILINE)
        assert re.search(r"^<= [\d.]+ ms +\d+ +[\d.]+ % +#+ *$", text, re.MULTILINE)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_terminal_has_colours_and_lines_that_fit(shop: Shop, columns: int, language: str) -> None:
    command = [str(BIN), "--lang", language, "run", f"{shop.url}/status/401", "-u", "2", "-d", "2", "-t", "errors < 1"]
    text = output_of_terminal(command, columns)
    assert "\x1b[1;31m" in text, "FAILED is red"
    shown = text.rpartition("\x1b[?25h")[2]
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    assert max(map(cell_len, plain.splitlines())) <= columns
    assert plain.lstrip("\n").startswith("verdict: FAILED" if language == "en" else "结论：FAILED")
    assert re.search("━.*\n.*/2 s", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)), "a bar above the figures"


def output_of_terminal(command: list[str], columns: int) -> str:
    """What a command writes to a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            parts.append(part)
        assert process.wait(30) == 99
    os.close(ours)
    return b"".join(parts).decode("utf-8")


def test_what_is_shown_in_chinese(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "-d", "1", lang="zh")
    assert all(ZH_LINE.fullmatch(line) for line in done.err.splitlines())
    assert done.out.startswith("结论：NO_THRESHOLDS 未设置阈值 (负载已按计划完成)\n")
    assert "\n步骤 " in done.out


def test_names_are_not_markup(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    name = "[/] :smile: " + "x" * 80
    scene = {"name": "s", "steps": [{"name": name, "request": {"url": shop.url}}]}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"scenes": [scene], "config": {"concurrent_users": 1, "hold_time": 1}}))
    assert f"\n{name} " in perfsvc("run", str(path)).out


def test_json_on_standard_output_is_alone_there(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "-d", "1", "--json", "-")
    assert json.loads(done.out)["status"] == "completed"
    assert LINE.match(done.err)


def test_json_replaces_a_file(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("x" * 1_000_000)
    done = perfsvc("run", shop.url, "-d", "1", "--json", str(path))
    assert json.loads(path.read_text("utf-8"))["verdict"]["state"] == "NO_THRESHOLDS"
    assert "verdict: NO_THRESHOLDS: no thresholds set" in done.out


def test_json_to_a_device(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "-d", "0.3", "-t", "requests > 0", "--json", "/dev/null")
    assert (done.code, "Traceback" in done.err) == (0, False)
    assert done.out.startswith("verdict: PASSED ")


def test_a_full_disk_takes_the_file_and_not_the_summary(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "-d", "0.3", "--summary-only", "--json", "/dev/full")
    assert (done.code, done.err) == (2, "perfsvc: --json: /dev/full cannot be written: No space left on device\n")
    assert done.out.startswith("verdict: NO_THRESHOLDS")


def test_a_report_that_cannot_be_written_is_known_before_the_run(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "none" / "report.json"
    done = perfsvc("run", shop.url, "-d", "60", "--json", str(path))
    assert done == (2, "", f"perfsvc: --json: {path} cannot be written: No such file or directory\n")
    assert shop.count == 0


def test_the_request_is_as_told(report: Report, shop: Shop) -> None:
    headers = ("-H", "Authorization: Bearer t-123", "--header", "X-Shop:1")
    found = report(f"{shop.url}/cart", "-m", "POST", *headers, "-b", '{"item": 1}', "--status", "201")
    assert (found["summary"]["error_count"], found["steps"][0]["name"]) == (0, "POST /cart")
    assert found["summary"]["checks_passed"] == found["summary"]["total_requests"] == shop.count
    first = shop.requests[0]
    assert (first.method, first.path, first.body) == ("POST", "/cart", b'{"item": 1}')
    assert "\r\nx-shop: 1" in first.head


def test_a_status_that_was_not_told_is_an_error(report: Report, shop: Shop) -> None:
    found = report(shop.url, "--status", "204")
    assert found["metrics"]["errors"]["labels"] == ["Check: status 200"]


def test_the_timeout_is_as_told(report: Report, shop: Shop) -> None:
    assert report(f"{shop.url}/slow", "--timeout", "5")["metrics"]["errors"]["labels"] == ["Timeout"]


def test_users_and_ramp_are_as_told(report: Report, shop: Shop) -> None:
    found = report(f"{shop.url}/slow", "-u", "3", "--ramp", "1s")
    assert found["summary"]["max_users"] == 3
    assert found["summary"]["running_time"] > 1.9


def test_ctrl_c_ends_the_run_with_its_report(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    command = [str(BIN), "--lang", "en", "run", f"{shop.url}/slow", "-u", "5", "-d", "10m", "--json", str(path)]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert shop.received.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert "verdict: STOPPED before its end, not judged (stopped by a user)\n" in out
    assert "stopping: requests in flight have up to 10 s; press Ctrl-C again to quit at once without a report\n" in err
    found = json.loads(path.read_text("utf-8"))
    assert (found["status"], found["reason"]["code"]) == ("stopped", "stopped_by_user")
    assert found["summary"]["total_requests"] == shop.count


@pytest.mark.parametrize("shown", ["summary", "json", "everything"])
def test_a_reader_that_has_gone_changes_neither_run_nor_exit_code(shop: Shop, tmp_path: Path, shown: str) -> None:
    path = tmp_path / "report.json"
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(BIN), "run", shop.url, "-d", "1.2", "-t", BREACHED, "--json", "-" if shown == "json" else str(path)]
    stderr = writing if shown == "everything" else subprocess.PIPE
    done = subprocess.run(command, stdout=writing, stderr=stderr, timeout=60, check=False)
    os.close(writing)
    assert done.returncode == 99
    assert b"Traceback" not in (done.stderr or b"")
    assert b"Exception" not in (done.stderr or b"")
    if shown != "json":
        assert json.loads(path.read_text("utf-8"))["summary"]["total_requests"] == shop.count


def test_ctrl_c_twice_waits_for_nothing(shop: Shop) -> None:
    command = [str(BIN), "--lang", "en", "run", f"{shop.url}/never", "-d", "10m"]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert shop.received.wait(30)
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        while not process.stderr.readline().startswith("stopping: "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "perfsvc: the run was aborted; there is no report"
    assert "Traceback" not in err


def test_an_encoding_without_chinese_gets_english(shop: Shop) -> None:
    command = [str(BIN), "--lang", "zh", "run", shop.url, "--iterations", "3", "-t", "p95 < 9000"]
    found = {}
    for encoding in ("ascii", "gbk"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, capture_output=True, check=True, env=environment, timeout=60)
        found[encoding] = done.stdout.decode(encoding).splitlines()[0]
    assert found["ascii"].startswith("verdict: PASSED (")
    assert found["gbk"].startswith("结论：PASSED 通过")


def test_a_protocol_without_statuses_shows_none(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    ask = {"text": "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "framing": {"type": "delimiter", "text": "\r\n\r\n"}}
    step = {"name": "ask", "protocol": "tcp", "request": ask}
    path = tmp_path / "plan.json"
    plan = {"scenes": [{"name": "s", "steps": [step]}], "config": {"vus": 1, "execution_config": {"max_iterations": 1}}}
    path.write_text(json.dumps({"env": {"host": shop.url.replace("http:", "tcp:").rstrip("/")}, **plan}))
    done = perfsvc("run", str(path))
    assert "requests 1  errors 0" in done.out
    assert "statuses" not in done.out
