"""Wire shapes of the demands module; a demand's content is a profile of the standard."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.demands.states import DemandState, InterestState, SolutionState
from app.kit.http import FEN_LIMIT, Line, Paragraphs, WireModel
from app.kit.importing import Duplicate, ImportResult

Reason = Annotated[str, StringConstraints(max_length=2000)]
Price = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
Cooperation = Literal[
    "license",
    "assignment",
    "technical_cooperation",
    "research_cooperation",
    "joint_venture",
    "manufacturing",
    "commercial_agreement",
    "acquisition",
    "financial",
    "other",
]


class MissingMember(WireModel):
    """A member of the standard that a profile lacks, and its share of the score."""

    field: str
    weight: int


class Completeness(WireModel):
    """How complete a profile is, by the weights of the standard."""

    score: int = Field(ge=0, le=100)
    missing: list[MissingMember] = Field(description="the heaviest first")


class DemandView(WireModel):
    """A demand.

    An anonymous one names its owner to the owner, to overseers, to those whose interest was
    accepted and to the supplier that it was awarded to; the broker who wrote it is named to all.
    The last members are for the owner and overseers.
    """

    id: UUID
    version: int
    state: DemandState
    anonymous: bool
    profile: dict[str, Any] = Field(description="by the standard, see /standard/profiles")
    completeness: Completeness
    owner_id: UUID | None
    owner_name: str | None
    broker_id: UUID | None
    broker_name: str | None
    published_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    rule_set: str
    created_at: datetime | None = None
    review_note: str | None = None
    supplier_id: UUID | None = None
    awarded_fen: int | None = None


PRIVATE_MEMBERS = ("created_at", "review_note", "supplier_id", "awarded_fen")


class DemandReview(WireModel):
    """An operator's decision; a rejection says why."""

    act: Literal["approve", "reject"]
    reason: Reason = ""


class Renewal(WireModel):
    """Until when a demand is published; as long as possible if absent."""

    expires_on: date | None = None


class Ending(WireModel):
    """Why a demand is withdrawn or closed; needed to withdraw it once it is published."""

    reason: Reason = ""


class NewSolution(WireModel):
    """A solution to a demand; confidential between its author and the demand's owner."""

    title: Line
    content: Annotated[Paragraphs, StringConstraints(min_length=1)]
    achievement_id: UUID | None = Field(None, description="a published one that it builds on")
    price_fen: Price | None = None
    months: Annotated[int, Field(ge=1, le=240, strict=True)] | None = None


class SolutionDecision(WireModel):
    """The owner or an operator shortlists or refuses a solution; a refusal says why."""

    act: Literal["shortlist", "refuse"]
    reason: Reason = ""


class SolutionView(WireModel):
    """A solution; an operator sees who and in what state, not what was offered."""

    id: UUID
    demand_id: UUID
    author_id: UUID
    author_name: str
    state: SolutionState
    created_at: datetime
    decided_at: datetime | None
    broker_id: UUID | None = None
    achievement_id: UUID | None = None
    title: str | None = None
    content: str | None = None
    price_fen: int | None = None
    months: int | None = None
    reason: str | None = None


class NewInterest(WireModel):
    """An expression of interest: which co-operation, who we are, what we want to know."""

    cooperation: Cooperation
    about: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=4000)]
    questions: Annotated[Paragraphs, StringConstraints(max_length=4000)] = ""


class InterestDecision(WireModel):
    """The owner opens contact or not."""

    act: Literal["accept", "decline"]
    reason: Reason = ""


class AdviserView(WireModel):
    """Who speaks for a side: its broker while mandated, else its member in charge."""

    organisation_id: UUID
    organisation_name: str
    person_name: str | None
    contact: str


class InterestView(WireModel):
    """An expression of interest, for its two sides.

    The owner knows who is interested. The owner's name, and both advisers, are there once the
    interest is accepted.
    """

    id: UUID
    demand_id: UUID | None
    achievement_id: UUID | None
    party_id: UUID
    party_name: str
    cooperation: str
    about: str
    questions: str
    state: InterestState
    created_at: datetime
    decided_at: datetime | None
    reason: str | None
    owner_id: UUID | None = None
    owner_name: str | None = None
    owner_adviser: AdviserView | None = None
    party_adviser: AdviserView | None = None


class DemandDuplicate(Duplicate):
    """A line that is left out because the party has such a demand, or an earlier line."""

    demand_id: UUID | None = Field(description="the demand that exists already")


DemandImport = ImportResult[DemandDuplicate]
