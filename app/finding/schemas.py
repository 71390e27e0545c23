"""Wire shapes of the finding module."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from app.kit.http import FEN_LIMIT, Line, WireModel
from search.protocol import Facet, Kind, Sort

Value = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.:/-]+$")]
Values = Annotated[list[Value], Field(max_length=20)]
SHOWN_VALUES = 30


class Question(WireModel):
    """What is asked: words and filters. Of one filter any value counts, of several all."""

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    kind: Annotated[list[Kind], Field(max_length=3)] = Field(default_factory=list)
    field: Values = Field(default_factory=list, description="technical fields")
    ipc: Values = Field(
        default_factory=list, description="section, class, subclass or main group: H, H01, H01M"
    )
    region: Values = Field(default_factory=list, description="GB/T 2260, of any level")
    industry: Values = Field(default_factory=list, description="GB/T 4754, of any level")
    maturity: Values = Field(default_factory=list, description="technology readiness, 1 to 9")
    transfer_mode: Values = Field(default_factory=list)
    price_band: Values = Field(default_factory=list)
    stage: Values = Field(default_factory=list, description="the object's state")
    price_min_fen: Annotated[int | None, Field(ge=0, le=FEN_LIMIT)] = None
    price_max_fen: Annotated[int | None, Field(ge=0, le=FEN_LIMIT)] = None

    def narrowed(self) -> dict[str, tuple[str, ...]]:
        """The filters by the names of the index."""
        return {one.value: tuple(found) for one in Facet if (found := getattr(self, one.value))}


class FoundView(BaseModel):
    """A document that was found.

    `highlights` has for `title` and `summary` the places of the asked words: pairs of start and
    end, in characters. `links.self` shows the object.
    """

    id: UUID
    kind: Kind
    title: str
    summary: str = Field(description="its beginning, or the part that has the words")
    highlights: dict[str, list[tuple[int, int]]]
    technical_fields: list[str]
    ipc: list[str]
    region_code: str | None
    transfer_modes: list[str]
    maturity: int | None
    stage: str
    price_fen: int | None
    published_at: datetime
    closes_at: datetime | None
    links: dict[str, str]


class FacetValue(BaseModel):
    """A value that a filter can have, and how many answers have it."""

    value: str
    count: int


class SearchView(BaseModel):
    """An answer.

    `degraded`: the engine that should answer is away, and the embedded one answered instead.
    """

    items: list[FoundView]
    total: int = Field(description="exact up to a thousand, above it possibly an estimate")
    next_offset: int | None
    facets: dict[str, list[FacetValue]]
    engine: Literal["embedded", "meilisearch"]
    degraded: bool


class SuggestionsView(BaseModel):
    """Titles that what was typed so far may become."""

    suggestions: list[str]
    engine: Literal["embedded", "meilisearch"]
    degraded: bool


class NewSearchAlert(WireModel):
    """A question whose new answers a person wants to be told of.

    `mail`: where to, or null to be told by the feed and webhooks alone.
    """

    name: Line
    question: Question
    mail: Annotated[str | None, StringConstraints(max_length=200)] = None


class AlertMatch(WireModel):
    """Something that an alert found."""

    id: UUID
    kind: Kind
    title: str
    found_at: datetime
    links: dict[str, str]


class SearchAlertView(WireModel):
    """A search alert and what it found last."""

    id: UUID
    version: int
    name: str
    question: dict[str, Any]
    mail: str | None
    created_at: datetime
    matches: list[AlertMatch] = Field(default_factory=list)


class IndexView(WireModel):
    """The state of an index, for operators."""

    target: str
    answers: bool
    definition_version: int | None
    waiting: int
    lag_seconds: float
    refused: int
    error: str | None
    rebuilding: bool
    applied_at: datetime | None
    verified_at: datetime | None


__all__ = ["Sort"]
