"""Steps of scenes, and scenes stored in a project with an environment."""

from __future__ import annotations

from typing import Any

from tests.support.service import Service


def step(name: str, path: str, **more: Any) -> dict[str, Any]:
    """Return a step that requests a path by GET."""
    return {"name": name, "request": {"url": path}, **more}


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
