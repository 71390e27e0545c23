"""Wire shapes of the listings module."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import FEN_LIMIT, Line, Paragraphs, ShortCode, WireModel
from app.ledger.states import DepositState
from app.listings.states import (
    ApplicationState,
    ChangeState,
    ListingState,
    Negotiation,
    Outcome,
    SecurityDeclaration,
)

Amount = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
Deposit = Annotated[int, Field(ge=0, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
WorkingDays = Annotated[int, Field(ge=1, le=250, strict=True)]
ExtensionSeconds = Annotated[int, Field(ge=60, le=3600, strict=True)]
BiddingMinutes = Annotated[int, Field(ge=1, le=30 * 24 * 60, strict=True)]
OpeningMinutes = Annotated[int, Field(ge=0, le=90 * 24 * 60, strict=True)]
ProlongDays = Annotated[int, Field(ge=0, le=60, strict=True, description="working days")]
Prolongations = Annotated[int, Field(ge=0, le=100, strict=True)]
Reason = Annotated[str, StringConstraints(max_length=2000)]
OptionalLine = Annotated[Paragraphs, StringConstraints(max_length=200)]
Summary = Annotated[Paragraphs, StringConstraints(max_length=4000)]


class Requirement(WireModel):
    """A published condition for transferees, and whether a document has to show it."""

    code: ShortCode = Field(examples=["capacity"])
    text: Line
    evidence: bool = True


class PriceApproval(WireModel):
    """Who approved a price below the floor, in which document, on which day (rules.md C-9)."""

    authority: Line
    document: Line
    dated_on: date


Requirements = Annotated[list[Requirement], Field(max_length=20)]


class NewListing(WireModel):
    """A listing to be drafted.

    Title and summary default to the achievement's. Without `profile` the rules follow from the
    seller's kind; within a family of profiles the price decides the band.
    """

    achievement_id: UUID
    title: Line | None = None
    summary: Summary | None = None
    transfer_mode: ShortCode = Field(examples=["license"])
    license_manner: ShortCode | None = Field(None, examples=["exclusive"])
    profile: ShortCode | None = Field(None, examples=["UNIVERSITY_LISTING"])
    disclosure_working_days: WorkingDays = Field(examples=[10])
    price_fen: Amount = Field(examples=[50_000_000])
    deposit_fen: Deposit = 0
    increment_fen: Amount = Field(examples=[1_000_000])
    extension_s: ExtensionSeconds = 300
    bidding_minutes: BiddingMinutes = 24 * 60
    opens_after_minutes: OpeningMinutes = 0
    negotiation: Negotiation = Field(
        Negotiation.NONE,
        description="whether the price may be negotiated: with the `one_bidder` that qualified,"
        " instead of an auction, or with any enterprise while the listing is `open`",
    )
    conditions: Paragraphs = ""
    requirements: Requirements = Field(default_factory=list)
    licence_until: date | None = Field(None, description="last day of the licence offered")
    open_to_foreign: bool = Field(False, description="whether buyers from abroad may apply")
    security: SecurityDeclaration = Field(
        SecurityDeclaration.CLEAR,
        description="the seller's declaration on state secrets and national security",
    )
    security_document: OptionalLine = Field(
        "", description="the authority's document, where it has examined the offer"
    )
    prolong_working_days: ProlongDays = Field(
        0, description="each prolongation when nobody has qualified by the end; 0: none"
    )
    prolongations_max: Prolongations = 0
    appraisal_fen: Amount | None = None
    appraisal_on: date | None = Field(None, description="day of the appraisal")
    appraisal_document: OptionalLine = ""
    price_approval: PriceApproval | None = Field(
        None, description="needed for a price below the floor of the appraisal"
    )


class ListingEdit(WireModel):
    """Changed terms of a draft; what is absent stays."""

    title: Line | None = None
    summary: Summary | None = None
    transfer_mode: ShortCode | None = None
    license_manner: ShortCode | None = None
    profile: ShortCode | None = None
    disclosure_working_days: WorkingDays | None = None
    price_fen: Amount | None = None
    deposit_fen: Deposit | None = None
    increment_fen: Amount | None = None
    extension_s: ExtensionSeconds | None = None
    bidding_minutes: BiddingMinutes | None = None
    opens_after_minutes: OpeningMinutes | None = None
    negotiation: Negotiation | None = None
    conditions: Paragraphs | None = None
    requirements: Requirements | None = None
    licence_until: date | None = None
    open_to_foreign: bool | None = None
    security: SecurityDeclaration | None = None
    security_document: OptionalLine | None = None
    prolong_working_days: ProlongDays | None = None
    prolongations_max: Prolongations | None = None
    appraisal_fen: Amount | None = None
    appraisal_on: date | None = None
    appraisal_document: OptionalLine | None = None
    price_approval: PriceApproval | None = None


class ListingView(WireModel):
    """A listing; the last members are for the seller and overseers.

    `closes_at` is the end (24:00 in Shanghai) of the last working day; while `closes_provisional`
    it may become later when the next year's official calendar is out.
    """

    id: UUID
    version: int
    achievement_id: UUID
    seller_id: UUID
    seller_name: str
    broker_id: UUID | None
    state: ListingState
    title: str
    summary: str
    technical_field: str
    ipc: list[str]
    region_code: str
    transfer_mode: str
    license_manner: str | None
    profile: str
    rule_set: str
    disclosure_working_days: int
    price_fen: int
    deposit_fen: int
    increment_fen: int
    extension_s: int
    bidding_minutes: int
    opens_after_minutes: int
    negotiation: Negotiation
    conditions: str
    requirements: list[Requirement]
    licence_until: date | None
    open_to_foreign: bool
    security: SecurityDeclaration
    security_document: str
    prolong_working_days: int
    prolongations_max: int
    prolongations: int
    appraisal_fen: int | None
    appraisal_on: date | None
    price_approval: PriceApproval | None
    previous_id: UUID | None
    round: int
    terms_edition: int
    published_at: datetime | None
    disclosure_from: date | None
    counts_from: date | None
    days_left: int | None
    closes_at: datetime | None
    suspended_until: datetime | None = Field(
        description="when a suspended disclosure goes on by itself, unless it is ended before"
    )
    closes_provisional: bool
    calendar_version: str | None
    closed_at: datetime | None
    created_at: datetime | None = None
    review_note: str | None = None
    rule_notes: list[str] | None = None


PRIVATE_MEMBERS = frozenset({"created_at", "review_note", "rule_notes"})
PUBLIC_MEMBERS = tuple(name for name in ListingView.model_fields if name not in PRIVATE_MEMBERS)


class ListingReview(WireModel):
    """An operator's decision; a rejection says why."""

    act: Literal["approve", "reject"]
    reason: Reason = ""


class FindingView(WireModel):
    """What a guard found: reason code, outcome, the rule it rests on, and words."""

    code: str
    outcome: Outcome
    source: str
    zh: str
    en: str


class CheckEvidence(WireModel):
    """An operator's check of what a guard could not decide."""

    code: ShortCode = Field(examples=["patent_in_force"])
    evidence: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class ChangedTerms(WireModel):
    """Terms of a published listing that a change can touch; what is absent stays."""

    summary: Summary | None = None
    price_fen: Amount | None = None
    deposit_fen: Deposit | None = None
    increment_fen: Amount | None = None
    bidding_minutes: BiddingMinutes | None = None
    opens_after_minutes: OpeningMinutes | None = None
    conditions: Paragraphs | None = None
    licence_until: date | None = None
    open_to_foreign: bool | None = None
    price_approval: PriceApproval | None = None


class NewChange(WireModel):
    """A change of published terms, why it is necessary, and the approval the seller has for it."""

    terms: ChangedTerms
    reason: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]
    approval: Line = Field(description="number or title of the approving document")


class ChangeDecision(WireModel):
    """An operator's decision on a change; a refusal says why."""

    act: Literal["publish", "refuse"]
    reason: Reason = ""


class ChangeView(WireModel):
    """A change of published terms; `edition` is that of the terms from it on."""

    id: UUID
    listing_id: UUID
    state: ChangeState
    terms: dict[str, Any]
    reason: str
    approval: str
    decision: str | None
    decided_at: datetime | None
    published_at: datetime | None
    edition: int | None


class Relisting(ChangedTerms):
    """What the next round changes; the price stays if it is absent."""

    disclosure_working_days: WorkingDays | None = None
    appraisal_fen: Amount | None = None
    appraisal_on: date | None = None
    appraisal_document: OptionalLine | None = None


class RoundView(WireModel):
    """One round of a chain of listings."""

    id: UUID
    round: int
    previous_id: UUID | None
    state: ListingState
    price_fen: int
    published_at: datetime | None
    closed_at: datetime | None


class Standstill(WireModel):
    """Why a disclosure is suspended, resumed or terminated."""

    reason: Reason


class Withdrawal(WireModel):
    """Why a listing is withdrawn; required once it is published."""

    reason: Reason = ""


class NewApplication(WireModel):
    """An application to be a bidder."""

    statement: Paragraphs = ""


class ApplicationDecision(WireModel):
    """An operator's decision on an application.

    A refusal says why, and by which published conditions: their codes, `conditions` for the
    published text, `statutory` for what a statute asks.
    """

    act: Literal["qualify", "refuse", "request_correction"]
    reason: Reason = ""
    codes: list[ShortCode] = Field(default_factory=list, max_length=20)


class Correction(WireModel):
    """An applicant's completed statement."""

    statement: Paragraphs


class NewAppeal(WireModel):
    """Why the refusal is wrong."""

    grounds: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=4000)]


class AppealDecision(WireModel):
    """The decision on an appeal with its reasons."""

    act: Literal["uphold", "reject"]
    reason: Reason


class ApplicationDocumentView(WireModel):
    """A file of an application."""

    id: UUID
    application_id: UUID
    requirement: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime


class DepositReceipt(WireModel):
    """On what evidence an operator vouches for a deposit: a bank slip, a telephone call."""

    evidence: Reason = ""


class DepositView(WireModel):
    """How a deposit is to be paid, and how it stands.

    The reference goes into the remittance text; the account is absent until the platform has one.
    """

    reference: str
    round: int = Field(description="2 or more: asked for again after an earlier one was settled")
    amount_fen: int
    state: DepositState
    due_at: datetime | None = Field(description="absent while the disclosure is suspended")
    account: str | None
    account_name: str | None
    account_bank: str | None
    received_fen: int
    held_fen: int
    received_at: datetime | None


class ApplicationView(WireModel):
    """An application; who applied and what they wrote is absent where it is secret.

    `deposit` is for the applicant and the operator, once the application is qualified.
    """

    id: UUID
    listing_id: UUID
    state: ApplicationState
    created_at: datetime
    decided_at: datetime | None
    deposit_confirmed_at: datetime | None
    terms_edition: int
    due_at: datetime | None
    overdue_at: datetime | None
    appeal_decided_at: datetime | None
    reason_codes: list[str]
    applicant_id: UUID | None = None
    broker_id: UUID | None = None
    statement: str | None = None
    reason: str | None = None
    appeal: str | None = None
    deposit: DepositView | None = None


class ProfileView(WireModel):
    """A listing profile; `verify` names the parameters that were not read at their source."""

    code: str
    family: str
    rule_set: str
    zh: str
    en: str
    seller_kinds: list[str]
    min_disclosure_wd: int
    price_from_fen: int
    price_below_fen: int | None
    deposit_usual_max_bp: int
    prolong_min_wd: int
    prolongations_max: int
    resume_min_wd: int
    suspension_months: int
    floor_bp: int | None
    redo_after_months: int | None
    relist_cut_bp: int
    relist_within_days: int
    first_instalment_bp: int
    qualification_wd: int
    correction_wd: int
    appeal_wd: int
    effective_from: date
    effective_until: date | None
    source: str
    verify: list[str]
