"""What other modules may know about parties."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class OrganisationFacts:
    """An organisation as others see it."""

    id: UUID
    kind: str
    name: str
    credit_code: str
    region_code: str
    state: str

    @property
    def is_public_research_unit(self) -> bool:
        """Whether the rules for universities and institutes apply (促进科技成果转化法 18, 45)."""
        return self.kind in {"university", "institute"}


@dataclass(frozen=True)
class MandateFacts:
    """A mandate as others see it."""

    id: UUID
    broker_id: UUID
    client_id: UUID
    revoked_at: datetime | None


@dataclass(frozen=True)
class TokenPair:
    """What a login hands out; only hashes of the tokens are stored."""

    access_token: str
    refresh_token: str
    expires_in_s: int


@dataclass(frozen=True)
class ConflictOfInterest:
    """Why a bidder is barred from a sale: `code` is `insider.closeness`, `source` the articles.

    `evidence` has ids of the declared relations (`relations`, readable by those who may see them),
    or the number of people that the bidder shares with the platform (`people`). `zh` and `en` say
    of the bidder what it is.
    """

    code: str
    source: str
    evidence: dict[str, Any]
    zh: str
    en: str

    def shown(self) -> dict[str, Any]:
        """As a member of a problem document and of an audit event."""
        return {"code": self.code, "source": self.source, "evidence": self.evidence}


@dataclass(frozen=True)
class ControlLink:
    """Two organisations under one control, with the declared relations that say so."""

    first: UUID
    second: UUID
    relations: tuple[UUID, ...]


@dataclass(frozen=True)
class AdviserFacts:
    """Who speaks for a party: its broker while that is mandated, else its member in charge.

    `contact` is what the adviser's organisation gave as its contact, and may be empty.
    """

    organisation_id: UUID
    organisation_name: str
    person_name: str | None
    contact: str
