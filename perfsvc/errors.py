"""Every error that perfsvc raises on purpose.

PerfsvcError
├── InvalidInput          422  what was asked is wrong; ``problems`` lists every fault by path
├── BadRequest            400  not even readable: broken JSON
│   ├── TooLarge          413  more bytes than are taken
│   └── WrongContentType  415  sent as what it should not be
├── NotAuthenticated      401  who are you?
├── Forbidden             403  we know you, and you may not
├── NotFound              404
├── MethodNotAllowed      405
├── Conflict              409  right in itself, wrong now
│   └── IllegalTransition      a run in this state cannot do that
├── TooManyRequests       429  ``retry_after`` seconds
├── SourceFailed          502  a data source did not give its rows; says why
├── Unavailable           503
│   ├── StoreUnavailable       the database is away or too slow
│   └── StoreBusy              the bounded queue to the database is full
├── StartupError          500  perfsvc refuses to start
│   ├── SettingsError
│   ├── PluginConflict         two classes of one name; names both distributions
│   └── MigrationError
└── RunError              500  a run could not go on; becomes the run's end reason

Every error carries its message in both languages; nothing below ``web`` and ``cli`` chooses one.
A request of a load test that fails is not an error of ours: it is a sample with an error class.
"""

from __future__ import annotations

from typing import ClassVar
from typing import NamedTuple


class Text(NamedTuple):
    """A message in the two languages of the product."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """The text in ``language`` (``en…`` is English, everything else Chinese)."""
        return self.en if language.lower().startswith("en") else self.zh

    def __str__(self) -> str:
        return self.en


class Problem(NamedTuple):
    """One fault in an input: where (``config.vus``, ``steps[0].name``) and what."""

    path: str
    text: Text


class PerfsvcError(Exception):
    """The root of the tree.

    ``status`` is the HTTP status a REST answer would carry.
    """

    status: ClassVar[int] = 500

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class InvalidInput(PerfsvcError):
    """The input was understood and is wrong; carries every problem found, not just the first."""

    status = 422

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("请求参数未通过验证", "The input did not pass validation")
        self.problems = problems

    @classmethod
    def at(cls, path: str, zh: str, en: str) -> InvalidInput:
        """One problem at one place."""
        return cls([Problem(path, Text(zh, en))])

    def __str__(self) -> str:
        return "; ".join(f"{problem.path}: {problem.text.en}" for problem in self.problems)


class BadRequest(PerfsvcError):
    """The input could not be read at all."""

    status = 400


class TooLarge(BadRequest):
    """The body has more bytes than are taken."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"请求体不能超过 {limit} 字节", f"The body may have at most {limit} bytes")


class WrongContentType(BadRequest):
    """The body was not sent as JSON, or a file within a form."""

    status = 415

    def __init__(
        self, zh: str = "Content-Type 应为 application/json", en: str = "The Content-Type must be application/json"
    ) -> None:
        super().__init__(zh, en)


class NotAuthenticated(PerfsvcError):
    """No credentials, or credentials that no longer hold."""

    status = 401

    def __init__(self, zh: str = "身份认证失败，请重新登录", en: str = "Authentication required") -> None:
        super().__init__(zh, en)


class Forbidden(PerfsvcError):
    """The caller is known and not allowed."""

    status = 403

    def __init__(self, zh: str = "没有权限执行该操作", en: str = "You are not allowed to do this") -> None:
        super().__init__(zh, en)


class NotFound(PerfsvcError):
    """No such thing, or none the caller may know of."""

    status = 404


class MethodNotAllowed(PerfsvcError):
    """The path is there and does not know this method."""

    status = 405

    def __init__(self) -> None:
        super().__init__("不支持该请求方法", "This method is not supported here")


class Conflict(PerfsvcError):
    """The request is right in itself and wrong in the present state."""

    status = 409


class IllegalTransition(Conflict):
    """A run in this state cannot do what was asked."""


class TooManyRequests(PerfsvcError):
    """Try again after ``retry_after`` seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"请求次数过多，请在 {retry_after} 秒后重试", f"Too many requests; try again in {retry_after} s"
        )
        self.retry_after = retry_after


class SourceFailed(PerfsvcError):
    """A data source could not be opened or read."""

    status = 502


class Unavailable(PerfsvcError):
    """A part of the service cannot answer now."""

    status = 503


class StoreUnavailable(Unavailable):
    """The database is away or did not answer in time."""


class StoreBusy(Unavailable):
    """The bounded queue in front of the database is full."""


class StartupError(PerfsvcError):
    """perfsvc refuses to start."""


class SettingsError(StartupError):
    """A setting has a wrong value; the message names it and its source."""


class PluginConflict(StartupError):
    """Two plugins claim one name."""


class MigrationError(StartupError):
    """The database could not be brought to this version."""


class RunError(PerfsvcError):
    """A run could not go on."""
