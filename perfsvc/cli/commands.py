"""The command line: ``perfsvc serve``, ``perfsvc run``, ``perfsvc worker``, ``perfsvc certs``, ``perfsvc plugins``.

Exit codes: 0 passed, 99 a threshold was breached, 2 bad input, 1 anything else that went wrong.
"""

from __future__ import annotations

import argparse
import json
import locale
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import TextIO
from urllib.parse import urlsplit

import yaml

from perfsvc import __version__
from perfsvc.clock import SystemClock
from perfsvc.clock import utc_now
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.errors import SettingsError
from perfsvc.errors import Text
from perfsvc.model.config import SYNONYMS
from perfsvc.model.planfile import PlanFile
from perfsvc.settings import SETTINGS
from perfsvc.settings import load

PASSED, INTERNAL, BAD_INPUT, BREACHED = 0, 1, 2, 99
MAX_PLAN_BYTES = 10_000_000
DURATION = re.compile(r"^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?$")
HOST_AND_PORT = re.compile(r"^(?:\[[0-9A-Fa-f:.]+\]|[^\s/:]+):\d{1,5}(?:[/?#].*)?$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    parser = make_parser()
    chosen = parser.parse_args(arguments)
    language = chosen.lang or locale_language()
    try:
        return int(COMMANDS[chosen.command](chosen, language))
    except (InvalidInput, SettingsError) as error:
        complain(error, language)
        return BAD_INPUT
    except PerfsvcError as error:
        complain(error, language)
        return INTERNAL
    except KeyboardInterrupt:  # before a command looks after signals itself
        return INTERNAL


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="perfsvc", description="A self-hosted performance-testing platform")
    parser.add_argument("--version", action="version", version=f"perfsvc {__version__}")
    add_language(parser, None)
    commands = parser.add_subparsers(dest="command", required=True)
    add_serve(commands)
    add_run(commands)
    add_worker(commands)
    add_certs(commands)
    add_plugins(commands)
    for command in commands.choices.values():
        add_language(command, argparse.SUPPRESS)
    return parser


def add_language(parser: argparse.ArgumentParser, default: str | None) -> None:
    """``--lang``, before a command or behind it."""
    parser.add_argument(
        "--lang", choices=("zh", "en"), default=default, help="language of messages; default: from LANG"
    )


def add_serve(commands: Any) -> None:
    """``perfsvc serve``: every setting that is no secret has a flag."""
    serve = commands.add_parser("serve", help="start the service")
    serve.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML")
    for row in SETTINGS:
        if not row.secret:
            flag = "--" + row.name.replace("_", "-")
            serve.add_argument(flag, dest=f"set_{row.name}", metavar="VALUE", help=row.help.en.replace("%", "%%"))


def add_run(commands: Any) -> None:
    """``perfsvc run``: flags replace what the plan file says."""
    run = commands.add_parser("run", help="run a load test of a URL or of a plan file (YAML or JSON)")
    run.add_argument("what", metavar="URL|PLAN")
    run.add_argument("-u", "--users", type=int, help="virtual users; default with a URL: 1")
    run.add_argument("-d", "--duration", help="hold time: 30, 30s, 5m, 1h30m; default with a URL: 10s")
    run.add_argument("--ramp", help="ramp-up time")
    run.add_argument("-r", "--rate", type=float, metavar="N", help="arrivals per second, in place of a number of users")
    run.add_argument("--max-vus", type=int, metavar="N", help="most users that serve arrivals")
    run.add_argument("--iterations", type=int, metavar="N", help="end after so many iterations")
    run.add_argument("-t", "--threshold", action="append", metavar="RULE", help="for example 'p95 < 300'; repeatable")
    run.add_argument("-m", "--method", help="method, with a URL; default: GET")
    run.add_argument("-H", "--header", action="append", metavar="'NAME: VALUE'", help="with a URL; repeatable")
    run.add_argument("-b", "--body", help="request body, with a URL")
    run.add_argument("--status", type=int, help="the status that every reply must have, with a URL")
    run.add_argument("--timeout", type=int, metavar="MS", help="request time-out; default: 30000")
    run.add_argument("--insecure", action="store_true", help="do not verify TLS certificates")
    run.add_argument("--json", metavar="FILE", help="write the report as JSON; - is standard output")
    run.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")


def add_worker(commands: Any) -> None:
    """``perfsvc worker``."""
    worker = commands.add_parser("worker", help="be an agent that carries out runs for a server, until told to stop")
    worker.add_argument("scheduler", metavar="tls://HOST:PORT", help="where the server's scheduler listens")
    worker.add_argument("--certs", type=Path, metavar="DIR", required=True, help="the agent's part of the certificates")
    worker.add_argument("--name", help="what the agent is called; default: host name and process id")


def add_certs(commands: Any) -> None:
    """``perfsvc certs``."""
    certs = commands.add_parser("certs", help="make the certificates that server and agents know each other by")
    certs.add_argument("folder", metavar="DIR", type=Path)
    certs.add_argument("--host", action="append", metavar="NAME", help="name or address of the server; repeatable")
    instead = certs.add_mutually_exclusive_group()
    instead.add_argument("--renew", action="store_true", help="new ones of the same authority")
    instead.add_argument("--check", action="store_true", help="tell when they end; exit code 1 within 30 days of it")


def add_plugins(commands: Any) -> None:
    """``perfsvc plugins``."""
    plugins = commands.add_parser("plugins", help="list the plugins that were found, or begin one of your own")
    plugins.add_argument("--json", action="store_true", help="everything about them, as JSON")
    new = plugins.add_subparsers(dest="action").add_parser("new", help="make a package with a plugin that works")
    new.add_argument("name", metavar="NAME", help="what it adds is called so; the package is perfsvc-NAME")
    new.add_argument("--protocol", action="append_const", dest="kinds", const="protocol", help="with a protocol")
    new.add_argument(
        "--data-source",
        action="append_const",
        dest="kinds",
        const="data_source",
        help="with a data source; with neither flag, both",
    )
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where; default: here")


def serve(chosen: argparse.Namespace, language: str) -> int:
    """Start the service and stay until it is told to stop."""
    from perfsvc.app import serve as serve_app

    flags = {name.removeprefix("set_"): value for name, value in vars(chosen).items() if name.startswith("set_")}
    return serve_app(load(flags, config=chosen.config), language)


def run(chosen: argparse.Namespace, language: str) -> int:
    """Run one load test in this process."""
    from perfsvc.headless import run_plan
    from perfsvc.terminal import Progress
    from perfsvc.terminal import show_report

    plan = plan_of(chosen)
    if chosen.json not in (None, "-"):
        open_for_writing(chosen.json).close()
    folder = Path() if "://" in chosen.what else Path(chosen.what).parent
    report = run_plan(plan, [] if chosen.quiet else [Progress(language)], folder)
    if chosen.json:
        write_json(report, chosen.json)
    if not chosen.quiet and chosen.json != "-":
        show_report(report, language)
    if report["status"] == "failed" and report["verdict"]["state"] == "PASSED":
        return INTERNAL
    return PASSED if report["verdict"]["state"] == "PASSED" else BREACHED


def worker(chosen: argparse.Namespace, language: str) -> int:
    """Be an agent."""
    from perfsvc.cluster.dask.agent import join

    join(chosen.scheduler, chosen.certs, chosen.name)
    return PASSED


def certs(chosen: argparse.Namespace, language: str) -> int:
    """Make, renew or look at certificates."""
    from perfsvc.cluster.certificates import expiries
    from perfsvc.cluster.certificates import make_certificates
    from perfsvc.cluster.certificates import renew_certificates
    from perfsvc.terminal import show_certificates

    now = utc_now(SystemClock())
    if chosen.renew:
        renew_certificates(chosen.folder, now)
    elif not chosen.check:
        make_certificates(chosen.folder, chosen.host or (), now)
    found = expiries(chosen.folder)
    show_certificates(found, now, language)
    return INTERNAL if any(expiry.soon(now) for expiry in found) else PASSED


def plugins(chosen: argparse.Namespace, language: str) -> int:
    """List the plugins, or make a new one."""
    from perfsvc.plugin import skeleton
    from perfsvc.plugin.catalog import Catalog
    from perfsvc.terminal import show_plugins

    described = Catalog.load().describe()
    if chosen.action == "new":
        taken = [plugin["name"] for plugin in described]
        sys.stdout.write(f"{skeleton.make(chosen.name, chosen.into, chosen.kinds or skeleton.KINDS, taken)}\n")
    elif chosen.json:
        write_json(described, "-")
    else:
        show_plugins(described, language)
    return PASSED


COMMANDS = {"serve": serve, "run": run, "worker": worker, "certs": certs, "plugins": plugins}


def plan_of(chosen: argparse.Namespace) -> PlanFile:
    """The plan that the command line names, flags put in. Raises InvalidInput."""
    if "://" in chosen.what:
        document = url_document(chosen)
    else:
        refuse_request_flags(chosen)
        document = read_plan(Path(chosen.what))
    config = document.get("config")
    problems = put_flags(chosen, config) if isinstance(config, dict) else []
    try:
        plan = PlanFile.parse(document)
    except InvalidInput as error:
        raise InvalidInput(problems + error.problems) from None
    if problems:
        raise InvalidInput(problems)
    return plan


def refuse_request_flags(chosen: argparse.Namespace) -> None:
    """Raises InvalidInput for flags that describe a request: a plan file has its own."""
    alone = Text("只能与 URL 一起使用，计划文件已自带请求", "goes with a URL only: a plan file has its own requests")
    given = [name for name in ("method", "header", "body", "status") if getattr(chosen, name) is not None]
    if given:
        raise InvalidInput([Problem(f"--{name}", alone) for name in given])


def url_document(chosen: argparse.Namespace) -> dict[str, Any]:
    """A one-step plan for a URL. Raises InvalidInput."""
    method = chosen.method or "GET"
    request = {"method": method, "url": chosen.what, "headers": dict(map(header_of, chosen.header or ()))}
    if chosen.body is not None:
        request["body"] = chosen.body
    checks = [] if chosen.status is None else [{"type": "status", "equals": chosen.status}]
    name = f"{method} {path_of(chosen.what)}"[:100]
    return {
        "name": name,
        "scenes": [{"name": name, "steps": [{"name": name, "request": request, "checks": checks}]}],
        "config": {"hold_time": 10} if chosen.rate else {"concurrent_users": 1, "hold_time": 10},
    }


def path_of(url: str) -> str:
    """The path of a URL, which names the step; what cannot be a URL is left for validation to refuse."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"


class PlanLoader(yaml.SafeLoader):
    """YAML in which dates are text, as in JSON, and no key stands twice in one mapping: the first would be lost."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Raises ComposerError for a key that stands twice."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.composer.ComposerError(None, None, f"{key.value!r} appears twice", key.start_mark)
            seen.add(str(key.value))
        return node


PlanLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_plan(path: Path) -> dict[str, Any]:
    """A plan file, decoded. Raises InvalidInput."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_PLAN_BYTES + 1)  # not by its size, which devices and pipes do not tell
        if len(raw) > MAX_PLAN_BYTES:
            raise InvalidInput.at(str(path), "文件过大", "is too large")
        document = yaml.load(raw.decode("utf-8"), PlanLoader)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        raise unreadable(str(path), error) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput.at(str(path), f"不是合法的 YAML：{error}", f"is not YAML: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInput.at(str(path), "应为对象", "must be an object")
    return document


def unreadable(what: str, error: OSError) -> InvalidInput:
    """A plan file that cannot be read; where there is none, perhaps a URL was meant."""
    zh, en = f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}"
    if isinstance(error, FileNotFoundError) and HOST_AND_PORT.match(what):
        zh, en = f"{zh}；如果是地址，请写 http://{what}", f"{en}; if it is an address, write http://{what}"
    return InvalidInput.at(what, zh, en)


def put_flags(chosen: argparse.Namespace, config: dict[str, Any]) -> list[Problem]:
    """Put what flags say into a config, in place of either name of the key; answers what is wrong with them."""
    given = {"concurrent_users": chosen.users, "request_timeout": chosen.timeout}
    problems: list[Problem] = []
    for name, text, flag in (("hold_time", chosen.duration, "--duration"), ("ramp_up_time", chosen.ramp, "--ramp")):
        try:
            given[name] = None if text is None else seconds_of(text, flag)
        except InvalidInput as error:
            problems += error.problems
    for name, value in given.items():
        if value is not None:
            config.pop({theirs: ours for ours, theirs in SYNONYMS.items()}.get(name, name), None)
            config[name] = value
    execution = config.setdefault("execution_config", {})
    if isinstance(execution, dict):
        put_execution_flags(chosen, execution)
    return problems


def put_execution_flags(chosen: argparse.Namespace, execution: dict[str, Any]) -> None:
    """Thresholds are added to those of the plan; what has another shape is left for validation to refuse."""
    given = {"arrival_rate": chosen.rate, "max_vus": chosen.max_vus, "max_iterations": chosen.iterations}
    execution.update({name: value for name, value in given.items() if value is not None})
    thresholds = execution.setdefault("thresholds", [])
    if isinstance(thresholds, list):
        thresholds.extend(chosen.threshold or [])
    options = execution.setdefault("protocol_options", {})
    if chosen.insecure and isinstance(options, dict):
        options["http"] = {**(options.get("http") or {}), "verify": False}


def header_of(line: str) -> tuple[str, str]:
    """``Name: value`` as a pair. Raises InvalidInput."""
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidInput.at("--header", f"应为 'NAME: VALUE'：{line}", f"must be 'NAME: VALUE', not {line}")
    return name.strip(), value.strip()


def seconds_of(text: str, flag: str) -> int:
    """``90``, ``90s``, ``1m30s`` or ``2h`` as whole seconds, rounded up. Raises InvalidInput."""
    match = DURATION.match(text)
    if not text or match is None or not any(match.groups()):
        raise InvalidInput.at(
            flag, f"不是时长：{text}，例如 30s、5m、1h30m", f"not a duration: {text}; write 30s, 5m or 1h30m"
        )
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return math.ceil(hours * 3600 + minutes * 60 + seconds)


def write_json(document: Any, where: str) -> None:
    """A document as JSON to a file, or to standard output for ``-``. Raises InvalidInput where it cannot."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if where == "-":
        sys.stdout.write(text + "\n")
        return
    with open_for_writing(where) as file:
        file.truncate(0)
        file.write(text + "\n")


def open_for_writing(where: str) -> TextIO:
    """A file, kept as it is so far, so that one that cannot be written is known before the run. Raises InvalidInput."""
    try:
        return Path(where).open("a", encoding="utf-8")
    except OSError as error:
        zh, en = f"无法写入 {where}：{error.strerror}", f"{where} cannot be written: {error.strerror}"
        raise InvalidInput.at("--json", zh, en) from None


def complain(error: PerfsvcError, language: str) -> None:
    """An error on standard error, each problem on its own line."""
    if isinstance(error, InvalidInput):
        lines = [f"{problem.path}: {problem.text.of(language)}" for problem in error.problems]
    else:
        lines = [error.text.of(language)]
    sys.stderr.write("".join(f"perfsvc: {line}\n" for line in lines))


def locale_language() -> str:
    """Chinese where the locale says so, else English."""
    name = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith("zh") else "en"
