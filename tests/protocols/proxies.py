"""Proxies: HTTP (CONNECT and whole URLs), over TLS too, and SOCKS5; they note whom they were asked for."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl

REQUEST = re.compile(rb"([A-Z]+) (?:http://)?([^/ ]+)(/[^ ]*)? HTTP/1.1\r\n")


class Proxy:
    """An HTTP proxy; ``asked`` are request lines, ``credentials`` what it wants as ``Proxy-Authorization``."""

    def __init__(self, tls: ssl.SSLContext | None = None, credentials: bytes = b"") -> None:
        self.asked: list[str] = []
        self.port = 0
        self._credentials = credentials
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, port)
        self._writers.append(writer)
        return reader, writer

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.add(asyncio.get_running_loop().create_task(self._closing(reader, writer)))

    async def _closing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        match = REQUEST.match(head)
        assert match is not None, head
        self.asked.append(head.partition(b"\r\n")[0].decode())
        if self._credentials not in head:
            writer.write(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        host, _, port = match[2].decode().rpartition(":")
        there = await self._connect(host.strip("[]"), int(port))
        if match[1] == b"CONNECT":
            writer.write(b"HTTP/1.1 200 There you are\r\n\r\n")
        else:
            rest = head[match.end() :]
            there[1].write(b"%b %b HTTP/1.1\r\n%b" % (match[1], match[3] or b"/", rest))
        await splice(reader, writer, *there)


class Socks(Proxy):
    """A SOCKS5 proxy without credentials."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host}:{port}")
        there = await self._connect(host, port)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await splice(reader, writer, *there)


async def splice(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there_reader: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    """Whatever one side says is said to the other, until both have ended."""
    await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()
