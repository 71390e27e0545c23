"""Wire shapes of performance: payments and royalty reports."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.contracts.states import PaymentKind, ReportState
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
