"""The errors that perfsvc raises.

PerfsvcError
├── InvalidInput          422  invalid; ``problems`` lists every problem by path
├── BadRequest            400  unreadable: broken JSON
│   ├── TooLarge          413  over the size limit
│   └── WrongContentType  415  wrong content type
├── NotAuthenticated      401  no valid credentials
├── Forbidden             403  known, but not allowed
├── NotFound              404
├── MethodNotAllowed      405
├── Conflict              409  valid, but not in the current state
│   ├── ChangedMeanwhile       another user changed the edited resource
│   └── IllegalTransition      not in this state of a run
├── TooManyRequests       429  ``retry_after`` seconds
├── SourceFailed          502  a data source failed; names the cause
├── Unavailable           503
│   ├── StoreUnavailable       the database is away or too slow
│   │   └── StoreFull     507  its disk is full
│   └── StoreBusy              the bounded queue to the database is full
├── StartupError          500  the service cannot start
│   ├── SettingsError
│   ├── PluginConflict         two classes of one name; names both distributions
│   └── MigrationError
├── RunError              500  a run failed; becomes its end reason
│   ├── SetupFailed       502  a setup step failed
│   ├── OnStartFailed          the on_start steps of every user failed
│   ├── StoppedByStep          a step failed whose rule is to stop the run
│   ├── UsersStopped           every user left after a failure
│   └── StoppedByPlan          a ``stop`` step ended the run
└── Abandoned             500  cut off by a second Ctrl-C, on the command line only

Every error has its message in both languages; only ``web`` and ``cli`` choose one. A failed request is not an
error but a sample with an error class.

A ``Problem`` is one fault of an input with its path. A validator raises ``Fault`` (``model/problems``), which becomes
InvalidInput. A plugin raises ``Failed`` for a failed call, ``NotSent`` for one that was not tried, and ``DataFailure``
for a failed data source; a template raises ``MissingVariable``, or ``FunctionFailed``, which is a ``NotSent``.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from typing import NamedTuple


class Text(NamedTuple):
    """A message in Chinese and English."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """Return the text in ``language``: English for ``en…``, Chinese for anything else."""
        return self.en if language.lower().startswith("en") else self.zh

    def __str__(self) -> str:
        return self.en


class Problem(NamedTuple):
    """One fault of an input: its path (``config.vus``, ``steps[0].name``) and a message."""

    path: str
    text: Text


class PerfsvcError(Exception):
    """The base class. ``status`` is the HTTP status of the response."""

    status: ClassVar[int] = 500

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class InvalidInput(PerfsvcError):
    """The input is invalid; ``problems`` holds all problems, not just the first."""

    status = 422

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("请求参数未通过验证", "The input did not pass validation")
        self.problems = problems

    @classmethod
    def at(cls, path: str, zh: str, en: str) -> InvalidInput:
        """Return the error for a single problem."""
        return cls([Problem(path, Text(zh, en))])

    def __str__(self) -> str:
        return "; ".join(f"{problem.path}: {problem.text.en}" for problem in self.problems)


class BadRequest(PerfsvcError):
    """The input is unreadable."""

    status = 400


class TooLarge(BadRequest):
    """The body exceeds the size limit."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"请求体不能超过 {limit} 字节", f"The body may have at most {limit} bytes")


class WrongContentType(BadRequest):
    """The body has a wrong content type."""

    status = 415

    def __init__(
        self, zh: str = "Content-Type 应为 application/json", en: str = "The Content-Type must be application/json"
    ) -> None:
        super().__init__(zh, en)


class NotAuthenticated(PerfsvcError):
    """No credentials, or invalid ones."""

    status = 401

    def __init__(self, zh: str = "身份认证失败，请重新登录", en: str = "Authentication required") -> None:
        super().__init__(zh, en)


class Forbidden(PerfsvcError):
    """The user is not allowed to do this."""

    status = 403

    def __init__(self, zh: str = "没有权限执行该操作", en: str = "You are not allowed to do this") -> None:
        super().__init__(zh, en)


class NotFound(PerfsvcError):
    """The resource does not exist, or is hidden from the user."""

    status = 404


class MethodNotAllowed(PerfsvcError):
    """The path exists, but not with this method."""

    status = 405

    def __init__(self) -> None:
        super().__init__("不支持该请求方法", "This method is not supported here")


class Conflict(PerfsvcError):
    """The request is valid, but not in the current state."""

    status = 409


class ChangedMeanwhile(Conflict):
    """Another user changed the edited resource. ``by`` is that user's name, where known."""

    def __init__(self, updated: datetime, by: str | None) -> None:
        self.updated, self.by = updated, by
        zh, en = f"已被 {by or '他人'} 修改，请重新加载", f"changed by {by or 'another user'} meanwhile; load it again"
        super().__init__(zh, en)


class IllegalTransition(Conflict):
    """The action is not possible in this state of the run."""


class TooManyRequests(PerfsvcError):
    """The rate limit is exceeded; retry after ``retry_after`` seconds."""

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
    """A part of the service is unavailable."""

    status = 503


class StoreUnavailable(Unavailable):
    """The database is away, or too slow."""


class StoreFull(StoreUnavailable):
    """The disk of the database is full."""

    status = 507


class StoreBusy(Unavailable):
    """The bounded queue to the database is full."""


class StartupError(PerfsvcError):
    """The service cannot start."""


class SettingsError(StartupError):
    """A setting is invalid; the message names it and its source."""


class PluginConflict(StartupError):
    """Two plugins claim one name."""


class MigrationError(StartupError):
    """The database cannot be migrated to this version."""


class RunError(PerfsvcError):
    """A run failed. ``code`` names the kind of failure between processes."""

    code: ClassVar[str] = "error"

    @classmethod
    def of(cls, code: str, text: Text) -> RunError:
        """Return the error of the kind that ``code`` names; a plain RunError where no kind has it."""
        kind = next((each for each in cls.__subclasses__() if each.code == code), cls)
        return kind(*text)


class SetupFailed(RunError):
    """A setup step failed, so no load was started."""

    status = 502
    code = "setup_failed"

    @classmethod
    def at(cls, step: str, error_class: str) -> SetupFailed:
        """Return the error for a failed step."""
        return cls(
            f"前置步骤“{step}”失败：{error_class}；没有施加负载",
            f"setup step “{step}” failed: {error_class}; no load was started",
        )


class OnStartFailed(RunError):
    """The on_start steps of every user failed."""

    code = "on_start_failed"

    @classmethod
    def at(cls, step: str, error_class: str) -> OnStartFailed:
        """Return the error for a failed step."""
        return cls(
            f"所有虚拟用户的启动步骤都失败了，最后一次为“{step}”：{error_class}",
            f"the on_start steps of every user failed, the last one in “{step}”: {error_class}",
        )


class StoppedByStep(RunError):
    """A step failed whose rule is to stop the run."""

    code = "stopped_by_step"

    @classmethod
    def at(cls, step: str, error_class: str) -> StoppedByStep:
        """Return the error for a failed step."""
        return cls(
            f"步骤“{step}”失败：{error_class}；按 on_failure: stop_run 结束",
            f"step “{step}” failed: {error_class}; its on_failure is stop_run",
        )


class UsersStopped(RunError):
    """Every user left after a failure."""

    code = "users_stopped"

    @classmethod
    def at(cls, step: str, error_class: str) -> UsersStopped:
        """Return the error for the last failure."""
        return cls(
            f"所有虚拟用户都已退出，最后一次失败为“{step}”：{error_class}",
            f"every user has stopped; the last failure was “{step}”: {error_class}",
        )


class StoppedByPlan(RunError):
    """A ``stop`` step ended the run, which is no failure."""

    code = "stopped_by_plan"

    @classmethod
    def at(cls, step: str) -> StoppedByPlan:
        """Return the end that a step brought about."""
        return cls(f"步骤“{step}”结束了测试", f"step “{step}” ended the run")


class Abandoned(PerfsvcError):
    """Ctrl-C came twice: the run was cut off with requests in flight, and has no report."""

    def __init__(self) -> None:
        super().__init__("测试已中断，没有生成报告", "the run was aborted; there is no report")
