"""What UI tests of the scene editor share: a project with an environment, and scenes stored in it."""

from __future__ import annotations

from typing import Any

from tests.support.service import Service


def project_with_environment(service: Service) -> int:
    """The id of a new project, whose environment is the service itself."""
    project: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    env = {"name": "staging", "project_id": project, "host": service.url, "variables": {"user": "ann"}}
    assert service.post("/api/envs/", env).status == 201
    return project


def stored(service: Service, project: int, name: str, *steps: dict[str, Any]) -> int:
    """The id of a new scene."""
    answer = service.post("/api/scenes/", {"project_id": project, "name": name, "steps": list(steps)})
    assert answer.status == 201, answer
    return int(answer.body["id"])
