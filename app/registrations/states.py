"""The life of a registration, and why one is refused."""

from enum import StrEnum


class RegistrationState(StrEnum):
    """Where a registration stands (rules.md 3.5)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NEEDS_CORRECTION = "needs_correction"
    REGISTERED = "registered"
    REFUSED = "refused"


MOVES: dict[tuple[RegistrationState, str], RegistrationState] = {
    (RegistrationState.DRAFT, "submit"): RegistrationState.SUBMITTED,
    (RegistrationState.SUBMITTED, "accept"): RegistrationState.ACCEPTED,
    (RegistrationState.ACCEPTED, "request_correction"): RegistrationState.NEEDS_CORRECTION,
    (RegistrationState.NEEDS_CORRECTION, "correct"): RegistrationState.ACCEPTED,
    (RegistrationState.ACCEPTED, "register"): RegistrationState.REGISTERED,
    (RegistrationState.ACCEPTED, "refuse"): RegistrationState.REFUSED,
}
"""`correct` accepts anew: the date of the corrected material is the date of acceptance (B-4)."""


class RefusalReason(StrEnum):
    """Grounds for refusing registration (rules.md 3.2)."""

    INVALID_OR_NOT_EFFECTIVE = "invalid_or_not_effective"
    NOT_TECHNOLOGY_CONTRACT = "not_technology_contract"
    UNCLEAR_PARTY_SUBJECT_OR_PRICE = "unclear_party_subject_or_price"
    APPROVAL_MISSING = "approval_missing"
    NAME_MISMATCH_UNCORRECTED = "name_mismatch_uncorrected"
    MONOPOLY_CLAUSE = "monopoly_clause"
    DOCUMENTS_MISSING = "documents_missing"
    SEAL_MISMATCH = "seal_mismatch"
    OTHER = "other"


class Side(StrEnum):
    """A side of the contract."""

    SELLER = "seller"
    BUYER = "buyer"
