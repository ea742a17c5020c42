"""What a WebSocket client does with each kind of frame (RFC 6455): the cases of Autobahn's suite for clients.

A server writes raw frames; what the client reports, sends back and closes with is compared.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import asynccontextmanager
from typing import Any
from typing import NamedTuple

import pytest

from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.websocket import WebSocketProtocol
from perfsvc_protocols.websocket.session import WebSocketSession

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MORE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
LIMIT = 100_000
ENDS = b"the last message"


def frame(kind: int, payload: bytes = b"", *, fin: bool = True, bits: int = 0, length: bytes | None = None) -> bytes:
    """One frame of a server; ``bits`` are the reserved ones, ``length`` is written in place of the shortest form."""
    size = len(payload)
    if length is None and size < 126:
        length = bytes([size])
    elif length is None:
        length = b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    return bytes([fin << 7 | bits << 4 | kind]) + length + payload


def masked(data: bytes) -> bytes:
    """A frame with a mask, which only clients may use."""
    return bytes([data[0], data[1] | 0x80]) + bytes(4) + data[2:]


def closing(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else code.to_bytes(2) + reason)


def parts(payload: bytes, size: int, kind: int = TEXT) -> bytes:
    """A message in frames of a size."""
    cut = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    return b"".join(
        frame(MORE if number else kind, part, fin=number == len(cut) - 1) for number, part in enumerate(cut)
    )


class Did(NamedTuple):
    """What a client did: messages reported, pongs sent, the code it closed with, and how the request ended."""

    messages: tuple[bytes, ...] = ()
    pongs: tuple[bytes, ...] = ()
    code: int = 1000
    failure: str | None = None


def fine(*messages: bytes, pongs: Iterable[bytes] = ()) -> Did:
    """All was well: the connection is the client's to close."""
    return Did((*messages, ENDS), tuple(pongs))


def broken(*messages: bytes, code: int = 1002, pongs: Iterable[bytes] = ()) -> Did:
    """The client ended the connection."""
    return Did(messages, tuple(pongs), code, "Protocol Error")


def closed(code: int, *messages: bytes, pongs: Iterable[bytes] = (), sent: int | None = None) -> Did:
    """The server closed, and the client confirmed."""
    return Did(messages, tuple(pongs), code if sent is None else sent, f"WebSocket Closed: {code}")


CASES: dict[str, tuple[bytes, Did]] = {}


def case(name: str, frames: bytes, did: Did) -> None:
    CASES[name] = (frames, did)


# 1 Framing
for size in (0, 1, 125, 126, 127, 128, 65_535, 65_536, 90_000):
    case(f"1.1 text of {size}", frame(TEXT, b"*" * size), fine(b"*" * size))
    case(f"1.2 binary of {size}", frame(BINARY, b"\xfe" * size), fine(b"\xfe" * size))
case("1.3 a length in more bytes than needed", frame(TEXT, b"hi", length=b"\x7e\x00\x02"), broken())
case("1.3 a length in eight bytes", frame(TEXT, b"hi", length=b"\x7f" + (2).to_bytes(8)), broken())
case("1.3 a length with its highest bit", frame(TEXT, b"hi", length=b"\x7f\x80" + bytes(6) + b"\x02"), broken())
case("1.3 a frame with a mask", masked(frame(TEXT, b"hi")), broken())

# 2 Pings and pongs
for payload in (b"", b"Hello", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
    case(f"2 ping of {len(payload)}", frame(PING, payload), fine(pongs=[payload]))
case("2.5 ping of 126", frame(PING, b"\xfe" * 126), broken())
case("2.7 pong that was not asked for", frame(PONG), fine())
case("2.8 pong with a payload", frame(PONG, b"unsolicited"), fine())
case("2.9 pong, then ping", frame(PONG, b"x") + frame(PING, b"y"), fine(pongs=[b"y"]))
case("2.10 ten pings", b"".join(frame(PING, b"%d" % n) for n in range(10)), fine(pongs=[b"%d" % n for n in range(10)]))
case("2.12 pong of 126", frame(PONG, b"\xfe" * 126), broken())

# 3 Reserved bits
for bits in range(1, 8):
    case(f"3 text with bits {bits}", frame(TEXT, b"a", bits=bits), broken())
    case(f"3 after a message, bits {bits}", frame(TEXT, b"a") + frame(BINARY, b"b", bits=bits), broken(b"a"))
    case(f"3 ping with bits {bits}", frame(PING, b"a", bits=bits), broken())
    case(f"3 close with bits {bits}", frame(CLOSE, b"\x03\xe8", bits=bits), broken())
    case(
        f"3 continuation with bits {bits}",
        frame(TEXT, b"a", fin=False) + frame(MORE, b"b", bits=bits),
        broken(),
    )

# 4 Opcodes
for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    case(f"4 opcode {opcode}", frame(opcode), broken())
    case(f"4 opcode {opcode} with a payload", frame(opcode, b"reserved"), broken())
    case(f"4 opcode {opcode} after a message", frame(TEXT, b"a") + frame(opcode) + frame(PING), broken(b"a"))

# 5 Fragmentation
case("5.1 ping in fragments", frame(PING, b"a", fin=False) + frame(MORE, b"b"), broken())
case("5.2 pong in fragments", frame(PONG, b"a", fin=False) + frame(MORE, b"b"), broken())
case("5.2 close in fragments", frame(CLOSE, b"\x03\xe8", fin=False) + frame(MORE), broken())
case("5.3 two fragments", parts(b"fragment1fragment2", 9), fine(b"fragment1fragment2"))
case("5.3 two binary fragments", parts(b"\xff\xfe", 1, BINARY), fine(b"\xff\xfe"))
case(
    "5.6 ping between fragments",
    frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(MORE, b"b"),
    fine(b"ab", pongs=[b"p"]),
)
case(
    "5.6 pong between fragments",
    frame(TEXT, b"a", fin=False) + frame(PONG, b"p") + frame(MORE, b"b"),
    fine(b"ab"),
)
case("5.9 continuation of nothing", frame(MORE, b"a") + frame(TEXT, b"b"), broken())
case("5.12 unfinished continuation of nothing", frame(MORE, b"a", fin=False) + frame(TEXT, b"b"), broken())
case("5.15 continuation after the end", parts(b"ab", 1) + frame(MORE, b"c", fin=False), broken(b"ab"))
case("5.18 text within a text", frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), broken())
case("5.18 binary within a text", frame(TEXT, b"a", fin=False) + frame(BINARY, b"b", fin=False), broken())
case(
    "5.19 pings between five fragments",
    frame(TEXT, b"1", fin=False)
    + frame(MORE, b"2", fin=False)
    + frame(PING, b"p1")
    + frame(MORE, b"3", fin=False)
    + frame(MORE, b"4", fin=False)
    + frame(PING, b"p2")
    + frame(MORE, b"5"),
    fine(b"12345", pongs=[b"p1", b"p2"]),
)
case("5.21 empty fragments", frame(TEXT, fin=False) + frame(MORE, fin=False) + frame(MORE), fine(b""))
case("5.21 empty fragments around", frame(TEXT, fin=False) + frame(MORE, b"a", fin=False) + frame(MORE), fine(b"a"))
case("5.22 two messages in fragments", parts(b"abc", 1) + parts(b"def", 1, BINARY), fine(b"abc", b"def"))

# 6 UTF-8
GREETING = "Hello-µ@ßöäüàá-UTF-8!!".encode()
KOSME = "κόσμε".encode()
case("6.1 empty text", frame(TEXT), fine(b""))
case("6.2 valid", frame(TEXT, GREETING), fine(GREETING))
for size in (1, 2, 3, 5):
    case(f"6.2 valid, in fragments of {size}", parts(GREETING, size), fine(GREETING))
    case(f"6.2 kosme, in fragments of {size}", parts(KOSME, size), fine(KOSME))
    case(f"6.3 invalid, in fragments of {size}", parts(KOSME + b"\xed\xa0\x80edited", size), broken(code=1007))
case("6.3 invalid", frame(TEXT, KOSME + b"\xed\xa0\x80edited"), broken(code=1007))
VALID = {
    "6.6 kosme": KOSME,
    "6.7 first of 1 byte": b"\x00",
    "6.7 first of 2 bytes": b"\xc2\x80",
    "6.7 first of 3 bytes": b"\xe0\xa0\x80",
    "6.7 first of 4 bytes": b"\xf0\x90\x80\x80",
    "6.9 last of 1 byte": b"\x7f",
    "6.9 last of 2 bytes": b"\xdf\xbf",
    "6.9 last of 3 bytes": b"\xef\xbf\xbf",
    "6.9 last of 4 bytes": b"\xf4\x8f\xbf\xbf",
    "6.11 before the surrogates": b"\xed\x9f\xbf",
    "6.11 after the surrogates": b"\xee\x80\x80",
    "6.11 replacement character": b"\xef\xbf\xbd",
    "6.22 noncharacter FFFE": b"\xef\xbf\xbe",
    "6.22 noncharacter 1FFFE": b"\xf0\x9f\xbf\xbe",
    "6.22 noncharacter 10FFFF": b"\xf4\x8f\xbf\xbf",
    "6.23 specials": b"\xef\xbf\xb9\xef\xbf\xbc",
}
INVALID = {
    "6.8 first of 5 bytes": b"\xf8\x88\x80\x80\x80",
    "6.8 first of 6 bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10 last of 4 bytes that could be": b"\xf7\xbf\xbf\xbf",
    "6.10 last of 5 bytes": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10 last of 6 bytes": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.11 beyond the last": b"\xf4\x90\x80\x80",
    "6.12 first continuation alone": b"\x80",
    "6.12 last continuation alone": b"\xbf",
    "6.12 continuations": b"\x80\xbf\x80\xbf\x80\xbf",
    "6.12 all continuations": bytes(range(0x80, 0xC0)),
    "6.13 starts of 2 bytes alone": b"".join(b"%b " % bytes([n]) for n in range(0xC0, 0xE0)),
    "6.13 starts of 3 bytes alone": b"".join(b"%b " % bytes([n]) for n in range(0xE0, 0xF0)),
    "6.13 starts of 4 bytes alone": b"".join(b"%b " % bytes([n]) for n in range(0xF0, 0xF8)),
    "6.13 starts of 6 bytes alone": b"\xfc \xfd ",
    "6.14 2 bytes, the last missing": b"\xc0",
    "6.14 3 bytes, the last missing": b"\xe0\x80",
    "6.14 4 bytes, the last missing": b"\xf0\x80\x80",
    "6.14 valid start of 3, the last missing": b"\xef\xbf",
    "6.15 several that lack their last": b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80",
    "6.16 FE": b"\xfe",
    "6.16 FF": b"\xff",
    "6.16 FE FE FF FF": b"\xfe\xfe\xff\xff",
    "6.17 overlong slash of 2": b"\xc0\xaf",
    "6.17 overlong slash of 3": b"\xe0\x80\xaf",
    "6.17 overlong slash of 4": b"\xf0\x80\x80\xaf",
    "6.18 longest overlong of 2": b"\xc1\xbf",
    "6.18 longest overlong of 3": b"\xe0\x9f\xbf",
    "6.18 longest overlong of 4": b"\xf0\x8f\xbf\xbf",
    "6.19 overlong zero of 2": b"\xc0\x80",
    "6.19 overlong zero of 3": b"\xe0\x80\x80",
    "6.20 first high surrogate": b"\xed\xa0\x80",
    "6.20 last high surrogate": b"\xed\xaf\xbf",
    "6.20 first low surrogate": b"\xed\xb0\x80",
    "6.20 last low surrogate": b"\xed\xbf\xbf",
    "6.21 pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}
for name, text in VALID.items():
    case(name, frame(TEXT, text), fine(text))
for name, text in INVALID.items():
    case(name, frame(TEXT, text), broken(code=1007))
    case(f"{name}, binary", frame(BINARY, text), fine(text))

# 7 Closing
case("7.1.3 ping after close", closing(1000) + frame(PING, b"p"), closed(1000))
case("7.1.4 text after close", closing(1000) + frame(TEXT, b"late"), closed(1000))
case("7.1.5 close between fragments", frame(TEXT, b"a", fin=False) + closing(1000) + frame(MORE, b"b"), closed(1000))
case(
    "7.1.6 a message, close, ping",
    frame(TEXT, b"a" * 50_000) + closing(1000) + frame(PING),
    closed(1000, b"a" * 50_000),
)
case("7.3.1 no code", closing(), closed(1005, sent=1000))
case("7.3.2 one byte", frame(CLOSE, b"a"), broken())
case("7.3.4 code and reason", closing(1000, b"Hello World!"), closed(1000))
case("7.3.5 longest reason", closing(1000, b"*" * 123), closed(1000))
case("7.3.6 reason that is too long", closing(1000, b"*" * 124), broken())
case("7.5.1 reason that is not UTF-8", closing(1000, b"\xce\xba\xed\xa0\x80"), broken(code=1007))
for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
    case(f"7.7 code {code}", closing(code), closed(code))
for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
    case(f"7.9 code {code}", closing(code), broken())
    case(f"7.9 code {code} with a reason", closing(code, b"why"), broken())

# 9 Limits
HALF = b"*" * (LIMIT // 2 - 100)
case("9.1 message below the limit in two", parts(HALF * 2, len(HALF)), fine(HALF * 2))
case("9.1 message above the limit", frame(BINARY, b"*" * (LIMIT + 1)), broken(code=1009))
case("9.1 message above the limit in three", parts(HALF * 3, len(HALF)), broken(code=1009))
case("9.2 length of a message that never comes", b"\x82\x7f" + (1 << 62).to_bytes(8), broken(code=1009))
case("9.5 many small fragments", parts(b"*" * 3_000, 7), fine(b"*" * 3_000))

# 12 Compression
EXTENSION = b"Sec-WebSocket-Extensions: permessage-deflate"
COMPRESSED: dict[str, tuple[bytes, bytes, Did]] = {}


def deflated(text: bytes, packer: Any = None, bits: int = 15) -> bytes:
    packer = packer or zlib.compressobj(wbits=-bits)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


def compressed_case(name: str, frames: bytes, did: Did, parameters: bytes = b"") -> None:
    COMPRESSED[name] = (EXTENSION + parameters, frames, did)


KEPT = zlib.compressobj(wbits=-15)
SHARED = [deflated(b"the same words again", KEPT) for _ in range(3)]
PACKED = deflated(b"hello hello hello hello")
for size in (0, 16, 64, 256, 1024, 4096, 65_536):
    packed = deflated(b"*" * size)
    compressed_case(f"12.1 text of {size}", frame(TEXT, packed, bits=4), fine(b"*" * size))
compressed_case("12.2 a message that is not compressed", frame(TEXT, b"plain"), fine(b"plain"))
compressed_case(
    "12.2 plain and compressed in turn", (frame(TEXT, b"plain") + frame(BINARY, PACKED, bits=4)) * 2,
    fine(*[b"plain", b"hello hello hello hello"] * 2),
)  # fmt: skip
compressed_case(
    "12.3 with the window of the messages before",
    b"".join(frame(TEXT, each, bits=4) for each in SHARED),
    fine(*[b"the same words again"] * 3),
)
compressed_case(
    "12.3 each with a window of its own",
    frame(TEXT, PACKED, bits=4) * 3,
    fine(*[b"hello hello hello hello"] * 3),
    b"; server_no_context_takeover",
)
for bits in range(9, 16):
    compressed_case(
        f"12.4 window of {bits} bits",
        frame(TEXT, deflated(b"hello" * 500, bits=bits), bits=4),
        fine(b"hello" * 500),
        b"; server_max_window_bits=%d" % bits,
    )
compressed_case(
    "12.5 in fragments, with a ping",
    frame(TEXT, PACKED[:4], fin=False, bits=4) + frame(PING, b"p") + frame(MORE, PACKED[4:]),
    fine(b"hello hello hello hello", pongs=[b"p"]),
)
compressed_case(
    "12.5 in fragments of one byte",
    frame(TEXT, PACKED[:1], fin=False, bits=4)
    + b"".join(frame(MORE, PACKED[at : at + 1], fin=at == len(PACKED) - 1) for at in range(1, len(PACKED))),
    fine(b"hello hello hello hello"),
)
compressed_case(
    "12.5 the bit on a later fragment",
    frame(TEXT, PACKED[:4], fin=False, bits=4) + frame(MORE, PACKED[4:], bits=4),
    broken(),
)
compressed_case("12.5 the bit on a ping", frame(PING, b"p", bits=4), broken())
compressed_case("12.5 another bit", frame(TEXT, PACKED, bits=6), broken())
compressed_case("12.6 rubbish", frame(TEXT, b"\xff" * 20, bits=4), broken(code=1007))
compressed_case("12.6 invalid UTF-8 inside", frame(TEXT, deflated(b"\xed\xa0\x80"), bits=4), broken(code=1007))
compressed_case("12.6 a bomb", frame(BINARY, deflated(bytes(LIMIT * 5)), bits=4), broken(code=1009))
compressed_case("12.7 stored blocks", frame(TEXT, b"\x00\x05\x00\xfa\xffhello\x00", bits=4), fine(b"hello"))
compressed_case("12.7 a final block", frame(TEXT, zlib.compress(b"hello", wbits=-15) + b"\x00", bits=4), fine(b"hello"))
compressed_case(
    "12.7 messages after a final block",
    frame(TEXT, zlib.compress(b"hello", wbits=-15) + b"\x00", bits=4) * 2,
    fine(b"hello", b"hello"),
    b"; server_no_context_takeover",
)


class Server:
    """Sends frames after each upgrade, and keeps those of the client."""

    def __init__(self, extension: bytes, frames: bytes, pieces: int) -> None:
        self.pongs: list[bytes] = []
        self.codes: list[int] = []
        self.ended = asyncio.Event()
        self._extension, self._frames, self._pieces = extension, frames, pieces

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID, usedforsecurity=False).digest())
        lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
        lines += [b"Sec-WebSocket-Accept: " + accept, *([self._extension] if self._extension else [])]
        writer.write(b"\r\n".join([*lines, b"", b""]))
        sent = self._frames + frame(TEXT, ENDS)
        reading = asyncio.create_task(self._read(reader))
        for at in range(0, len(sent), self._pieces):
            if writer.is_closing():
                break
            writer.write(sent[at : at + self._pieces])
            await asyncio.sleep(0)
        await reading
        writer.close()
        self.ended.set()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                start = await reader.readexactly(2)
                size = start[1] & 0x7F
                assert start[1] & 0x80  # a client masks
                assert size < 126
                mask, payload = await reader.readexactly(4), await reader.readexactly(size)
                payload = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
                if start[0] == 0x80 | PONG:
                    self.pongs.append(payload)
                elif start[0] == 0x80 | CLOSE:
                    self.codes.append(int.from_bytes(payload[:2]) if payload else 1005)
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.codes.append(1006)


class Recording(WebSocketProtocol):
    """Keeps every message that its sessions report."""

    messages: list[bytes]

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> WebSocketSession:
        messages = self.messages

        class Session(WebSocketSession):
            def message(self, data: bytes, size: int) -> None:
                messages.append(data)
                super().message(data, size)

        return Session(scope, done, self._resources)


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[str]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


async def done_by_client(frames: bytes, did: Did, pieces: int, extension: bytes = b"") -> Did:
    """What the client does with frames that come in pieces, while it waits for the messages of a case."""
    server = Server(extension, frames, pieces)
    count = len(did.messages) + (did.failure is not None)
    async with running(server) as url:
        options = {"max_message_bytes": LIMIT, "compression": bool(extension)}
        protocol = Recording(WebSocketProtocol.Options.parse(options), context(url))
        protocol.messages = []
        async with User(protocol) as user:
            outcome = await user.do({"url": "/", "expect": {"count": count}})
        await asyncio.wait_for(server.ended.wait(), 60)
    return Did(tuple(protocol.messages), tuple(server.pongs), server.codes[0], outcome.failure)


@pytest.mark.parametrize("name", CASES)
async def test_frames(name: str):
    frames, did = CASES[name]
    assert await done_by_client(frames, did, len(frames) + 1000) == did
    if len(frames) < 1000:
        assert await done_by_client(frames, did, 1) == did


@pytest.mark.parametrize("name", COMPRESSED)
async def test_compressed_frames(name: str):
    extension, frames, did = COMPRESSED[name]
    assert await done_by_client(frames, did, len(frames) + 1000, extension) == did
    if len(frames) < 1000:
        assert await done_by_client(frames, did, 1, extension) == did


@pytest.mark.parametrize(
    "sent",
    [
        frame(TEXT, KOSME + b"\xed\xa0\x80", fin=False),
        frame(TEXT, KOSME, fin=False) + frame(MORE, b"\xf4\x90\x80\x80", fin=False),
        frame(TEXT, b"\xf4", fin=False) + frame(MORE, b"\x90", fin=False),
    ],
    ids=["6.4.1", "6.4.2", "6.4.3"],
)
async def test_what_is_not_utf_8_ends_a_message_that_has_no_end(sent: bytes):
    did = broken(code=1007)
    assert await done_by_client(sent, did, 10_000) == did


@pytest.mark.parametrize("pieces", [1, 1000])
async def test_a_second_close_frame_changes_nothing(pieces: int):
    did = await done_by_client(closing(1000) * 2, closed(1000), pieces)
    # The parser looks at the second frame before the first one is answered, where they come together.
    assert did in (closed(1000), closed(1000, sent=1002))
