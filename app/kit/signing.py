"""The platform's Ed25519 key for records that are checked without the platform.

Whoever has the key file can sign in the platform's name. It is outside the database, so that a
copy or a manipulation of the database alone gives no signature.
"""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from app.kit.key_file import create_once
from app.kit.settings import Settings

KEY_FILE = "record-key.pem"


class BadKey(ValueError):
    """A file or text that holds no Ed25519 key in PEM without a password."""


class SigningKey:
    """A private key and what others need to check its signatures."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_pem = _public_pem(private.public_key())
        self.key_id = key_id(self.public_pem)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same message always gets the same one (RFC 8032)."""
        return self._private.sign(message)


def signing_key(settings: Settings) -> SigningKey:
    """The key in `record_key_file`; without that setting the one in `data_dir`, made if missing.

    Raises BadKey, and FileNotFoundError when a file is named that does not exist.
    """
    if settings.record_key_file:
        return _load(Path(settings.record_key_file))
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        _create(path)
    return _load(path)


@lru_cache
def _load(path: Path) -> SigningKey:
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"{path} holds no private key in PEM without a password: {error}") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise BadKey(f"{path} holds a private key that is not Ed25519")
    return SigningKey(private)


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    create_once(path, pem)


def _public_pem(public: Ed25519PublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(public_pem: str) -> str:
    """A short name of a public key: 16 hex digits of the SHA-256 of its 32 bytes; raises BadKey."""
    raw = _public(public_pem).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return sha256(raw).hexdigest()[:16]


def plain_pem(public_pem: str) -> str:
    """The one text of a public key, however it was wrapped; raises BadKey."""
    return _public_pem(_public(public_pem))


def is_signed(public_pem: str, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the message; raises BadKey."""
    try:
        _public(public_pem).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _public(pem: str) -> Ed25519PublicKey:
    try:
        public = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"no public key in PEM: {error}") from None
    if not isinstance(public, Ed25519PublicKey):
        raise BadKey("the public key is not Ed25519")
    return public
