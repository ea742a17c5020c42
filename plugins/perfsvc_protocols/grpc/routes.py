"""Channels of a user: its own, or one of a pool that all users share."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod

from perfsvc_protocols.grpc.channels import ChannelDialer
from perfsvc_protocols.grpc.channels import Route
from perfsvc_protocols.grpc.target import Target


class Routes(ABC):
    """The ways of one user."""

    @abstractmethod
    def to(self, target: Target) -> Route:
        """The way to a target."""

    @abstractmethod
    def drop(self) -> None:
        """Close the user's own channels for a fresh start."""

    @abstractmethod
    async def close(self) -> None:
        """The user ends."""


class OwnRoutes(Routes):
    """One connection for each target."""

    __slots__ = ("_dialer", "_number", "_routes")

    def __init__(self, dialer: ChannelDialer, number: int) -> None:
        self._dialer = dialer
        self._number = number
        self._routes: dict[Target, Route] = {}

    def to(self, target: Target) -> Route:
        route = self._routes.get(target)
        if route is None:
            route = self._routes[target] = Route(target, self._dialer, self._number)
        return route

    def drop(self) -> None:
        for route in self._routes.values():
            route.drop()

    async def close(self) -> None:
        for route in self._routes.values():
            await route.close()


class SharedRoutes(Routes):
    """A user's channel in a pool that lasts as long as the run."""

    __slots__ = ("_number", "_pool")

    def __init__(self, pool: list[OwnRoutes], number: int) -> None:
        self._pool = pool
        self._number = number % len(pool)

    def to(self, target: Target) -> Route:
        return self._pool[self._number].to(target)

    def drop(self) -> None:
        """Nothing: the connection belongs to all."""

    async def close(self) -> None:
        """Nothing: the connection belongs to all."""
