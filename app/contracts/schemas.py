"""Wire shapes of the contracts module."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.contracts.states import (
    ContractClass,
    ContractState,
    DisputeForum,
    PaymentMode,
    RoyaltyBase,
    RoyaltyRate,
)
from app.kit.http import Fen, Line, Paragraphs, ShortCode, WireModel


class PatentTerms(WireModel):
    """A patent's particulars as the contract states them (民法典 845)."""

    number: ShortCode
    invention_name: Line | None = None
    applicant: Line | None = None
    patentee: Line | None = None
    filed_on: date | None = None
    expires_on: date | None = None


class Instalment(WireModel):
    """One payment of a price that is paid in parts."""

    amount_fen: Fen
    due: Line = Field(description="when it falls due", examples=["合同生效后 10 日内"])


class Royalty(WireModel):
    """A price that depends on use; the rate is in basis points of the base."""

    base: RoyaltyBase
    rate_kind: RoyaltyRate = RoyaltyRate.FIXED
    rate_bp: int = Field(ge=1, le=10_000, strict=True)
    rate_note: Annotated[Paragraphs, StringConstraints(max_length=500)] = ""
    upfront_fen: Fen | None = None


class NonTechnicalItem(WireModel):
    """A part of the price that pays for no technology: equipment, parts, material."""

    name: Line
    amount_fen: Fen


class Terms(WireModel):
    """The structured terms of a contract; the text is generated from them."""

    subject: Paragraphs
    patents: list[PatentTerms] = Field(default_factory=list, max_length=100)
    non_technical_items: list[NonTechnicalItem] = Field(default_factory=list, max_length=100)
    payment_mode: PaymentMode = PaymentMode.LUMP_ONCE
    payment_days: int = Field(30, ge=1, le=3650, strict=True)
    instalments: list[Instalment] = Field(default_factory=list, max_length=60)
    royalty: Royalty | None = None
    licence_until: date | None = None
    territory: Line = "中华人民共和国境内"
    delivery: Paragraphs
    acceptance: Paragraphs
    ownership: Paragraphs
    improvements: Paragraphs
    confidentiality: Paragraphs
    breach: Paragraphs
    dispute_forum: DisputeForum = DisputeForum.SELLER_COURT
    arbitration_body: Line | None = None
    free_clauses: list[Paragraphs] = Field(default_factory=list, max_length=30)


class ContractEdit(WireModel):
    """Terms to change in a draft; a member that is left out or null stays as it is.

    `royalty`, `licence_until` and `arbitration_body` are taken away by null.
    """

    title: Line | None = None
    contract_class: ContractClass | None = None
    sub_class: ShortCode | None = None
    subject: Paragraphs | None = None
    patents: list[PatentTerms] | None = Field(None, max_length=100)
    non_technical_items: list[NonTechnicalItem] | None = Field(None, max_length=100)
    payment_mode: PaymentMode | None = None
    payment_days: int | None = Field(None, ge=1, le=3650, strict=True)
    instalments: list[Instalment] | None = Field(None, max_length=60)
    royalty: Royalty | None = None
    licence_until: date | None = None
    territory: Line | None = None
    delivery: Paragraphs | None = None
    acceptance: Paragraphs | None = None
    ownership: Paragraphs | None = None
    improvements: Paragraphs | None = None
    confidentiality: Paragraphs | None = None
    breach: Paragraphs | None = None
    dispute_forum: DisputeForum | None = None
    arbitration_body: Line | None = None
    free_clauses: list[Paragraphs] | None = Field(None, max_length=30)


class Signing(WireModel):
    """A signature names the text that was read by its hash."""

    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SignatureView(WireModel):
    """Who signed which text and when; `mandate_id` when a broker signed for its client."""

    party_id: UUID
    person_id: UUID
    mandate_id: UUID | None
    text_version: int
    text_sha256: str
    signed_at: datetime


class ContractRow(WireModel):
    """A contract in a list; amounts in fen."""

    id: UUID
    version: int
    deal_id: UUID
    achievement_id: UUID
    seller_id: UUID
    buyer_id: UUID
    contract_class: ContractClass
    sub_class: str | None
    title: str
    text_version: int
    text_sha256: str
    total_fen: int
    technical_fen: int
    payment_mode: PaymentMode
    state: ContractState
    signed_at: datetime | None
    created_at: datetime


class ContractView(ContractRow):
    """A contract with its text, its terms, and the signatures over any of its texts."""

    transfer_mode: str
    license_manner: str | None
    technical_field: str
    template: str
    terms: Terms
    text: str
    signatures: list[SignatureView]


class TextRow(WireModel):
    """One version of a contract's text."""

    text_version: int
    text_sha256: str
    template: str
    party_id: UUID | None = Field(description="the party that made it; absent for the first draft")
    created_at: datetime


class TextView(TextRow):
    """One version of a contract's text, in full."""

    text: str
