"""Exceptions to error responses: ``{"error": …}``, with ``details`` for invalid input."""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from tornado.web import HTTPError

from perfsvc.clock import iso_z
from perfsvc.errors import BadRequest
from perfsvc.errors import ChangedMeanwhile
from perfsvc.errors import InvalidInput
from perfsvc.errors import MethodNotAllowed
from perfsvc.errors import NotAuthenticated
from perfsvc.errors import NotFound
from perfsvc.errors import PerfsvcError
from perfsvc.errors import TooManyRequests
from perfsvc.errors import Unavailable
from perfsvc.web.framework.language import Language

RETRY_SECONDS = 5


class Failure(NamedTuple):
    """An error response."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def as_perfsvc_error(error: BaseException | None, status: int) -> PerfsvcError:
    """Return the PerfsvcError for any exception; unknown ones reveal nothing."""
    if isinstance(error, PerfsvcError):
        return error
    if isinstance(error, HTTPError):
        status = error.status_code
    if status == MethodNotAllowed.status:
        return MethodNotAllowed()
    if status == NotFound.status:
        return NotFound("接口不存在", "There is nothing at this address")
    if status < 500:
        return BadRequest("请求无法识别", "The request could not be read")
    return PerfsvcError("服务器内部错误", "Internal server error")


def failure_of(error: PerfsvcError, language: Language, request_id: str) -> Failure:
    """Make the response for an error. Server errors carry the request's id, by which the log has the cause."""
    body: dict[str, Any] = {"error": error.text.of(language)}
    if isinstance(error, InvalidInput):
        body["details"] = [{"path": problem.path, "message": problem.text.of(language)} for problem in error.problems]
    if isinstance(error, ChangedMeanwhile):
        body |= {"code": "changed", "updated_at": iso_z(error.updated), "changed_by": error.by}
    if error.status >= 500:
        body["request_id"] = request_id
    return Failure(error.status, _headers(error), body)


def _headers(error: PerfsvcError) -> dict[str, str]:
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}
