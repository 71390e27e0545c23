"""Wire shapes of performance: deliveries, trial, demands, payments, royalty reports."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.contracts.states import DelayState, MilestoneState, PaymentKind, ReportState, TrialState
from app.kit.http import FEN_LIMIT, Fen, Paragraphs, ShortCode, WireModel

Reason = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=1000)]


class NewPayment(WireModel):
    """A payment that was received; either party records it, the other one answers."""

    kind: PaymentKind
    amount_fen: int = Field(ge=1, le=FEN_LIMIT, strict=True, description="in fen")
    received_on: date = Field(description="day of Shanghai on which the seller had the money")
    invoice_number: ShortCode | None = None
    royalty_report_id: UUID | None = Field(None, description="the report that a royalty pays")
    note: Annotated[Paragraphs, StringConstraints(max_length=500)] = ""


class PaymentAnswer(WireModel):
    """What the other party says of a recorded payment; a denial gives its reason."""

    confirmed: bool
    reason: Annotated[Paragraphs, StringConstraints(max_length=1000)] = ""


class PaymentView(WireModel):
    """A recorded payment; `confirmed` is absent until the other party has answered."""

    id: UUID
    contract_id: UUID
    kind: PaymentKind
    amount_fen: int
    received_on: date
    invoice_number: str | None
    royalty_report_id: UUID | None
    note: str
    party_id: UUID
    recorded_at: datetime
    confirmed: bool | None = None
    answer_reason: str | None = None
    answered_at: datetime | None = None


class ReportFiling(WireModel):
    """The base of the period's royalty: what was sold, earned or gained, in fen."""

    base_fen: Fen


class ReportContest(WireModel):
    """What the seller objects to."""

    reason: Reason


class ReportView(WireModel):
    """The royalty report of one period; `overdue` counts by the market's day."""

    id: UUID
    version: int
    sequence: int
    period_from: date
    period_to: date
    due_on: date
    rate_bp: int
    state: ReportState
    base_fen: int | None
    royalty_fen: int | None
    filed_at: datetime | None
    contest: str
    overdue: bool = False


class Delivery(WireModel):
    """What was handed over: papers, samples, a place in the other side's systems."""

    note: Reason


class Acceptance(WireModel):
    """What the buyer says of a delivery; a rejection says what is wrong."""

    accepted: bool
    note: Annotated[Paragraphs, StringConstraints(max_length=1000)] = ""


class TrialDecision(WireModel):
    """Whether the buyer adopts the technology it tried, and pays, or returns it with a reason."""

    adopt: bool
    reason: Annotated[Paragraphs, StringConstraints(max_length=1000)] = ""


class NewDelayNotice(WireModel):
    """The main obligation that the other side is late with."""

    obligation: Reason


class MilestoneView(WireModel):
    """Something to be delivered; `overdue` counts by the market's day."""

    sequence: int
    version: int
    kind: str
    name: str
    indicators: str
    due_on: date | None
    state: MilestoneState
    delivery: str
    delivered_at: datetime | None
    answer: str
    answered_at: datetime | None
    overdue: bool = False


class TrialView(WireModel):
    """Use before payment; `provisional` until the official calendar of its end is out."""

    version: int
    days: int
    state: TrialState
    started_at: datetime | None
    ends_at: datetime | None
    provisional: bool
    decided_at: datetime | None
    reason: str
    payment_due_on: date | None


class DelayNoticeView(WireModel):
    """A demand; once matured, who gave it may end the contract."""

    id: UUID
    version: int
    party_id: UUID
    obligation: str
    state: DelayState
    given_at: datetime
    matures_at: datetime
    provisional: bool


class PerformanceView(WireModel):
    """How a signed contract is being performed; amounts in fen.

    `received_fen` is what both parties say was received. `exceeds_technical` warns that it is more
    than the technical amount, as royalties may become (rules.md TV-B3).
    """

    milestones: list[MilestoneView]
    trial: TrialView | None
    delay_notices: list[DelayNoticeView]
    payments: list[PaymentView]
    royalty_reports: list[ReportView]
    received_fen: int
    exceeds_technical: bool
