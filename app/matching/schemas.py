"""Wire shapes of the matching module."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from app.kit.http import WireModel
from app.matching.states import Verdict


class IpcReason(BaseModel):
    """An IPC subclass whose official title shares words with the demand."""

    code: str
    title: str
    shared: list[str]


class ReasonsView(BaseModel):
    """What speaks for a match; everything here can be checked in the texts of both sides."""

    passages: list[str] = Field(description="stand in both texts, the rarest first")
    fields: list[str] = Field(description="technical fields that both have")
    ipc: list[IpcReason]
    maturity: int | None = Field(description="technology readiness of the achievement, 1 to 9")
    region: str | None = Field(description="province of the demand and of an open listing")


class MatchView(BaseModel):
    """A demand and an achievement; `score` orders the matches of this answer alone."""

    demand_id: UUID
    achievement_id: UUID
    title: str = Field(description="of the achievement, or of the demand when those are asked for")
    summary: str
    score: float
    listing_ids: list[UUID] = Field(description="open listings of the achievement")
    reasons: ReasonsView
    judged: Verdict | None = Field(description="what the asker's organisation said last")
    links: dict[str, str]


class MatchesView(BaseModel):
    """Matches, the best first."""

    items: list[MatchView]
    model: str = Field(description="version of the model that ordered them")
    engine: str = Field(description="the engine that found the candidates")
    degraded: bool = Field(description="whether another engine answered than the chosen one")


class NewJudgment(WireModel):
    """What a broker says of a match."""

    verdict: Verdict
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class JudgmentView(BaseModel):
    """A judgment; the last one of an organisation on a pair holds."""

    id: UUID
    demand_id: UUID
    achievement_id: UUID
    organisation_id: UUID
    verdict: Verdict
    reason: str
    model: str
    created_at: datetime
