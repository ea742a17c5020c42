"""The loop that everything runs on."""

from __future__ import annotations

import gc
import subprocess
import sys

from perfsvc.event_loop import uncollected

READS = """
import os, resource
from perfsvc.event_loop import run_on_loop

async def read():
    receiving, sending = os.pipe()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1000):
        os.write(sending, b"x")
        os.read(receiving, 262_144)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

run_on_loop(read())
"""


def test_large_blocks_are_not_given_back_to_the_system_each_time():
    done = subprocess.run([sys.executable, "-c", READS], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 1000  # a new block each time is 64 pages: 64,000


def test_nothing_is_collected_until_the_last_of_several_is_done():
    assert gc.isenabled()
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
