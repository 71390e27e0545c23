"""Wire shapes of the deals module."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.deals.states import DealMethod, DealState, PriceReturn
from app.kit.http import Fen, Line, Paragraphs, WireModel
from app.ledger.states import DepositState

Reason = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class DealView(WireModel):
    """A concluded result; who else bid is not told.

    `publicity_ends_at` is the end (24:00 in Shanghai) of the last working day of the result's
    publicity (成交公示); while `publicity_provisional` it may become later when the next year's
    official calendar is out. What a negotiation agreed on is shown there, to its parties.
    """

    id: UUID
    version: int
    listing_id: UUID
    auction_id: UUID | None
    award_id: UUID | None
    negotiation_id: UUID | None
    succeeds_id: UUID | None
    achievement_id: UUID
    title: str
    seller_id: UUID
    seller_name: str
    buyer_id: UUID
    buyer_name: str
    price_fen: int
    transfer_mode: str
    license_manner: str | None
    method: DealMethod
    state: DealState
    note: str | None
    concluded_at: datetime
    publicity_from: date
    publicity_working_days: int
    publicity_ends_at: datetime
    publicity_provisional: bool
    rule_set: str
    contracted_at: datetime | None
    ended_at: datetime | None
    commissions_fen: int | None = Field(description="owed by a buyer who defaulted")
    shortfall_fen: int | None = Field(description="owed by a buyer who defaulted, when known")
    settled_at: datetime | None = Field(description="the price was paid out to the seller")
    price_return: PriceReturn | None = Field(
        description="of a price that was paid in when the deal ended: it is `owed` back, or was"
        " paid out already and is an operator's to follow (`by_hand`) until that is `resolved`"
    )
    certificate_number: str | None


class Because(WireModel):
    """The reason of an operator's act; everyone who sees the deal can read it."""

    reason: Reason = Field(examples=["收到书面异议,暂停公示并核查"])


Following = Literal["runner_up", "re_auction", "none"]


class Default(WireModel):
    """A buyer does not perform, and what follows."""

    reason: Reason = Field(examples=["受让方逾期未签署合同"])
    following: Following = Field(
        "none",
        description="offer it to the next bidder, let all others bid again, or free the right",
    )
    commissions_fen: Fen = Field(0, description="both commissions of the sale, owed in any case")


class PriceView(WireModel):
    """How the buyer pays what is missing of the price, and how that stands.

    The reference goes into the remittance text; the account is absent until the platform has one.
    """

    reference: str
    amount_fen: int
    state: DepositState
    account: str | None
    account_name: str | None
    account_bank: str | None
    received_fen: int
    received_at: datetime | None


class NewSettlement(WireModel):
    """The seller's commission that is taken off the price before it is paid out."""

    commission_fen: Fen = Field(0, examples=[1_000_000])
    agreement: Line | None = Field(
        None, description="where a commission of more than 5 % was agreed on (拍卖法 57)"
    )


class RunnerUpView(WireModel):
    """A defaulted deal, offered to the bidder who came next."""

    deal_id: UUID
    bidder_id: UUID
    price_fen: int
    valid_until: datetime
    decided_at: datetime | None
    accepted: bool | None
    deposit_due_at: datetime | None = Field(
        description="until when the bidder pays a new deposit, for its own was given back"
    )
    concluded_at: datetime | None
    lapsed_at: datetime | None


class RunnerUpAnswer(WireModel):
    """The next bidder takes the deal or not."""

    accept: bool


class NewCertificate(WireModel):
    """What the operator adds to a certificate; the rest is the deal's (rules.md C-18)."""

    conclusion: Reason = Field(
        examples=["经审核,本次交易符合规定,价款及服务费用已结清。"], description="审核结论"
    )
    appraisal_fen: Fen | None = Field(None, description="评估结果, if there was an appraisal")


class SignatureView(WireModel):
    """The platform's signature over a content's digest."""

    algorithm: str = "Ed25519"
    key_id: str
    public_key: str
    value: str


class CertificateView(WireModel):
    """A certificate for everyone to verify; `valid` is false once it is revoked."""

    format: str
    number: str
    deal_id: UUID
    valid: bool
    issued_at: datetime
    revoked_at: datetime | None
    revocation_reason: str | None
    content: dict[str, Any]
    content_sha256: str
    signature: SignatureView
