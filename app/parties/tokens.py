"""Secrets: tokens are random, only their SHA-256 is stored; passwords are argon2id."""

import hashlib
import secrets

import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

ACCESS_PREFIX = "tma_"
REFRESH_PREFIX = "tmr_"
KEY_PREFIX = "tmk_"
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


def make_secret(prefix: str) -> str:
    """A new secret of 256 bits; the prefix says what it is, for people and for leak scanners."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


async def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return await anyio.to_thread.run_sync(_hasher.hash, password)


async def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes as long when there is no such person."""
    return await anyio.to_thread.run_sync(_verify, password_hash or _NOBODY, password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password) and password_hash != _NOBODY
    except (VerifyMismatchError, InvalidHashError):
        return False
