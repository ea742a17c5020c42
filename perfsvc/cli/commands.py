"""The command line: ``perfsvc serve``, ``perfsvc run``, ``perfsvc worker``, ``perfsvc certs``, ``perfsvc plugins``.

Exit codes: 0 passed, 99 a threshold was breached, 2 bad input, 1 anything else that went wrong.
"""

from __future__ import annotations

import argparse
import json
import locale
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import TextIO

from perfsvc import __version__
from perfsvc.cli.plan_loader import plan_of
from perfsvc.clock import SystemClock
from perfsvc.clock import utc_now
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import SettingsError
from perfsvc.settings import SETTINGS
from perfsvc.settings import load

PASSED, INTERNAL, BAD_INPUT, BREACHED = 0, 1, 2, 99


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
    from perfsvc.cli.headless import run_plan
    from perfsvc.cli.progress import Progress
    from perfsvc.cli.summary import show_report

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
    from perfsvc.cli.summary import show_certificates
    from perfsvc.cluster.certificates import expiries
    from perfsvc.cluster.certificates import make_certificates
    from perfsvc.cluster.certificates import renew_certificates

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
    from perfsvc.cli.summary import show_plugins
    from perfsvc.plugin import skeleton
    from perfsvc.plugin.catalog import Catalog

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
