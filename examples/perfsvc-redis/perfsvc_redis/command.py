"""Commands as users write them, made ready once per run: bytes where nothing varies, else words to be rendered."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

from hiredis import pack_command

from perfsvc.plugin import Call
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin import failures
from perfsvc_redis import address
from perfsvc_redis.address import Address
from perfsvc_redis.spec import Command

WORD = re.compile(r"""\s*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\{\{.*?\}\}|[^\s"'])+))(?=\s|$)""", re.DOTALL)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ONE_WAY = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR"}
CONNECTION = {"HELLO", "RESET", "QUIT", "SYNC", "PSYNC"}
REFUSED = ONE_WAY | CONNECTION
"""Commands after which a connection no longer gives one reply for each command."""

Word = bytes | Template
Compile = Callable[[str], Template]


class RedisCall(Call):
    """A compiled step. ``constant`` is all of it when nothing varies; ``address`` is None when that does."""

    __slots__ = ("address", "constant", "count", "counted", "one", "url", "words")

    def __init__(self, timeout_ns: int, words: Sequence[tuple[Word, ...]], one: bool, url: Template) -> None:
        """Raises ValueError for a URL that leads nowhere."""
        super().__init__(timeout_ns)
        self.words = words
        self.one = one
        self.url = url
        self.count = len(words)
        self.counted = {"redis_commands": float(self.count)}
        self.address = None if url.constant is None else address.parse(url.constant)
        fixed = all(isinstance(word, bytes) for command in words for word in command)
        self.constant = packed(words) if fixed else None  # type: ignore[arg-type]  # the line above has looked

    def place(self, scope: Scope) -> Address:
        """Where it goes for one virtual user. Raises MissingVariable, NotSent."""
        try:
            return self.address or address.parse(self.url.render(scope))
        except ValueError as error:
            raise NotSent(failures.INVALID_REQUEST, f"this URL cannot be used: {error}") from None

    def render(self, scope: Scope) -> bytes:
        """The bytes for one virtual user at this moment. Raises MissingVariable."""
        if self.constant is not None:
            return self.constant
        return packed([[_rendered(word, scope) for word in command] for command in self.words])


class Texts:
    """Compiles the texts of one step, and collects what is wrong with them."""

    def __init__(self, template: Compile) -> None:
        self.problems: list[Problem] = []
        self._template = template

    def refuse(self, at: str, zh: str, en: str) -> None:
        """Notes a problem."""
        self.problems.append(Problem(at, Text(zh, en)))

    def check(self) -> None:
        """Raises InvalidInput with everything that was noted."""
        if self.problems:
            raise InvalidInput(self.problems)

    def template(self, text: str, at: str) -> Template:
        """A text with ``{{name}}`` in it."""
        try:
            return self._template(text)
        except Fault as fault:
            self.problems += [Problem(at, problem.text) for problem in fault.problems]
            return Template("")

    def command(self, written: Command, at: str) -> tuple[Word, ...]:
        """The words of a command. Their number never depends on what is rendered into them."""
        texts = split(written) if isinstance(written, str) else [str(word) for word in written]
        if not texts:
            self.refuse(at, "不是一条命令", "is not a command")
            return ()
        words = tuple(self._word(text, at) for text in texts)
        self._check_name(words[0], at)
        return words

    def _word(self, text: str, at: str) -> Word:
        template = self.template(text, at)
        return template if template.constant is None else encoded(template.constant)

    def _check_name(self, name: Word, at: str) -> None:
        if isinstance(name, Template):
            self.refuse(at, "命令名不能是变量", "the name of a command cannot be a variable")
        elif name.decode().upper() in REFUSED:
            self.refuse(at, f"不支持 {name.decode()}", f"{name.decode()} has no single reply and is not supported")


def packed(commands: Iterable[Sequence[bytes | str | int]]) -> bytes:
    """Commands as a server reads them."""
    return b"".join([pack_command(tuple(command)) for command in commands])  # type: ignore[arg-type]  # its stub is off


def split(text: str) -> list[str]:
    """Words as a shell would tell them apart, ``{{ name }}`` being part of one; nothing where quotes do not match."""
    words: list[str] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = WORD.match(text, at)
        if match is None:
            return []
        double, single, plain = match.groups()
        words.append(ESCAPE.sub(r"\1", double) if double is not None else plain if single is None else single)
        at = match.end()
    return words


def encoded(text: str) -> bytes:
    """Text as UTF-8; half a surrogate pair, which JSON lets through, becomes a question mark."""
    return text.encode("utf-8", "replace")


def _rendered(word: Word, scope: Scope) -> bytes:
    return word if isinstance(word, bytes) else encoded(word.render(scope))
