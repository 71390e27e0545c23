"""Checks a signed contract's PDF from its bytes alone, without the platform and without I/O."""

from dataclasses import dataclass

from app.contracts import pades
from app.contracts.pades import Found


@dataclass(frozen=True)
class Check:
    """One check: whether it passed, and what was found, in English."""

    name: str
    passed: bool
    finding: str


def verify(content: bytes, roots_pem: bytes) -> list[Check]:
    """One check for each signature, and one that nothing was added after the last one.

    Every party has a field in the document, so that a signature that is missing is told too.
    Revocation is not asked for; the time is the one written when the digest was prepared.
    """
    try:
        found = pades.verify(content, pades.pem_certificates(roots_pem))
        fields = pades.field_names(content)
    except ValueError as error:
        return [Check("form", False, str(error))]
    checks = [Check("signature", one.good, _told(one)) for one in found]
    open_fields = [name for name in fields if name not in {one.field for one in found}]
    missing = ", ".join(open_fields) or ("" if found else "all")
    whole = bool(found) and found[-1].covers_file
    return [
        *checks,
        Check("complete", not missing, f"not signed: {missing}" if missing else "all have signed"),
        Check("whole", whole, "signed to the last byte" if whole else "bytes are not signed"),
    ]


def _told(one: Found) -> str:
    when = "at an unknown time" if one.claimed_at is None else f"at {one.claimed_at.isoformat()}"
    told = f"{one.subject}; issued by {one.issuer}; {when}; {one.reason}"
    return f"{told}; {one.problem}" if one.problem else told
