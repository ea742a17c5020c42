"""Nothing that a gRPC target does makes the library write to standard error; in a process of its own, as it is set up
when it is imported."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import asyncio
from perfsvc.plugin.testing import User, context
from perfsvc_protocols.grpc import GrpcProtocol

PROTO = 'syntax = "proto3"; package demo; message Note {} service Desk { rpc Say(Note) returns (Note); }'

def sending(data):
    async def serve(reader, writer):
        await reader.read(10)
        writer.write(data)
        writer.close()
    return serve

async def main():
    for data in (b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n", b"\\xff" * 300, b""):
        async with await asyncio.start_server(sending(data), "127.0.0.1", 0) as server:
            for scheme in ("grpc", "grpcs"):
                run = context(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
                async with User(GrpcProtocol(GrpcProtocol.Options.parse({"protos": {"a.proto": PROTO}}), run)) as user:
                    outcome = await user.do(user.call({"method": "demo.Desk/Say"}, timeout_s=0.3))
                    assert outcome.failure is not None

asyncio.run(main())
"""


def test_faults_of_targets_are_not_written_anywhere():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
