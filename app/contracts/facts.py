"""What other modules may know about contracts."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class ContractFacts:
    """A contract as other modules see it; amounts in fen.

    `sub_class` is the full code of the list `contract_classes`, such as `transfer.patent_right`,
    and None where a class has no sub-classes. `terms` are the structured terms of the present text.
    """

    id: UUID
    deal_id: UUID
    seller_id: UUID
    buyer_id: UUID
    contract_class: str
    sub_class: str | None
    title: str
    text_sha256: str
    total_fen: int
    technical_fen: int
    payment_mode: str
    state: str
    signed_at: datetime | None
    technical_field: str
    achievement_id: UUID
    terms: dict[str, Any]


@dataclass(frozen=True)
class ContractDocument:
    """The text of a contract with the hash that was signed; for the office that examines it."""

    contract_id: UUID
    title: str
    text_version: int
    text: str
    text_sha256: str
    signed_at: datetime | None


@dataclass(frozen=True)
class PaymentReceived:
    """A payment under a contract that both sides say was received; the amount in fen.

    `kind` is `upfront`, `instalment`, `royalty` or `other`. `recorded_at` is when the first side
    put it on record.
    """

    id: UUID
    contract_id: UUID
    kind: str
    amount_fen: int
    received_on: date
    invoice_number: str | None
    recorded_at: datetime


@dataclass(frozen=True)
class MonopolyClause:
    """A clause that may monopolise technology, or does (民法典 850), with what would be right.

    `clear` when the law leaves no room: two parties cannot agree on it. `field` is its place in the
    structured terms, `text` for a contract without them.
    """

    code: str
    clear: bool
    source: str
    field: str
    quote: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
