"""What a trade certificate says, byte for byte, and how it is sealed.

The digest is SHA-256 over the canonical JSON of the content; the platform signs the digest.
`docs/guide/deals.md` has it for readers.
"""

from app.kit import seals
from app.kit.seals import canonical, digest

__all__ = ["FORMAT", "canonical", "digest", "number", "to_sign"]

FORMAT = "techmarket-trade-certificate/1"


def number(node_code: str, year: int, serial: int) -> str:
    """The number of a certificate: the platform, the year, the serial without gaps."""
    return f"{node_code}-{year:04d}-{serial:06d}"


def to_sign(certificate_number: str, content_digest: bytes) -> bytes:
    """What the platform signs: three lines of ASCII, the last one ended too."""
    return seals.to_sign(FORMAT, certificate_number, content_digest)
