"""What other modules may know about registrations."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class RegistrationFacts:
    """A contract with a registration number as the statistics count it; amounts in fen.

    Kinds and regions are those of the parties when registration was applied for. `contract_id` is
    the registration's own id where the contract was not made here (`source` is `import`). What
    form JJ-001 asks for are codes of the lists `ip_types`, `plan_categories` and
    `socio_economic_objectives`; types of the parties are of `party_types`, where they are known;
    `seller_code` and `buyer_code` are their credit codes.
    """

    id: UUID
    contract_id: UUID
    number: str
    contract_class: str
    sub_class: str | None
    total_fen: int
    technical_fen: int
    technical_field: str
    seller_id: UUID
    seller_kind: str
    seller_region: str
    buyer_id: UUID
    buyer_kind: str
    buyer_region: str
    office_id: UUID
    registered_at: datetime
    signed_at: datetime
    state: str
    source: str
    ip_type: str
    plan_category: str
    objective: str | None
    seller_type: str | None
    buyer_type: str | None
    seller_code: str
    buyer_code: str


@dataclass(frozen=True)
class StandingFacts:
    """Where a numbered registration stands; `contract_id` is None for a contract not made here."""

    id: UUID
    contract_id: UUID | None
    number: str
    state: str
    in_force: bool
    technical_fen: int
    fell_at: datetime | None
    fall_note: str | None


@dataclass(frozen=True)
class IncomeFacts:
    """Approved technical income of one realised payment, in fen."""

    payment_id: UUID | None
    received_on: date
    realised_total_fen: int
    realised_technical_fen: int
    income_fen: int
