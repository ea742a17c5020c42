"""What a connection begins with: who we are, and which database we want."""

from __future__ import annotations

from perfsvc.plugin import Failed
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc_redis.address import Address
from perfsvc_redis.command import Texts
from perfsvc_redis.command import packed
from perfsvc_redis.connection import Connection
from perfsvc_redis.spec import ServerOptions


class Greeting:
    """AUTH and SELECT, as far as they are needed."""

    def __init__(self, options: ServerOptions, context: RunContext) -> None:
        """Raises InvalidInput for a template that means nothing."""
        texts = Texts(context.template)
        self._username = texts.template(options.username, "username")
        self._password = texts.template(options.password, "password")
        self._database = options.database
        texts.check()

    async def say(self, connection: Connection, address: Address, scope: Scope) -> None:
        """Raises Failed when the server does not take it."""
        try:
            commands = self._commands(address, scope)
        except MissingVariable as error:
            raise Failed(error.error_class, str(error)) from None
        if commands:
            await connection.exchange(packed(commands), len(commands))

    def _commands(self, address: Address, scope: Scope) -> list[tuple[str, ...]]:
        username, password = self._username.render(scope), self._password.render(scope)
        database = self._database if address.database is None else address.database
        commands: list[tuple[str, ...]] = []
        if password:
            commands.append(("AUTH", username, password) if username else ("AUTH", password))
        if database:
            commands.append(("SELECT", str(database)))
        return commands
