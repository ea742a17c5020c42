"""Node's HTTP/2 server, plain, with a limit of streams a connection."""

from __future__ import annotations

import asyncio
from types import TracebackType

SERVER = """
const http2 = require("node:http2")
const server = http2.createServer({settings: {maxConcurrentStreams: Number(process.argv[1])}})
let streams = 0, most = 0, sessions = 0, total = 0
server.on("session", () => { sessions += 1 })
server.on("stream", (stream) => {
  total += 1
  streams += 1
  most = Math.max(most, streams)
  stream.on("close", () => { streams -= 1 })
  stream.on("error", () => {})
  setTimeout(() => { if (!stream.destroyed) { stream.respond({":status": 200}); stream.end("ok") } }, 10)
})
server.listen(0, "127.0.0.1", () => console.log(server.address().port))
process.stdin.on("data", () => console.log(JSON.stringify({sessions, most, total})))
process.stdin.on("end", () => process.exit(0))
"""


class NodeHttp2:
    """A server that replies after 10 ms; ``counts`` reads its counts."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self.url = ""

    async def __aenter__(self) -> NodeHttp2:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            "node", "-e", SERVER, str(self._streams), stdin=pipe, stdout=pipe
        )
        self.url = f"http://127.0.0.1:{int(await self._line())}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def counts(self) -> str:
        """The counts of sessions, of streams at a time and of all streams, as JSON."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"?")
        return await self._line()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.readline()).decode()
