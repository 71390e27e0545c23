"""Wire shapes of the negotiations module."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from app.kit.http import FEN_LIMIT, Fen, Line, Paragraphs, ShortCode, WireModel
from app.negotiations.states import (
    CommissionBasis,
    CommissionState,
    NegotiationState,
    Origin,
    RoyaltyBase,
    Side,
)

Note = Annotated[Paragraphs, StringConstraints(max_length=2000)]
Reason = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]
BasisPoints = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Months = Annotated[int, Field(ge=1, le=240, strict=True)]


class Part(WireModel):
    """One payment of a price that is paid in parts."""

    amount_fen: Fen
    due: Line = Field(examples=["合同生效后 10 日内"])


class Milestone(WireModel):
    """A payment that depends on success."""

    name: Line = Field(examples=["中试合格"])
    amount_fen: Fen
    due_by: date | None = None


class RoyaltyTerms(WireModel):
    """A price that depends on use: a rate in basis points of the base, or an amount per unit."""

    base: RoyaltyBase
    rate_bp: BasisPoints | None = None
    unit_fen: Fen | None = None
    minimum_fen: Fen = Field(0, description="guaranteed over the whole term")
    cap_fen: Fen | None = None
    period_months: Months = Field(12, description="how often it is accounted for and paid")


class OfferTerms(WireModel):
    """The terms of an offer; the assured price is upfront, instalments and guaranteed minimum."""

    upfront_fen: Fen = 0
    instalments: list[Part] = Field(default_factory=list, max_length=60)
    royalty: RoyaltyTerms | None = None
    milestones: list[Milestone] = Field(default_factory=list, max_length=60)
    exclusivity: ShortCode | None = Field(
        None, description="the listing's license_manner; absent unless it is a licence"
    )
    field_of_use: Note = ""
    territory: Line = "中华人民共和国境内"
    term_months: Months | None = Field(None, description="of a licence, and only of one")
    sublicence: bool = False
    improvements: Note = ""
    remarks: Note = ""

    @model_validator(mode="after")
    def _within_limit(self) -> Self:
        parts = sum(part.amount_fen for part in self.instalments)
        minimum = 0 if self.royalty is None else self.royalty.minimum_fen
        if self.upfront_fen + parts + minimum > FEN_LIMIT:
            raise ValueError(f"upfront, instalments and minimum are at most {FEN_LIMIT} fen")
        return self


class NewNegotiation(WireModel):
    """A buyer wants to negotiate on a listing."""

    listing_id: UUID
    message: Note = ""


class NewOffer(WireModel):
    """An offer or counter-offer; it takes the place of every offer before it."""

    terms: OfferTerms
    valid_until: AwareDatetime


class Acceptance(WireModel):
    """Names the offer that was read."""

    offer_id: UUID


class Declining(WireModel):
    """Names the offer that is declined; the negotiation goes on."""

    offer_id: UUID
    reason: Note = ""


class Ending(WireModel):
    """Why a side ends the negotiation; the other side reads it."""

    reason: Reason


class OfferView(WireModel):
    """An offer as both sides see it; `answer` is empty until the other side answers it."""

    id: UUID
    sequence: int
    side: Side
    terms: OfferTerms
    committed_fen: int
    by_broker: bool
    made_at: datetime
    valid_until: datetime
    accepted: bool | None
    answered_at: datetime | None
    answer_reason: str | None


class NegotiationView(WireModel):
    """A negotiation; `floor_fen` is the base price, which the assured price must reach."""

    id: UUID
    version: int
    listing_id: UUID
    title: str
    seller_id: UUID
    seller_name: str
    buyer_id: UUID
    buyer_name: str
    seller_broker_id: UUID | None
    buyer_broker_id: UUID | None
    origin: Origin
    transfer_mode: str
    license_manner: str | None
    floor_fen: int
    message: str
    state: NegotiationState
    reason: str | None
    last_sequence: int
    expires_at: datetime
    agreed_at: datetime | None
    agreed_fen: int | None
    rule_set: str
    created_at: datetime


class NdaView(WireModel):
    """The confidentiality agreement in force, and who of the two sides signed it."""

    text_version: str
    text: str
    text_sha256: str
    signed_by: list[UUID]


class NdaSigning(WireModel):
    """A signature names the text that was read by its hash."""

    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NegotiationDocumentView(WireModel):
    """A file that one side shows the other."""

    id: UUID
    owner_id: UUID
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime


class ReadingView(WireModel):
    """Who of the other side read a document; `organisation_id` is the broker's if it was one."""

    party_id: UUID
    organisation_id: UUID
    person_id: UUID
    read_at: datetime


class NewConsent(WireModel):
    """A client lets its broker act for the other side of a listing too."""

    listing_id: UUID
    broker_id: UUID


class ConsentView(WireModel):
    """A consent to dual agency."""

    listing_id: UUID
    broker_id: UUID
    party_id: UUID
    consented_at: datetime


class NewCommissionAgreement(WireModel):
    """A client proposes what its broker earns by a deal: a rate with or without a cap, or a sum."""

    mandate_id: UUID
    rate_bp: BasisPoints | None = None
    fixed_fen: Fen | None = None
    cap_fen: Fen | None = None


class CommissionAgreementView(WireModel):
    """A commission agreement; it binds once the broker accepted it."""

    id: UUID
    mandate_id: UUID
    broker_id: UUID
    client_id: UUID
    rate_bp: int | None
    fixed_fen: int | None
    cap_fen: int | None
    accepted_at: datetime | None


class CommissionView(WireModel):
    """What one party owes a broker for a deal; amounts in fen.

    `pending` until the technology contract is concluded. `basis` says why it is owed: by an
    `agreement`; a `reasonable` fee, for none was agreed on; or because the contract of sale alone
    names the broker (`main_contract`), so that both bear half (司法解释 39). `share_bp` is the
    part of the fee that `client_id` bears. Without an amount the broker claims a whole fee,
    `fee_fen`, to which those who owe it agree.
    """

    id: UUID
    version: int
    deal_id: UUID
    negotiation_id: UUID | None
    broker_id: UUID
    client_id: UUID
    agreement_id: UUID | None
    basis: CommissionBasis
    share_bp: int
    price_fen: int
    amount_fen: int | None
    fee_fen: int | None
    grounds: str | None
    state: CommissionState
    created_at: datetime
    earned_at: datetime | None
    lapsed_at: datetime | None
    paid_at: datetime | None


class FeeClaim(WireModel):
    """A fee that the broker holds to be reasonable, and why."""

    fee_fen: Annotated[Fen, Field(gt=0)]
    grounds: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class FeeAgreement(WireModel):
    """Agrees to the fee that the broker claims; the amount is named again."""

    fee_fen: Fen
