"""The key that signs tokens and encrypts stored secrets."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from perfsvc.errors import SettingsError
from perfsvc.settings import SHORTEST_KEY
from perfsvc.settings import Settings

SECRET_KEY_FILE = "secret.key"  # noqa: S105 - the name of the file, not what is in it


def obtain_secret_key(settings: Settings, *, may_create: bool = True) -> str:
    """Return the key from the settings, or the one in the data folder, created at the first start with mode 0600.

    ``may_create`` is false where the database holds secrets that only the old key opens. Raise SettingsError when the
    key is missing then, cannot be written, or can be read by other users of this machine.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / SECRET_KEY_FILE
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        if may_create:
            _create_key(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                f"{path} 可被其他用户读取，请执行 chmod 600 {path}",
                f"other users can read {path}; run chmod 600 {path}",
            )
        key = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise SettingsError(
            f"数据库已有数据，但缺少密钥文件 {path}，请恢复该文件或设置 PERFSVC_SECRET_KEY",
            f"the database has data and its key {path} is missing; restore the file or set PERFSVC_SECRET_KEY",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法保存密钥 {path}：{error}", f"cannot keep the secret key in {path}: {error}") from None
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"{path} 内容不完整", f"{path} is truncated")
    return key


def _create_key(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
