"""Installation by `make`: uv gets the settings of pip on this machine."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import ROOT


def loaded(name: str) -> ModuleType:
    """A script of CI as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


install = loaded("install")


def settings_of(listing: str) -> dict[str, str]:
    found: dict[str, str] = install.uv_settings(install.pip_settings(listing))
    return found


def test_uv_takes_the_mirror_and_the_certificates_of_pip(tmp_path: Path) -> None:
    listing = (
        ":env:.disable-pip-version-check='1'\n"
        "global.cert='/etc/ssl/certs/company.pem'\n"
        "global.index-url='https://mirror.example.com/simple'\n"
        "global.trusted-host='mirror.example.com other.example.com'\n"
        f"install.extra-index-url='\\nfile://{tmp_path} file:///not/there https://extra.example.com/simple'\n"
        f"install.find-links='{tmp_path} /not/there'\n"
    )
    assert settings_of(listing) == {
        "SSL_CERT_FILE": "/etc/ssl/certs/company.pem",
        "UV_DEFAULT_INDEX": "https://mirror.example.com/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "UV_INDEX": f"file://{tmp_path} https://extra.example.com/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "mirror.example.com other.example.com",
    }


@pytest.mark.parametrize(
    ("listing", "index"),
    [
        ("global.index-url='https://a/simple'\ninstall.index-url='https://b/simple'\n", "https://b/simple"),
        (":env:.index-url='https://c/simple'\ninstall.index-url='https://b/simple'\n", "https://c/simple"),
        ("download.index-url='https://d/simple'\n", None),
        ("", None),
    ],
)
def test_the_section_that_pip_obeys_wins(listing: str, index: str | None) -> None:
    assert settings_of(listing).get("UV_DEFAULT_INDEX") == index


def test_variables_of_uv_win_over_the_configuration_of_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$UV_DEFAULT_INDEX $UV_FIND_LINKS $5 $6" > {tmp_path}/seen\nexit 3\n')
    uv.chmod(0o755)
    monkeypatch.setattr(install, "UV", uv)
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.com/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    assert install.main(["-c", "some.lock"]) == 3
    assert (tmp_path / "seen").read_text() == f"https://uv.example.com/simple {tmp_path} {sys.executable} -c\n"
