"""What other modules may know about achievements."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class RightFacts:
    """A right in an achievement; `office` is the WIPO ST.3 code of who granted it."""

    type: str
    number: str | None
    title: str | None
    expires_on: date | None
    office: str = "CN"


@dataclass(frozen=True)
class ClearanceFacts:
    """A consent, statement, pledge or approval on record; see `states.ClearanceKind`."""

    kind: str
    subject: str
    statement: str
    document: str
    dated_on: date
    valid_until: date | None


@dataclass(frozen=True)
class OfferFacts:
    """What decides whether an achievement may be offered.

    `co_owners` are the names of the owners besides the poster; `clearances` those in force.
    """

    achievement_id: UUID
    co_owners: tuple[str, ...]
    inventors: tuple[str, ...]
    funding: str | None
    details: str
    public_documents: int
    clearances: tuple[ClearanceFacts, ...]


@dataclass(frozen=True)
class AchievementFacts:
    """An achievement as other modules see it; a package has the rights of its members.

    Whoever shows an anonymous one does not show `lead_party_id`, `owner_ids`, `rights` or
    `completing_persons` to those who may not know its owner.
    """

    id: UUID
    version: int
    title: str
    summary: str
    kind: str
    state: str
    lead_party_id: UUID
    owner_ids: tuple[UUID, ...]
    technical_field: str
    ipc: tuple[str, ...]
    industry_code: str | None
    trl: int | None
    transfer_modes: tuple[str, ...]
    rights: tuple[RightFacts, ...]
    funding: str | None
    secrecy: str
    completing_persons: tuple[str, ...]
    member_ids: tuple[UUID, ...]
    public_from: datetime | None
    anonymous: bool = False
