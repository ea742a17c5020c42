"""Heads that a strict parser refuses and a user agent should not: rewritten as RFC 9112 has them read."""

from __future__ import annotations

import re

from perfsvc_protocols.http import head

END = re.compile(rb"\n\r?\n")
LINE_END = re.compile(rb"\r?\n")
START = re.compile(rb"HTTP/([0-9]\.[0-9])[ \t]([0-9]{3})(?:[ \t]|(?![0-9]))(.*)", re.IGNORECASE)
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Recipients may keep them in values (RFC 9110, 5.5)."""
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""Beginnings of an alert and of a handshake."""
FIRST_FRAME = b"\x04\x00"
"""Kind and flags of SETTINGS, the first frame of an HTTP/2 server."""
SHOWN = 40
BLANKS = b" \t"
LENGTH, CODING = b"content-length", b"transfer-encoding"


def final_head(received: bytes) -> tuple[int, int]:
    """Return where the final reply's head begins and ends; the end is -1 while it is incomplete."""
    start = head.start_of(received)
    end = END.search(received, start)
    return start, -1 if end is None else end.end()


def is_begun(received: bytes) -> bool:
    """Whether bytes may become a head."""
    return received[head.start_of(received) :][:5].upper() == b"HTTP/"


def explained(refusal: str, received: bytes) -> str:
    """Return why a reply was refused, with its first bytes where it is no HTTP/1 at all."""
    start = received[head.start_of(received) :][:SHOWN]
    if start[:5].upper() == b"HTTP/":
        return refusal
    if start[:2] in TLS_RECORDS:
        return "the reply begins with a TLS record: the target expects https here"
    if start[3:5] == FIRST_FRAME and start[5:9] == bytes(4):
        return "the reply begins with a frame of HTTP/2: the target does not speak HTTP/1.1 here"
    return f"{refusal}: the reply begins with {start!r}"


def is_changed(raw: bytes, rewritten_head: bytes | None) -> bool:
    """Whether a lenient parser may take a head as it was rewritten although a strict one refused it before."""
    return rewritten_head is not None and (rewritten_head != raw or CONTROLS.search(raw) is not None)


def rewritten(raw: bytes) -> bytes | None:
    """Return a head in the form that strict parsers take, None for one that stays refused.

    Lines may end without CR (RFC 9112, 2.2), folded lines become one (5.2), blanks before a colon (5.1) and lines
    that begin the head with blanks (2.2) go, fields without a valid name are ignored, equal lengths become one (6.3), a
    length beside a transfer coding goes (6.3).
    """
    start, *lines = LINE_END.split(raw.rstrip(b"\r\n"))
    if b"\0" in raw or any(b"\r" in line for line in (start, *lines)):
        return None
    fields = [_field(line) for line in _unfolded(lines)]
    kept = _framed([field for field in fields if field is not None])
    parts = START.fullmatch(start)
    if parts is not None:
        start = b"HTTP/%b %b %b" % (parts[1], parts[2], parts[3])
    return b"\r\n".join((start, *(b"%b:%b" % field if field[0] else field[1] for field in kept), b"", b""))


def _unfolded(lines: list[bytes]) -> list[bytes]:
    unfolded: list[bytes] = []
    for line in lines:
        if line[:1] not in (b" ", b"\t"):
            unfolded.append(line)
        elif unfolded:
            unfolded[-1] = b"%b %b" % (unfolded[-1].rstrip(BLANKS), line.strip(BLANKS))
    return unfolded


def _field(line: bytes) -> tuple[bytes, bytes] | None:
    """Return name and value; no name for a line that is no field, None for a field whose name is not valid."""
    name, colon, value = line.partition(b":")
    if not colon:
        return b"", line
    name = name.rstrip(BLANKS)
    return (name, value) if TOKEN.fullmatch(name) else None


def _framed(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields with at most one statement of the body's length, where they do not contradict each other."""
    values = [value for name, value in fields if name.lower() == CODING]
    codings = [coding.strip(BLANKS).lower() for value in values for coding in value.split(b",")]
    real = list(dict.fromkeys(coding for coding in codings if coding not in (b"", b"identity")))
    if real:
        others = [field for field in fields if field[0].lower() not in (LENGTH, CODING)]
        return [*others, (b"Transfer-Encoding", b" " + b", ".join(real))]
    fields = [field for field in fields if field[0].lower() != CODING]
    values = [value for name, value in fields if name.lower() == LENGTH]
    lengths = {each.strip(BLANKS) for value in values for each in value.split(b",")}
    if len(lengths) != 1:
        return fields
    others = [field for field in fields if field[0].lower() != LENGTH]
    return [*others, (b"Content-Length", b" " + lengths.pop())]
