"""Keys derived from the secret key, and encryption of stored secrets."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from perfsvc.errors import Unavailable


def derive(secret_key: str, purpose: str) -> bytes:
    """Return 32 bytes for one purpose. A derived key reveals neither another one nor ``secret_key``."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"perfsvc {purpose}".encode()).derive(
        secret_key.encode()
    )


class Vault:
    """Encrypts short texts such as passwords of database connections."""

    def __init__(self, secret_key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(derive(secret_key, "vault")))

    def seal(self, text: str) -> str:
        """Return the text encrypted and authenticated, as ASCII."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """Return the plain text. Raises Unavailable when it was sealed with another key, or altered."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unavailable(
                "保存的密码无法解密，密钥可能已更换，请重新填写",
                "a stored password cannot be decrypted; the secret key may have changed, enter it again",
            ) from None
