"""Keys for purposes, and the vault."""

from __future__ import annotations

import pytest

from perfsvc.errors import Unavailable
from perfsvc.service.auth.vault import Vault
from perfsvc.service.auth.vault import derive


def test_purposes_have_different_keys_that_stay_the_same() -> None:
    assert derive("secret", "tokens") == derive("secret", "tokens")
    assert len({derive("secret", "tokens"), derive("secret", "vault"), derive("other", "tokens")}) == 3
    assert len(derive("secret", "tokens")) == 32


def test_what_is_sealed_comes_back_with_the_same_key_only() -> None:
    sealed = Vault("k" * 16).seal("密码 s3cret")
    assert "s3cret" not in sealed
    assert Vault("k" * 16).unseal(sealed) == "密码 s3cret"
    with pytest.raises(Unavailable, match="cannot be decrypted"):
        Vault("x" * 16).unseal(sealed)


def test_what_was_altered_is_refused() -> None:
    vault = Vault("k" * 16)
    sealed = vault.seal("s3cret")
    with pytest.raises(Unavailable):
        vault.unseal(sealed[:-4] + "AAA=")
