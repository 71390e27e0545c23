"""What other modules may know about parties."""

from dataclasses import dataclass
from datetime import datetime
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
