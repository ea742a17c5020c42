"""Keys for every purpose from one secret, and the vault for what must be stored but never shown."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from perfsvc.errors import Unavailable


def derive(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose. Knowing one of them tells nothing about another, or about ``secret_key``."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"perfsvc {purpose}".encode()).derive(
        secret_key.encode()
    )


class Vault:
    """Encrypts short texts such as the password of a database connection."""

    def __init__(self, secret_key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(derive(secret_key, "vault")))

    def seal(self, text: str) -> str:
        """The text encrypted and authenticated, as ASCII."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The text again; raises Unavailable when it was sealed with another key, or altered."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unavailable(
                "保存的密码无法解密，密钥可能已更换，请重新填写",
                "a stored password cannot be decrypted; the secret key may have changed, enter it again",
            ) from None
