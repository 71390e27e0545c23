"""What a trade certificate says, byte for byte, and how it is sealed.

The digest is SHA-256 over the canonical JSON of the content; the platform signs the digest.
`docs/guide/deals.md` has it for readers.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

FORMAT = "techmarket-trade-certificate/1"


def number(node_code: str, year: int, serial: int) -> str:
    """The number of a certificate: the platform, the year, the serial without gaps."""
    return f"{node_code}-{year:04d}-{serial:06d}"


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes of a content: JSON in UTF-8, members sorted by name, no white space."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest(content: Mapping[str, Any]) -> bytes:
    """The SHA-256 of a content."""
    return sha256(canonical(content)).digest()


def to_sign(certificate_number: str, content_digest: bytes) -> bytes:
    """What the platform signs: three lines of ASCII, the last one ended too."""
    return f"{FORMAT}\n{certificate_number}\n{content_digest.hex()}\n".encode()
