"""Checks a trade certificate from its bytes alone, without the platform and without I/O.

What is checked is the JSON that `GET /api/v1/certificates/{number}` gives. Whether it was revoked
since, only the platform can tell.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from app.deals import seal
from app.deals.schemas import CertificateView
from app.kit import signing


@dataclass(frozen=True)
class Check:
    """One check: whether it passed, and what was found, in English."""

    name: str
    passed: bool
    finding: str


def verify(content: bytes, trusted_pem: str | None = None) -> list[Check]:
    """Check a certificate; with `trusted_pem` it must be signed with that key and no other."""
    try:
        shown = CertificateView.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "certificate"
        return [Check("form", False, f"{where}: {first['msg']}")]
    return [
        Check("form", shown.format == seal.FORMAT, shown.format),
        _content(shown),
        _signature(shown, trusted_pem),
        Check("state", shown.valid, "in force" if shown.valid else "revoked by the platform"),
    ]


def _content(shown: CertificateView) -> Check:
    digest = seal.digest(shown.content).hex()
    if shown.content.get("number") != shown.number:
        return Check("content", False, "the content is that of another number")
    if digest != shown.content_sha256:
        return Check("content", False, f"the content's SHA-256 is {digest}, not the one signed")
    return Check("content", True, digest)


def _signature(shown: CertificateView, trusted_pem: str | None) -> Check:
    proof = shown.signature
    try:
        pem = signing.plain_pem(proof.public_key)
        if trusted_pem is not None and pem != trusted_pem:
            return Check("signature", False, f"signed with another key: {signing.key_id(pem)}")
        message = seal.to_sign(shown.number, bytes.fromhex(shown.content_sha256))
        if not signing.is_signed(pem, message, bytes.fromhex(proof.value)):
            return Check("signature", False, "the signature is not the key's over this content")
    except ValueError as error:
        return Check("signature", False, str(error))
    whose = "the trusted key" if trusted_pem else "the key that the certificate itself names"
    return Check("signature", True, f"signed with {whose}: {signing.key_id(pem)}")
