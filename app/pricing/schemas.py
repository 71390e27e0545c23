"""Wire shapes of the pricing module."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import Fen, Line, Paragraphs, ShortCode, WireModel
from app.parties.states import OrganisationKind
from app.pricing.approaches.inputs import Plan
from app.pricing.approaches.results import ApproachResult
from app.pricing.approaches.terms import Payment
from app.pricing.states import ItemState, PortfolioState, Purpose, Source, ValuationState

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Explanation = Annotated[Paragraphs, StringConstraints(max_length=2_000)]
Seed = Annotated[int, Field(ge=0, lt=2**48, strict=True)]
MOST_ITEMS = 10_000


class NewValuation(WireModel):
    """What is to be valued, for what, on which day, and how."""

    achievement_id: UUID
    purpose: Purpose = Purpose.TRADE
    statutory: bool = Field(False, description="an appraisal in the sense of 资产评估法")
    valued_on: date | None = Field(None, description="the valuation day; absent: today")
    plan: Plan
    seed: Seed | None = Field(None, description="of the simulation; absent: from object and day")


class SignatureOfAppraiser(WireModel):
    """An appraiser's signature."""

    name: str
    licence_number: str
    organisation_id: UUID
    person_id: UUID
    signed_at: datetime


class ReconciledView(WireModel):
    """What the approaches give together; weights as decimal text, shares in basis points."""

    low_fen: int
    value_fen: int
    high_fen: int
    weights: dict[str, str]
    spread_bp: int
    share_bp: int
    explanation_needed: bool


class ResultView(WireModel):
    """The results of every approach, and together; `scores` are those of the indicators."""

    approaches: list[ApproachResult]
    together: ReconciledView
    scores: dict[str, Any] | None


class ValuationRow(WireModel):
    """A valuation in a list; amounts in fen."""

    id: UUID
    version: int
    achievement_id: UUID
    title: str
    party_id: UUID
    purpose: Purpose
    statutory: bool
    valued_on: date
    low_fen: int
    value_fen: int
    high_fen: int
    state: ValuationState
    appraiser_id: UUID | None
    created_at: datetime
    issued_at: datetime | None
    signed_at: datetime | None


class ValuationView(ValuationRow):
    """A valuation with everything that its value follows from."""

    achievement_version: int
    plan: Plan
    result: ResultView
    rule_set: str
    method_version: str
    data_cut: datetime
    seed: int
    explanation: str
    signatures_needed: int
    content_sha256: str | None
    signatures: list[SignatureOfAppraiser]


class Assignment(WireModel):
    """Which organisation is to sign; null takes it away."""

    appraiser_id: UUID | None


class Issue(WireModel):
    """The explanation that a wide difference between approaches needs."""

    explanation: Explanation = ""


class AppraiserSigning(WireModel):
    """An appraiser signs the content that was read, by its digest."""

    content_sha256: Sha256
    name: Line
    licence_number: ShortCode


class Report(WireModel):
    """A report: its content, the digest that was signed, and the signatures."""

    valuation_id: UUID
    state: ValuationState
    content: dict[str, Any]
    content_sha256: str
    signatures: list[SignatureOfAppraiser]


class Reproduction(WireModel):
    """A valuation computed anew from what is stored with it."""

    same: bool
    stored_fen: int
    value_fen: int
    rule_set: str
    method_version: str
    seed: int
    comparables: int


class Figure(WireModel):
    """What a listing copies of a valuation: nothing points back."""

    appraisal_fen: int
    appraisal_on: date
    appraisal_document: str


class NewComparable(WireModel):
    """A deal from elsewhere; `key` is the importer's own and makes it unique."""

    key: ShortCode
    title: Line
    summary: Annotated[Paragraphs, StringConstraints(max_length=2_000)] = ""
    technical_field: ShortCode
    ipc: list[ShortCode] = Field(default_factory=list, max_length=20)
    trl: int | None = Field(None, ge=1, le=9, strict=True)
    transfer_mode: ShortCode
    exclusive: bool = True
    ip_kind: ShortCode | None = Field(None, description="of the code list ip_types")
    seller_kind: OrganisationKind | None = None
    region_code: ShortCode
    traded_on: date
    price_fen: Annotated[Fen, Field(ge=1)]
    payment: Payment | None = Field(None, description="absent: paid at once")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "CNY"
    reference: Line = Field(description="where the price was published")


class ComparableImport(WireModel):
    """Deals to import: all of them or none."""

    items: list[NewComparable] = Field(min_length=1, max_length=5_000)


class ImportedComparables(WireModel):
    """How many were imported."""

    imported: int


class ComparableView(WireModel):
    """A comparable on record, for those who run and oversee the market."""

    id: UUID
    source: Source
    source_key: str
    title: str
    technical_field: str
    ipc: list[str]
    trl: int | None
    transfer_mode: str
    exclusive: bool
    region: str
    traded_on: date
    price_fen: int
    payment: Payment
    reference: str
    voided_at: datetime | None


class NewItem(WireModel):
    """One achievement of a portfolio, with a plan of its own if need be."""

    achievement_id: UUID
    plan: Plan | None = None


class NewPortfolio(WireModel):
    """Many achievements and the plan for those that have none of their own."""

    title: Line
    purpose: Purpose = Purpose.MANAGEMENT
    valued_on: date | None = None
    plan: Plan
    seed: Seed = 0
    items: list[NewItem] = Field(min_length=1, max_length=MOST_ITEMS)


class PortfolioView(WireModel):
    """A portfolio and how far it is: items by state."""

    id: UUID
    version: int
    title: str
    party_id: UUID
    purpose: Purpose
    valued_on: date
    state: PortfolioState
    total: int
    waiting: int
    valued: int
    failed: int
    created_at: datetime
    ended_at: datetime | None


class ItemView(WireModel):
    """What became of one achievement; `error` is the problem document of its refusal."""

    position: int
    achievement_id: UUID
    title: str | None
    state: ItemState
    valuation_id: UUID | None
    low_fen: int | None
    value_fen: int | None
    high_fen: int | None
    error: dict[str, Any] | None


class ParameterOrigin(WireModel):
    """Where a parameter comes from; `verify` marks what was not read at its source."""

    parameter: str
    source: str
    verify: bool


class ParameterSetView(WireModel):
    """The configuration of valuations from a day on; rates as decimal text."""

    code: str
    valid_from: date
    values: dict[str, Any]
    origins: list[ParameterOrigin]
