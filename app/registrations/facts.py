"""What other modules may know about registrations."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class RegistrationFacts:
    """A contract with a registration number as the statistics count it; amounts in fen.

    Kinds and regions are those of the parties when registration was applied for. What form JJ-001
    asks for and nobody stated is None: `ip_type`, `plan_category` and `objective` are codes of the
    lists `ip_types`, `plan_categories` and `socio_economic_objectives`.
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
    ip_type: str | None = None
    plan_category: str | None = None
    objective: str | None = None
