"""A process that imports what agents need, once, and forks each agent of this machine.

Importing takes longer than all the rest of their start. The process has neither threads nor an event loop, so that it
can be forked safely. It starts while its parent still imports modules itself; this module imports few for that reason.

The parent writes lines of JSON to its standard input, a socket: ``{"fork": {config}}``, ``{"end": name}`` and
``{"kill": name}``. It writes back the name of each agent that has exited, on a line.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

READ_BYTES = 65_536
STDIN = 0
KILL_LIMIT_S = 5.0
"""For the end of the killed process, which may wait for a disk."""

log = logging.getLogger(__name__)


class ForkServer:
    """The process as its parent sees it. It starts at once; ``connect`` needs a loop."""

    def __init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._socket, child_end = socket.socketpair()
        with child_end:
            # In a session of its own, so that Ctrl-C at the terminal does not end agents before a graceful stop.
            command = [sys.executable, "-m", "perfsvc.cluster.dask.fork_server"]
            self._process = subprocess.Popen(command, stdin=child_end.fileno(), start_new_session=True)  # noqa: S603

    async def connect(self, on_exit: Callable[[str], None], on_lost: Callable[[], None]) -> None:
        """Call ``on_exit`` with the name of each agent that has exited, ``on_lost`` when this process has."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket)
        self._reading = asyncio.create_task(_read_names(reader, on_exit, on_lost))

    def fork(self, config: dict[str, Any]) -> None:
        """Start an agent."""
        self._write({"fork": config})

    def end(self, name: str) -> None:
        """Have an agent end as when its parent is gone."""
        self._write({"end": name})

    def kill(self, name: str) -> None:
        """Kill an agent."""
        self._write({"kill": name})

    async def close(self) -> None:
        """End the process, also while it is importing; its agents end by themselves."""
        self.kill_server()
        await self._reading
        if self._writer is not None:
            self._writer.close()

    def kill_server(self) -> None:
        """Kill the process, which may have ended."""
        if self._writer is None:
            self._socket.close()
        self._process.kill()
        try:
            self._process.wait(KILL_LIMIT_S)
        except subprocess.TimeoutExpired:
            log.error("the process that forks agents was killed and has not ended")

    def _write(self, command: dict[str, Any]) -> None:
        assert self._writer is not None  # noqa: S101 - it is connected
        self._writer.write(json.dumps(command).encode() + b"\n")


async def _read_names(
    reader: asyncio.StreamReader, on_exit: Callable[[str], None], on_lost: Callable[[], None]
) -> None:
    try:
        while line := await reader.readline():
            on_exit(line.decode().strip())
    except ConnectionError:
        log.debug("the connection to the fork server was reset")
    on_lost()


class Child(NamedTuple):
    """An agent: ``lifeline`` is the other end of its standard input, ``exited`` ends when it does."""

    name: str
    pid: int
    lifeline: int
    exited: int


class Forks:
    """The agents of this process and the connection to its parent."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._children: dict[str, Child] = {}
        self._unread = b""
        self._selector = selectors.PollSelector()  # has no file descriptor that agents would share
        self._selector.register(parent, selectors.EVENT_READ)

    def serve(self) -> dict[str, Any] | None:
        """Return the config in a new agent, and None in this process once the parent is gone."""
        while True:
            for key, _ in self._selector.select():
                if isinstance(key.data, Child):
                    self._on_exit(key.data)
                    continue
                *lines, self._unread = (self._unread + (received := self._received())).split(b"\n")
                if not received:
                    return None
                for line in lines:
                    config = self._obey(json.loads(line))
                    if config is not None:
                        return config

    def _received(self) -> bytes:
        try:
            return self._parent.recv(READ_BYTES)
        except ConnectionError:
            return b""

    def _obey(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """Follow a command; return the config of a new agent in that agent."""
        if "fork" in command:
            return command["fork"] if self._fork(command["fork"]["name"]) else None
        if child := self._children.get(command.get("end", "")):
            self._children[child.name] = child._replace(lifeline=cut(child.lifeline))
        if child := self._children.get(command.get("kill", "")):
            os.kill(child.pid, signal.SIGKILL)
        return None

    def _fork(self, name: str) -> bool:
        """Fork; return whether this is the new process, whose standard input is its lifeline."""
        (stdin, lifeline), (exited, write_end) = os.pipe(), os.pipe()
        try:
            pid = os.fork()
        except OSError:
            log.exception("no process can be started")
            self._parent.sendall(name.encode() + b"\n")
            pid = -1
        if pid == 0:
            self._leave()
            os.dup2(stdin, STDIN)
            for descriptor in (stdin, lifeline, exited):
                os.close(descriptor)
            return True
        os.close(stdin)
        os.close(write_end)
        if pid < 0:
            os.close(lifeline)
            os.close(exited)
        else:
            child = self._children[name] = Child(name, pid, lifeline, exited)
            self._selector.register(exited, selectors.EVENT_READ, child)
        return False

    def _leave(self) -> None:
        """Close in a new agent what is not its own."""
        self._parent.close()
        for child in self._children.values():
            cut(child.lifeline)
            os.close(child.exited)

    def _on_exit(self, child: Child) -> None:
        self._selector.unregister(child.exited)
        os.close(child.exited)
        cut(self._children.pop(child.name).lifeline)
        os.waitpid(child.pid, 0)
        try:
            self._parent.sendall(child.name.encode() + b"\n")
        except ConnectionError:
            log.debug("the parent is gone")


def cut(lifeline: int) -> int:
    """Close a lifeline that is open; return what stands for a closed one."""
    if lifeline >= 0:
        os.close(lifeline)
    return -1


def main() -> None:
    """Import, then fork agents until the parent is gone; the agents go on from here."""
    gc.disable()
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    from perfsvc.cluster.dask import agent
    from perfsvc.plugin.on_demand import import_built_in

    import_built_in("protocol-http")  # most runs need it, and it can be forked; other plugins may start threads
    gc.freeze()  # agents share these objects' memory, which a collection would copy
    config = Forks(socket.socket(fileno=os.dup(STDIN))).serve()
    if config is not None:
        agent.run_forked(config)
    sys.stdout.flush()
    os._exit(0)  # all is closed by now; taking the interpreter apart takes longer than the rest of the end


if __name__ == "__main__":
    main()
