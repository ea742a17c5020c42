"""Data files that requests name, and other fields of the same name."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.model import file_fields

SCHEMA = {
    "properties": {
        "body_file": {"format": "datafile"},
        "parts": {"items": {"$ref": "#/$defs/Part"}},
        "cells": {"type": "object", "x-freeform": True},
    },
    "$defs": {"Part": {"properties": {"extra": {"anyOf": [{"type": "object"}], "x-freeform": True}}}},
}


@pytest.fixture(autouse=True)
def _only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_fields, "_fields", set())
    monkeypatch.setattr(file_fields, "_freeform", set(file_fields._freeform))
    file_fields.register([SCHEMA], [{"properties": {"form": {"x-freeform": True}, "path": {"format": "datafile"}}}])


def test_fields_are_named_and_renamed_at_any_depth() -> None:
    request = {"url": "/", "parts": [{"body_file": "7"}], "body_file": "8"}
    assert list(file_fields.named_files(request)) == ["7", "8"]
    renamed = file_fields.renamed_files(request, {"7": "photo.png"})
    assert renamed == {"url": "/", "parts": [{"body_file": "photo.png"}], "body_file": "8"}


def test_only_protocols_have_fields_that_name_a_file_anywhere() -> None:
    assert file_fields.fields() == {"body_file"}


@pytest.mark.parametrize("key", ["headers", "variables", "set", "cells", "extra", "form"])
def test_names_that_users_give_are_left_alone(key: str) -> None:
    request: dict[str, Any] = {key: {"body_file": "7", "deep": {"body_file": "7"}}}
    assert list(file_fields.named_files(request)) == []
    assert file_fields.renamed_files(request, {"7": "photo.png"}) == request
