"""What the service says of itself, without a login."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc import __version__
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test


@pytest.fixture
def changes() -> dict[str, Any]:
    return {"registration": False, "max_datafile_size": 5_000_000, "access_token_ttl": 60}


async def test_about(api: Api, base_url: str) -> None:
    about = (await api.get("/api/about/", None)).json
    assert about.pop("demo")["url"] == f"{base_url}/demo/"
    assert about == {
        "name": "perfsvc",
        "version": __version__,
        "languages": ["zh", "en"],
        "registration_open": False,
        "token_seconds": 60,
        "refresh_grace_seconds": 30,
        "limits": {
            "page_size": 100,
            "upload_bytes": 5_000_000,
            "body_bytes": 1_048_576,
            "scene_steps": 500,
            "vus": 1_000_000,
            "arrival_rate": 10_000_000.0,
            "live_viewers": 500,
        },
    }
