"""Signing secrets: derived, and stored nowhere.

The secret of a webhook is an HMAC of its id and of the number of its rotations, by a key in a file
outside the database. A copy of the database therefore signs nothing; without the file every
secret is lost, and has to be rotated.
"""

import base64
import hmac
import secrets
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from app.kit.keyfiles import put_new
from app.kit.settings import Settings

KEY_FILE = "webhook.key"
KEY_BYTES = 32
SECRET_PREFIX = "whsec_"


class BadWebhookKey(ValueError):
    """The key file holds fewer than 32 bytes."""


class SecretKey:
    """What the secrets of all webhooks are derived from; `key_id` tells one key from another."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.key_id = sha256(b"webhook key id:" + key).hexdigest()[:16]

    def secret(self, webhook_id: UUID, generation: int) -> str:
        """The secret as Standard Webhooks writes it: `whsec_` and base64 of 32 bytes."""
        derived = hmac.digest(self._key, f"webhook:{webhook_id}:{generation}".encode(), sha256)
        return SECRET_PREFIX + base64.b64encode(derived).decode()


def secret_key(settings: Settings) -> SecretKey:
    """The key in `webhook_key_file`; without that setting the one in `data_dir`, made if missing.

    Raises BadWebhookKey, and FileNotFoundError when a file is named that does not exist.
    """
    if settings.webhook_key_file:
        return _load(Path(settings.webhook_key_file))
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        with suppress(FileExistsError):  # another process was first
            put_new(path, secrets.token_bytes(KEY_BYTES))
    return _load(path)


@lru_cache
def _load(path: Path) -> SecretKey:
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise BadWebhookKey(f"{path} holds fewer than {KEY_BYTES} bytes")
    return SecretKey(key)
