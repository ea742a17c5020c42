"""The command line: one parser, one module per command.

Exit codes are in ``exit_codes``.
"""

from __future__ import annotations

import argparse
import locale
import logging
import os
import sys
from collections.abc import Callable
from collections.abc import Sequence

from perfsvc import __version__
from perfsvc.cli import certs
from perfsvc.cli import check
from perfsvc.cli import plugins
from perfsvc.cli import run
from perfsvc.cli import serve
from perfsvc.cli import try_plan
from perfsvc.cli import users
from perfsvc.cli import worker
from perfsvc.cli.catalogue import ARGPARSE
from perfsvc.cli.catalogue import HELP
from perfsvc.cli.catalogue import Catalogue
from perfsvc.cli.catalogue import speak
from perfsvc.cli.command_parser import CommandParser
from perfsvc.cli.encoding import tolerate_encodings
from perfsvc.cli.encoding import writable
from perfsvc.cli.exit_codes import BAD_INPUT
from perfsvc.cli.exit_codes import INTERNAL
from perfsvc.cli.exit_codes import INTERRUPTED
from perfsvc.errors import Abandoned
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import SettingsError

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

Command = Callable[[argparse.Namespace, str], int]

MODULES = (serve, run, check, try_plan, worker, certs, plugins, users)
COMMANDS: dict[str, Command] = {
    "serve": serve.execute,
    "run": run.execute,
    "check": check.execute,
    "try": try_plan.execute,
    "worker": worker.execute,
    "certs": certs.execute,
    "plugins": plugins.execute,
    "users": users.execute,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    tolerate_encodings()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads: nothing here multiplies matrices
    argv = sys.argv[1:] if arguments is None else arguments
    language = shown_language(language_flag(argv) or locale_language())
    chosen = make_parser(language).parse_args(argv)
    if chosen.command != "serve" and chosen.log_level:  # the service has a setting for it
        logging.basicConfig(level=chosen.log_level.upper(), format=LOG_FORMAT, stream=sys.stderr)
    try:
        return COMMANDS[chosen.command](chosen, language)
    except (InvalidInput, SettingsError) as error:
        write_error(error, language)
        return BAD_INPUT
    except Abandoned as error:
        write_error(error, language)
        return INTERRUPTED
    except PerfsvcError as error:
        write_error(error, language)
        return INTERNAL
    except KeyboardInterrupt:  # before the command installed its own signal handlers
        return INTERRUPTED


def make_parser(language: str = "en") -> argparse.ArgumentParser:
    """Return the parser of the whole command line, whose help is in one language."""
    speak(language)
    parser = CommandParser(prog="perfsvc", description="A self-hosted performance-testing platform")
    parser.add_argument("--version", action="version", version=f"perfsvc {__version__}")
    add_language(parser, None)
    commands = parser.add_subparsers(dest="command", required=True)
    for module in MODULES:
        module.add(commands)
    for name, command in commands.choices.items():
        command.language = language
        for place, default in ((command, None), *((action, argparse.SUPPRESS) for action in actions_of(command))):
            add_language(place, argparse.SUPPRESS)
            if name != "serve":
                place.add_argument(
                    "--log-level",
                    choices=LOG_LEVELS,
                    default=default,
                    help="show log lines from this level on; debug has plugins' tracebacks",
                )
    if language == "zh":
        Catalogue((*HELP, *ARGPARSE)).apply(parser)
    return parser


def actions_of(command: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return the parsers of a command's own actions, such as ``list`` of ``users``: flags may stand after these too."""
    groups = (action for action in command._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    return [parser for group in groups for parser in group.choices.values()]


def language_flag(argv: Sequence[str]) -> str | None:
    """Return the language that ``--lang`` names, which the parser's own errors need before it has parsed anything."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    add_language(parser, None)
    try:
        return str(language) if (language := parser.parse_known_args(argv)[0].lang) else None
    except argparse.ArgumentError:
        return None


def add_language(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add ``--lang``, which is accepted before and after the command."""
    parser.add_argument(
        "--lang", choices=("zh", "en"), default=default, help="language of messages (default: from LANG)"
    )


def write_error(error: PerfsvcError, language: str) -> None:
    """Write an error to standard error, each problem on its own line."""
    if isinstance(error, InvalidInput):
        lines = [f"{problem.path}: {problem.text.of(language)}" for problem in error.problems]
    else:
        lines = [error.text.of(language)]
    sys.stderr.write("".join(f"perfsvc: {line}\n" for line in lines))


def shown_language(language: str) -> str:
    """Return the language, or English where standard output or error has no Chinese characters."""
    return language if all(writable("中", stream) for stream in (sys.stdout, sys.stderr)) else "en"


def locale_language() -> str:
    """Return ``zh`` for a Chinese locale, else ``en``."""
    name = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith("zh") else "en"
