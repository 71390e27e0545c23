"""Wire shapes of auction guidance."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.kit.http import Fen, WireModel
from app.pricing.guidance.advice import Advice, Inputs
from app.pricing.guidance.relisting import RelistCurve
from app.pricing.schemas import ParameterSetView


class NewGuidance(WireModel):
    """Which listing is planned, and by which valuation."""

    listing_id: UUID = Field(description="a draft, or a listing that failed: then the next round")
    valuation_id: UUID | None = Field(None, description="absent: the seller's latest one")
    keep_fen: Annotated[Fen, Field(ge=0)] = Field(
        0, description="what the technology is worth to the seller if nobody buys it"
    )


class GuidanceRow(WireModel):
    """Guidance in a list; amounts in fen."""

    id: UUID
    listing_id: UUID
    valuation_id: UUID
    party_id: UUID
    next_round: bool
    start_fen: int
    created_at: datetime


class GuidanceView(GuidanceRow):
    """The advice, and everything that it follows from."""

    advice: Advice
    inputs: Inputs
    sessions: RelistCurve
    stated_probability: float
    calibration_id: UUID | None
    rule_set: str
    method_version: str
    data_cut: datetime


class GuidanceReproduction(WireModel):
    """Guidance computed anew from its stored inputs."""

    same: bool
    stored_fen: int
    start_fen: int
    rule_set: str
    method_version: str


class GuidanceParameters(WireModel):
    """The configuration of guidance, and what failed sessions elsewhere taught."""

    sets: list[ParameterSetView]
    sessions: RelistCurve
    limits: list[dict[str, Any]]
