"""What a browser and the service said to each other, recorded once and played back: pictures that come out alike.

The files of the UI come from a real service; replies of its API and the frames of live feeds come from the recording.
"""

from __future__ import annotations

import gzip
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import Response
from playwright.sync_api import Route
from playwright.sync_api import WebSocket
from playwright.sync_api import WebSocketRoute

API = "**/api/**"
FEED = "**/ws/**"


@dataclass
class Scene:
    """One page: where it is, when it was looked at, replies by method and address, and frames of its feed."""

    path: str
    now: float = 0
    replies: dict[str, tuple[int, str]] = field(default_factory=dict)
    frames: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Note down what the service says to a page."""
        page.on("response", self._reply)
        page.on("websocket", self._feed)

    def _feed(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    def _reply(self, response: Response) -> None:
        address = urllib.parse.urlsplit(response.url)
        if address.path.startswith("/api/") and response.status != 204:
            key = f"{response.request.method} {address.path}?{address.query}"
            self.replies[key] = (response.status, response.text())


class Recording:
    """Pages by name, and who was signed in."""

    def __init__(self, user: Mapping[str, Any], scenes: dict[str, Scene]) -> None:
        self.user = user
        self.scenes = scenes

    @classmethod
    def load(cls, path: Path) -> Recording:
        content = json.loads(gzip.decompress(path.read_bytes()))
        return cls(content["user"], {name: Scene(**scene) for name, scene in content["scenes"].items()})

    def save(self, path: Path) -> None:
        """Write it, alike for alike content."""
        content = {"user": self.user, "scenes": {name: asdict(scene) for name, scene in self.scenes.items()}}
        path.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0))

    def session(self) -> str:
        """What a signed-in browser stores."""
        return json.dumps({"token": "recorded", "refreshToken": "recorded", "user": self.user})


class Playback:
    """Gives a page what was recorded for one of the scenes; ``words`` are written in place of others."""

    def __init__(self, page: Page, recording: Recording, words: Mapping[str, str]) -> None:
        self._recording = recording
        self._words = words
        self._scene: Scene | None = None
        self.missing: list[str] = []
        page.route(API, self._answer)
        page.route_web_socket(FEED, self._feed)
        self._page = page

    def show(self, name: str, base: str) -> None:
        """Open a page as it was."""
        self._scene = self._recording.scenes[name]
        self._page.clock.set_fixed_time(datetime.fromtimestamp(self._scene.now, UTC))
        self._page.goto(base + self._scene.path)

    def _translated(self, text: str) -> str:
        for word, other in self._words.items():
            text = text.replace(word, other)
        return text

    def _answer(self, route: Route) -> None:
        address = urllib.parse.urlsplit(route.request.url)
        key = f"{route.request.method} {address.path}?{address.query}"
        reply = self._recorded(key)
        if reply is None:
            self.missing.append(key)
            route.fulfill(status=404, json={"error": "not recorded"})
            return
        route.fulfill(status=reply[0], body=self._translated(reply[1]), content_type="application/json; charset=utf-8")

    def _recorded(self, key: str) -> tuple[int, str] | None:
        assert self._scene is not None
        others = [scene for scene in self._recording.scenes.values() if scene is not self._scene]
        for scene in [self._scene, *others]:
            if key in scene.replies:
                return scene.replies[key]
        return None

    def _feed(self, socket: WebSocketRoute) -> None:
        assert self._scene is not None
        for frame in self._scene.frames:
            socket.send(self._translated(frame))
