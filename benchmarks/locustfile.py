"""The same scenes for Locust."""

from __future__ import annotations

import time

from locust import FastHttpUser
from locust import User
from locust import constant
from locust import task
from websocket import create_connection


class PlainGet(FastHttpUser):
    """One GET, status checked."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        """One request."""
        with self.client.get("/", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")


class Shop(FastHttpUser):
    """Three steps: a GET and a JSON POST with status checks, and a GET with a value out of the reply between."""

    wait_time = constant(0)

    @task
    def buy(self) -> None:
        """One iteration."""
        with self.client.get("/", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")
        with self.client.post("/login", json={"user": "u1", "password": "secret"}, catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")
            token = response.json()["token"]
        self.client.get(f"/items?token={token}", name="/items")


class WebSocketEcho(User):
    """Sends 64 bytes and waits for them to come back."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Opens the user's connection."""
        self._socket = create_connection(self.host)

    @task
    def echo(self) -> None:
        """One round trip."""
        begun = time.perf_counter()
        self._socket.send("x" * 64)
        reply = self._socket.recv()
        elapsed_ms = (time.perf_counter() - begun) * 1000
        self.environment.events.request.fire(
            request_type="WS", name="echo", response_time=elapsed_ms, response_length=len(reply), exception=None
        )
