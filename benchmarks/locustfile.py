"""The same scenes for Locust."""

from __future__ import annotations

from locust import FastHttpUser
from locust import constant
from locust import task


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
