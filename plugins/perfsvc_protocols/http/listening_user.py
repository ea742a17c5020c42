"""Sessions that listen to replies: mixed into a session where a step of the run does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from perfsvc.plugin import TIMEOUT
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.event_stream import EventStream
from perfsvc_protocols.http.user import HttpUser


class ListeningUser(HttpUser):
    """Ends a reply when the step has enough of it, and reports what was counted."""

    __slots__ = ()

    def start(self, call: HttpCall) -> None:
        super().start(call)  # type: ignore[safe-super]  # mixed into a session that has it
        listening = call.listening
        if listening is None:
            self.reply.stream = None
            return
        self.reply.stream = EventStream(listening, self.options.limits.body, self._now_ns)
        if listening.seconds is not None:
            loop = asyncio.get_running_loop()
            self.reply.listening_timer = loop.call_later(listening.seconds, self._time_is_up)

    def finish(self) -> None:
        reply, stream = self.reply, self.reply.stream
        if reply.listening_timer is not None:
            reply.listening_timer.cancel()
            reply.listening_timer = None
        if stream is not None:
            if reply.failure is None:
                stream.close()
            self._count(stream.taken())
            reply.gauges = {**(reply.gauges or {}), **stream.gauges(reply.started_ns)}
        super().finish()

    def partial_counters(self) -> Mapping[str, float] | None:
        stream = self.reply.stream
        return None if stream is None or self._message is None else stream.taken()

    def _time_is_up(self) -> None:
        self.reply.listening_timer = None
        if self.reply.raw or self.reply.status:
            self.stop_listening()
        else:
            self.abort(TIMEOUT)


def listening_kind(session: type[Any]) -> type[Any]:
    """Return a kind of session that also listens."""
    return type(f"Listening{session.__name__}", (ListeningUser, session), {"__slots__": (), "_listens": True})
