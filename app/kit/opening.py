"""Opening keys: X25519 pairs to which the platform seals what it must not read before a time.

The service has public halves alone, from its settings. Private halves are in files of officers or
of the one who keeps the opening key, and are used on their machines. The sandbox may keep one for
itself, which protects nothing and is named `ephemeral`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random

from app.kit.keyfiles import put_new
from app.kit.settings import EPHEMERAL, PUBLIC_KEY, Settings

KEY_BYTES = 32
EPHEMERAL_KEY_FILE = "ephemeral-opening-key.json"
FORMAT = "techmarket-opening-key/1"

HexKey: TypeAlias = Annotated[str, Meta(pattern=f"^{PUBLIC_KEY}$")]
Hex: TypeAlias = Annotated[str, Meta(pattern="^([0-9a-f]{2})+$")]


class BadOpeningKey(ValueError):
    """A key, key file or passphrase that cannot be used; the message says what would be right."""


class CannotOpen(ValueError):
    """A sealed text that this key does not open, or that was changed."""


class NobodyOpens(ValueError):
    """Something is to be sealed, and the settings do not say who opens it."""


@dataclass(frozen=True)
class KeyHolder:
    """One opening key; `ephemeral` if the service itself has the private half."""

    public_key: bytes
    ephemeral: bool = False


@dataclass(frozen=True)
class Officers:
    """Officers by name with their public keys, of whom `threshold` open together."""

    public_keys: Mapping[str, bytes]
    threshold: int


Openers: TypeAlias = KeyHolder | Officers


def openers(settings: Settings) -> Openers:
    """Who opens what is sealed from now on; raises NobodyOpens."""
    if settings.officers:
        keys = {name: bytes.fromhex(key) for name, key in settings.officers.items()}
        return Officers(keys, settings.opening_threshold)
    if settings.opening_public_key == EPHEMERAL:
        return KeyHolder(public_half(ephemeral_key(settings)), ephemeral=True)
    if settings.opening_public_key:
        return KeyHolder(bytes.fromhex(settings.opening_public_key))
    raise NobodyOpens("set TECHMARKET_OPENING_PUBLIC_KEY or TECHMARKET_OPENING_OFFICERS")


def known_openers(settings: Settings) -> Openers | None:
    """Who opens what is sealed from now on; None when the settings name nobody."""
    try:
        return openers(settings)
    except NobodyOpens:
        return None


def seal_text(public_key: bytes, text: bytes) -> bytes:
    """The text as only the private half can read it; 48 bytes longer. Raises BadOpeningKey."""
    if len(public_key) != KEY_BYTES:
        raise BadOpeningKey(f"a public key has {KEY_BYTES} bytes, not {len(public_key)}")
    try:
        return SealedBox(PublicKey(public_key)).encrypt(text)
    except CryptoError:
        raise BadOpeningKey("this public key is a weak one that nobody can have made") from None


def unseal_text(private_key: bytes, sealed: bytes) -> bytes:
    """What was sealed to the public half; raises BadOpeningKey and CannotOpen."""
    try:
        return SealedBox(_private(private_key)).decrypt(sealed)
    except CryptoError:
        raise CannotOpen("it was sealed to another key, or changed since") from None


def public_half(private_key: bytes) -> bytes:
    """The public half of a private key; raises BadOpeningKey."""
    return _private(private_key).public_key.encode()


def _private(private_key: bytes) -> PrivateKey:
    if len(private_key) != KEY_BYTES:
        raise BadOpeningKey(f"a private key has {KEY_BYTES} bytes, not {len(private_key)}")
    return PrivateKey(private_key)


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """With a salt, `private_key` is in a secretbox whose key is argon2id of the passphrase."""

    format: str
    public_key: HexKey
    private_key: Hex
    salt: Hex | None = None


def new_key_file(path: Path, passphrase: bytes | None = None) -> str:
    """Make a pair, in a new file for its owner alone; returns the public half in hex.

    Raises FileExistsError, and BadOpeningKey for an empty passphrase.
    """
    private = PrivateKey.generate()
    content, salt = private.encode(), None
    if passphrase is not None:
        salt = random(argon2id.SALTBYTES)
        content = SecretBox(_stretched(passphrase, salt)).encrypt(content)
    file = _KeyFile(
        format=FORMAT,
        public_key=public_half(private.encode()).hex(),
        private_key=content.hex(),
        salt=salt.hex() if salt else None,
    )
    put_new(path, msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")
    return file.public_key


def is_protected(path: Path) -> bool:
    """Whether the file asks for a passphrase; raises BadOpeningKey."""
    return _read(path).salt is not None


def read_public_key(path: Path) -> str:
    """The public half of a key file as 64 hex digits, without a passphrase; raises BadOpeningKey.

    Of a protected file it is what the file says; `read_private_key` checks it.
    """
    file = _read(path)
    if file.salt is None:
        return public_half(read_private_key(path)).hex()
    return file.public_key


def read_private_key(path: Path, passphrase: bytes | None = None) -> bytes:
    """The private half of a key file; raises BadOpeningKey."""
    file = _read(path)
    content = bytes.fromhex(file.private_key)
    if file.salt is not None:
        if passphrase is None:
            raise BadOpeningKey(f"{path} is protected by a passphrase")
        try:
            box = SecretBox(_stretched(passphrase, bytes.fromhex(file.salt)))
            content = box.decrypt(content)
        except CryptoError:
            raise BadOpeningKey(f"this is not the passphrase of {path}") from None
    if public_half(content).hex() != file.public_key:
        raise BadOpeningKey(f"the two halves in {path} do not belong together")
    return content


def ephemeral_key(settings: Settings) -> bytes:
    """The sandbox's own private key in `data_dir`, made if missing; elsewhere NobodyOpens."""
    if not settings.sandbox or settings.opening_public_key != EPHEMERAL:
        raise NobodyOpens(f"TECHMARKET_OPENING_PUBLIC_KEY={EPHEMERAL} is for the sandbox alone")
    path = settings.data_dir / EPHEMERAL_KEY_FILE
    if not path.exists():
        with suppress(FileExistsError):
            new_key_file(path)
    return read_private_key(path)


def _read(path: Path) -> _KeyFile:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
    except (OSError, ValueError) as error:
        raise BadOpeningKey(f"{path} is no key file: {error}") from None
    if file.format != FORMAT:
        raise BadOpeningKey(f"{path} must have the format {FORMAT}, not {file.format}")
    return file


def _stretched(passphrase: bytes, salt: bytes) -> bytes:
    """About a second and 256 MiB; the limits belong to FORMAT."""
    if not passphrase:
        raise BadOpeningKey("the passphrase must not be empty")
    if len(salt) != argon2id.SALTBYTES:
        raise BadOpeningKey(f"a salt has {argon2id.SALTBYTES} bytes, not {len(salt)}")
    return argon2id.kdf(
        SecretBox.KEY_SIZE,
        passphrase,
        salt,
        opslimit=argon2id.OPSLIMIT_MODERATE,
        memlimit=argon2id.MEMLIMIT_MODERATE,
    )
