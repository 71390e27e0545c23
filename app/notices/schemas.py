"""Wire shapes of the notices module."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import FEN_LIMIT, Line, Paragraphs, ShortCode, WireModel
from app.notices.states import Interest, NoticeKind, NoticeState, ObjectionState

Amount = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
Days = Annotated[int, Field(ge=1, le=365, strict=True, description="calendar days")]
Reason = Annotated[Paragraphs, StringConstraints(max_length=4000)]
Grounds = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=4000)]
Procedure = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=4000)]
Summary = Annotated[Paragraphs, StringConstraints(max_length=4000)]


class NewNotice(WireModel):
    """A notice to be drafted; title and summary default to the achievement's."""

    achievement_id: UUID
    title: Line | None = None
    summary: Summary | None = None
    transfer_mode: ShortCode = Field(examples=["assign"])
    license_manner: ShortCode | None = Field(None, examples=["exclusive"])
    price_fen: Amount = Field(examples=[50_000_000])
    taker_id: UUID | None = Field(None, description="an organisation of the market")
    taker_name: Line | None = Field(None, description="the taker, if it is not of the market")
    interest: Interest = Interest.NONE
    interest_note: Paragraphs = Field("", description="what ties the taker to the unit")
    objection_procedure: Procedure = Field(description="to whom, how and until when to object")
    days: Days = 15


class NoticeEdit(WireModel):
    """Changed content of a draft, or of the next edition; what is absent stays."""

    title: Line | None = None
    summary: Summary | None = None
    transfer_mode: ShortCode | None = None
    license_manner: ShortCode | None = None
    price_fen: Amount | None = None
    taker_id: UUID | None = None
    taker_name: Line | None = None
    interest: Interest | None = None
    interest_note: Paragraphs | None = None
    objection_procedure: Procedure | None = None
    days: Days | None = None


class NoticeWithdrawal(WireModel):
    """Why a notice is withdrawn; required once it is published."""

    reason: Reason = ""


class NoticeView(WireModel):
    """A notice.

    `ends_at` is 24:00 in Shanghai of its last day; it is absent while an objection stops the count,
    and `days_left` says what is still to run then. While `ends_provisional` it may become later.
    """

    id: UUID
    version: int
    kind: NoticeKind
    state: NoticeState
    achievement_id: UUID
    publisher_id: UUID
    publisher_name: str
    title: str
    summary: str
    transfer_mode: str
    license_manner: str | None
    price_fen: int
    taker_id: UUID | None
    taker_name: str
    interest: Interest
    interest_note: str
    objection_procedure: str
    rule_set: str
    days: int
    days_left: int
    edition: int
    published_at: datetime | None
    counts_from: date | None
    ends_at: datetime | None
    ends_provisional: bool
    calendar_version: str | None
    effective_at: datetime | None
    closing_note: str | None


class EditionView(WireModel):
    """What was public in one edition."""

    edition: int
    content: dict[str, str | int | None]
    days: int
    published_at: datetime


class NewObjection(WireModel):
    """An objection; the objector's name is told to the publisher and the operator only."""

    grounds: Grounds


class ObjectionDecision(WireModel):
    """The decision with its reasons, which are published."""

    act: Literal["uphold", "reject"]
    reason: Reason


class ObjectionView(WireModel):
    """An objection and its outcome; who made it and why is absent where it is not public."""

    id: UUID
    notice_id: UUID
    edition: int
    state: ObjectionState
    created_at: datetime
    due_at: datetime
    overdue_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    reason: str | None
    person_id: UUID | None = None
    organisation_id: UUID | None = None
    grounds: str | None = None


class NoticeRuleSetView(WireModel):
    """Rules of notices; `verify` names the parameters that were not read at their source."""

    code: str
    kind: NoticeKind
    min_days: int
    decision_working_days: int
    effective_from: date
    effective_until: date | None
    source: str
    verify: list[str]
