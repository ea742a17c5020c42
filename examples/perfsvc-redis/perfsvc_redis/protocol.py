"""The Redis protocol: one object serves one run on one node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.net import Dialer
from perfsvc_redis import spec
from perfsvc_redis.command import RedisCall
from perfsvc_redis.command import Texts
from perfsvc_redis.greeting import Greeting
from perfsvc_redis.session import RedisSession


class RedisProtocol(Protocol):
    """Redis, plain and over TLS."""

    name = "redis"
    title = Text("Redis", "Redis")
    Request = spec.Request
    Options = spec.Options

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raises InvalidInput for a certificate that cannot be read or a template that means nothing."""
        super().__init__(options, context)
        self._dialer = Dialer(options, context)
        self._greeting = Greeting(options, context)

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> RedisCall:
        texts = Texts(self.context.template)
        one = request.commands is None
        written = {"command": request.command} if one else _numbered(request.commands)
        words = [texts.command(command, at) for at, command in written.items()]
        url = texts.template(request.url or self.context.base_url, "url")
        texts.check()
        try:
            return RedisCall(timeout_ns, words, one, url)
        except ValueError as error:
            texts.refuse("url", f"无法使用：{error}", f"cannot be used: {error}")
            texts.check()
            raise

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> RedisSession:
        return RedisSession(scope, done, self._dialer, self._greeting, self.options.max_reply_bytes, self.context)


def _numbered(commands: Any) -> dict[str, spec.Command]:
    return {f"commands[{number}]": command for number, command in enumerate(commands)}
