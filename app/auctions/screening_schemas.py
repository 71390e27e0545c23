"""Wire shapes of the collusion screens."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.auctions.states import FlagState, Screen
from app.kit.http import Paragraphs, WireModel

FIRST_DAY = date(2000, 1, 1)


class NewScreening(WireModel):
    """The days whose decided auctions are screened, both included."""

    period_from: date = Field(ge=FIRST_DAY)
    period_until: date = Field(ge=FIRST_DAY)


class ScreeningView(WireModel):
    """What a run looked at and found."""

    run_id: UUID
    period_from: date
    period_until: date
    rule_set: str
    auctions: int = Field(description="decided auctions that were looked at")
    found: int = Field(description="patterns found, those known before included")
    raised: int = Field(description="new flags")


class FlagView(WireModel):
    """A flag: a pattern to look into, not a finding of collusion."""

    id: UUID
    version: int
    run_id: UUID
    created_at: datetime
    screen: Screen
    rule_set: str
    period_from: date
    period_until: date
    market: str = Field(description="technical field that auctions were compared within")
    auctions: list[UUID]
    bidders: list[UUID]
    strength: float
    threshold: float
    evidence: dict[str, Any] = Field(description="facts, and one sentence in `zh` and `en`")
    state: FlagState
    reason: str | None
    decided_at: datetime | None
    decided_by: UUID | None


class FlagDecision(WireModel):
    """A regulator's decision and the reason for it."""

    act: Literal["dismiss", "refer"]
    reason: Paragraphs = Field(min_length=1)
