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
