"""Content codings undone while a body comes."""

from __future__ import annotations

import gzip
import sys

import brotli
import pytest

from perfsvc.plugin.decoders import undoing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.mark.parametrize("pieces", [1, 3, 10_000])
@pytest.mark.parametrize("members", [1, 3])
def test_a_coding_is_undone_however_it_is_cut(members: int, pieces: int):
    text = bytes(range(256)) * 10
    for coding, packed in (
        ("gzip", gzip.compress(text) * members + b"\0\0"),
        ("zstd", zstd.compress(text) * members),
        ("gzip, br", brotli.compress(gzip.compress(text) * members)),
        ("identity", text * members),
    ):
        undo = undoing(coding, 1_000_000) or bytes
        found = b"".join(undo(packed[at : at + pieces]) for at in range(0, len(packed), pieces))
        assert found == text * members
