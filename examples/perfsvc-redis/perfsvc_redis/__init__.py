"""Redis for perfsvc: a protocol, and a data source that reads a list.

===============  ==========================================================
``address``      ``redis://host:port/database``
``spec``         what users write
``command``      commands compiled to bytes
``connection``   one connection: bytes out, replies in
``greeting``     what a connection begins with
``reply``        what came back, as the engine wants it
``session``      one virtual user as a Redis client
``protocol``     the protocol, one object for each run
``client``       asking from a coroutine
``data_source``  rows from a list
===============  ==========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import Protocol
from perfsvc.plugin import hookimpl
from perfsvc_redis.data_source import RedisList
from perfsvc_redis.protocol import RedisProtocol

__all__ = ["RedisList", "RedisProtocol", "register_data_sources", "register_protocols"]


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """Redis."""
    return [RedisProtocol]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Rows from a Redis list."""
    return [RedisList]
