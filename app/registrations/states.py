"""The life of a registration and of an objection to it, and why registration is refused."""

from enum import StrEnum


class RegistrationState(StrEnum):
    """Where a registration stands (rules.md 3.5)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NEEDS_CORRECTION = "needs_correction"
    SPLIT = "split"
    REGISTERED = "registered"
    REFUSED = "refused"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    UNDER_REVIEW = "under_review"
    OVERTURNED = "overturned"


_S = RegistrationState

MOVES: dict[tuple[RegistrationState, str], RegistrationState] = {
    (_S.DRAFT, "submit"): _S.SUBMITTED,
    (_S.SUBMITTED, "accept"): _S.ACCEPTED,
    (_S.ACCEPTED, "request_correction"): _S.NEEDS_CORRECTION,
    (_S.NEEDS_CORRECTION, "correct"): _S.ACCEPTED,
    (_S.ACCEPTED, "split"): _S.SPLIT,
    (_S.ACCEPTED, "register"): _S.REGISTERED,
    (_S.ACCEPTED, "refuse"): _S.REFUSED,
    (_S.REGISTERED, "change"): _S.CHANGED,
    (_S.CHANGED, "change"): _S.CHANGED,
    (_S.REGISTERED, "cancel"): _S.CANCELLED,
    (_S.CHANGED, "cancel"): _S.CANCELLED,
    (_S.REGISTERED, "revoke"): _S.REVOKED,
    (_S.CHANGED, "revoke"): _S.REVOKED,
    (_S.REGISTERED, "object"): _S.UNDER_REVIEW,
    (_S.CHANGED, "object"): _S.UNDER_REVIEW,
    (_S.REFUSED, "object"): _S.UNDER_REVIEW,
    (_S.UNDER_REVIEW, "uphold_registered"): _S.REGISTERED,
    (_S.UNDER_REVIEW, "uphold_changed"): _S.CHANGED,
    (_S.UNDER_REVIEW, "uphold_refused"): _S.REFUSED,
    (_S.UNDER_REVIEW, "overturn_registration"): _S.OVERTURNED,
    (_S.UNDER_REVIEW, "overturn_refusal"): _S.ACCEPTED,
}
"""`correct` accepts anew: the date of the corrected material is the date of acceptance (B-4).

A review that upholds goes back to what was decided; one that overturns ends a registration, or
opens a refused application anew.
"""

FALLEN = frozenset({_S.CANCELLED, _S.REVOKED, _S.OVERTURNED})
"""Registered once, and not any more: nothing may rest on it."""

NUMBERED = frozenset({_S.REGISTERED, _S.CHANGED, _S.UNDER_REVIEW})
"""In force, if it has a number: a review alone takes nothing away."""

ENDED = frozenset({_S.REFUSED, _S.SPLIT, *FALLEN})
"""The contract, or its part, can be applied for anew."""


class ObjectionState(StrEnum):
    """Where an objection stands (rules.md B-7)."""

    UNDER_REVIEW = "under_review"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"


OBJECTION_MOVES: dict[tuple[ObjectionState, str], ObjectionState] = {
    (ObjectionState.UNDER_REVIEW, "uphold"): ObjectionState.UPHELD,
    (ObjectionState.UNDER_REVIEW, "overturn"): ObjectionState.OVERTURNED,
    (ObjectionState.UNDER_REVIEW, "withdraw"): ObjectionState.WITHDRAWN,
}
"""What is upheld or overturned is the office's decision."""


class RequestKind(StrEnum):
    """What an applicant asks the original office for (rules.md B-6)."""

    CHANGE = "change"
    CANCEL = "cancel"


class RequestState(StrEnum):
    """Where an applicant's request for a change or cancellation stands."""

    FILED = "filed"
    GRANTED = "granted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


REQUEST_MOVES: dict[tuple[RequestState, str], RequestState] = {
    (RequestState.FILED, "grant"): RequestState.GRANTED,
    (RequestState.FILED, "reject"): RequestState.REJECTED,
    (RequestState.FILED, "withdraw"): RequestState.WITHDRAWN,
}
"""What is granted is done to the registration at the same time."""


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


class Source(StrEnum):
    """Where a contract came from: traded here, or handed to the office and entered by it."""

    PLATFORM = "platform"
    IMPORT = "import"


class ItemKind(StrEnum):
    """What a question of the checklist is for (rules.md 3.2).

    Tests must all hold and exclusions must not; positive lists and local additions inform.
    """

    TEST = "test"
    EXCLUSION = "exclusion"
    POSITIVE = "positive"
    LOCAL = "local"


class Answer(StrEnum):
    """A registrar's, or the words', answer to a question."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Verdict(StrEnum):
    """How the content compares with the declared class."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNDECIDED = "undecided"


class ItemCategory(StrEnum):
    """What a non-technical cost buys (rules.md 3.3)."""

    EQUIPMENT = "equipment"
    INSTRUMENT = "instrument"
    PARTS = "parts"
    RAW_MATERIAL = "raw_material"
    OTHER = "other"


class SubjectKind(StrEnum):
    """What is handed over in a reasonable quantity (rules.md 3.3)."""

    DOCUMENTS = "documents"
    SAMPLES = "samples"
    EQUIPMENT = "equipment"


class FindingKind(StrEnum):
    """What an office notes about an application; append-only."""

    ASSESSMENT = "assessment"
    AMOUNTS = "amounts"
    DISPUTE = "dispute"
    OPINION = "opinion"
    CLEARED = "cleared"
    CHANGE = "change"


class Opinion(StrEnum):
    """What an expert says to registration."""

    REGISTER = "register"
    REFUSE = "refuse"


class Likeness(StrEnum):
    """Why another registration may be of the same contract."""

    SAME_TERMS = "same_terms"
    SAME_TEXT = "same_text"
    NEAR_TEXT = "near_text"
