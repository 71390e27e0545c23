"""How certificates are sealed: a canonical content, its digest, and three signed lines.

The digest is SHA-256 over the canonical JSON of the content; the platform signs the digest with
its Ed25519 key (ADR 0019).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from app.kit.signing import SigningKey


@dataclass(frozen=True)
class Sealer:
    """Who seals: the platform's public address and its key."""

    public_url: str
    key: SigningKey


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes of a content: JSON in UTF-8, members sorted by name, no white space."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest(content: Mapping[str, Any]) -> bytes:
    """The SHA-256 of a content."""
    return sha256(canonical(content)).digest()


def to_sign(kind: str, number: str, content_digest: bytes) -> bytes:
    """What the platform signs: format, number, digest; three lines of ASCII, the last ended too."""
    return f"{kind}\n{number}\n{content_digest.hex()}\n".encode()
