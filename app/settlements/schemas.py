"""Wire shapes of the settlements module."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import FEN_LIMIT, Line, Paragraphs, WireModel
from app.settlements.states import (
    Authority,
    Basis,
    BenefitKind,
    BenefitState,
    IdleState,
    IncomeKind,
    IncomeState,
    Leader,
    MemberRole,
    ObjectionState,
    PartState,
    PlanState,
    Route,
)

Amount = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
AnyAmount = Annotated[
    int, Field(ge=-FEN_LIMIT, le=FEN_LIMIT, strict=True, description="Money in fen (分)")
]
Rate = Annotated[int, Field(ge=0, le=10_000, strict=True, description="basis points")]
Days = Annotated[int, Field(ge=1, le=365, strict=True, description="calendar days")]
Text = Annotated[Paragraphs, StringConstraints(max_length=4000)]
FullText = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=4000)]
Year = Annotated[int, Field(ge=2000, le=2100, strict=True)]
CostKind = Literal[
    "taxes",
    "maintenance",
    "appraisal",
    "assessment",
    "exchange_fee",
    "brokerage",
    "negotiation",
    "research",
    "public_research",
    "other",
]


class PlanMember(WireModel):
    """A recipient; `weight` is relative to the other recipients'."""

    name: Line
    person_id: UUID | None = Field(None, description="the recipient's account on the platform")
    role: MemberRole
    main: bool = Field(False, description="main contributor (主要贡献人员)")
    leader: Leader = Leader.NONE
    post: Annotated[Paragraphs, StringConstraints(max_length=200)] = ""
    contribution: Annotated[Paragraphs, StringConstraints(max_length=1000)] = ""
    weight: int = Field(ge=1, le=1_000_000, strict=True)


Members = Annotated[list[PlanMember], Field(min_length=1, max_length=200)]


class NewPlan(WireModel):
    """A plan to be drafted: for a signed contract, or for an achievement of one's own."""

    contract_id: UUID | None = Field(None, description="absent for own implementation")
    achievement_id: UUID | None = Field(None, description="for own implementation only")
    route: Route
    basis: Basis
    basis_note: Text = Field("", description="which rule or agreement")
    reward_bp: Rate = Field(examples=[7000])
    office_fund_bp: Rate = Field(0, description="of the net income, for the transfer office")
    first_year: Year | None = Field(None, description="first rewarded year of own implementation")
    years: int | None = Field(None, ge=1, le=20, strict=True)
    pay_months: int | None = Field(None, ge=1, le=60, strict=True)
    objection_procedure: FullText
    days: Days = 15
    members: Members


class PlanEdit(WireModel):
    """What changes while the plan is a draft or void; what is absent stays."""

    basis: Basis | None = None
    basis_note: Text | None = None
    reward_bp: Rate | None = None
    office_fund_bp: Rate | None = None
    first_year: Year | None = None
    years: int | None = Field(None, ge=1, le=20, strict=True)
    pay_months: int | None = Field(None, ge=1, le=60, strict=True)
    objection_procedure: FullText | None = None
    days: Days | None = None
    members: Members | None = None


class MemberView(PlanMember):
    """A recipient as the list shows one."""

    id: UUID


class PlanView(WireModel):
    """A plan of distribution with its list; it may succeed another one.

    `ends_at` is 24:00 in Shanghai of the list's last day, absent while an objection stops it.
    `floor_bp` and `recommended_bp` are what its rule set asks of the reward and recommends.
    """

    id: UUID
    version: int
    state: PlanState
    institution_id: UUID
    contract_id: UUID | None
    achievement_id: UUID
    title: str
    contract_class: str | None
    public_unit: bool
    rule_set: str
    floor_bp: int
    recommended_bp: int | None
    route: Route
    basis: Basis
    basis_note: str
    reward_bp: int
    office_fund_bp: int
    first_year: int | None
    years: int | None
    pay_months: int | None
    objection_procedure: str
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
    succeeds: UUID | None
    carried_fen: int
    members: list[MemberView]


class NewListObjection(WireModel):
    """An objection to a list; traders of the unit and overseers learn who made it."""

    grounds: FullText


class ListDecision(WireModel):
    """A decision with its reasons."""

    act: Literal["uphold", "reject"]
    reason: Text


class PlanWithdrawal(WireModel):
    """Why a plan is withdrawn; required once its list was published."""

    reason: Text = ""


class ListObjectionView(WireModel):
    """An objection and its outcome; who made it is absent for colleagues."""

    id: UUID
    plan_id: UUID
    edition: int
    state: ObjectionState
    created_at: datetime
    due_at: datetime
    grounds: str | None
    person_id: UUID | None
    reason: str | None
    decided_at: datetime | None


class NewCost(WireModel):
    """A cost with the document that proves it; `public_research` is what public money paid."""

    kind: CostKind
    amount_fen: Amount
    document: Line


class CostView(WireModel):
    """A cost, and whether the plan's formula deducts it."""

    id: UUID
    kind: str
    amount_fen: int
    document: str
    created_at: datetime
    deducted: bool


class NewProfit(WireModel):
    """The operating profit of a year of own implementation; a loss is negative."""

    year: Year
    operating_profit_fen: AnyAmount


class NewEquity(WireModel):
    """The shares of the company that took the achievement as a contribution."""

    total_shares: int = Field(ge=1, le=10**15, strict=True)
    technology_bp: int = Field(ge=1, le=10_000, strict=True)
    registered_on: date = Field(description="when the shares were registered")


class PartView(WireModel):
    """A recipient's part, in fen or shares."""

    id: UUID
    member_id: UUID
    name: str
    amount: int
    state: PartState
    paid_on: date | None
    document: str | None


class IncomeView(WireModel):
    """What came in, and how it was divided; in fen, for `equity` in shares.

    `net_fen` is the net income of the whole plan up to here.
    """

    id: UUID
    kind: IncomeKind
    state: IncomeState
    payment_id: UUID | None
    year: int | None
    amount: int
    received_on: date
    rule_set: str
    net_fen: int | None
    reward: int | None
    fund: int | None
    retained: int | None
    due_at: datetime
    due_provisional: bool
    overdue_at: datetime | None
    distributed_at: datetime | None
    parts: list[PartView]


class PartPayment(WireModel):
    """That a part was paid out, with the document that proves it."""

    paid_on: date
    document: Line


class IdleStart(WireModel):
    """From when an achievement counts as waiting, and why from then."""

    since: date
    note: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=400)]


class IdleWatchView(WireModel):
    """An achievement that waits to be taken up; `idle` once its term is over."""

    id: UUID
    version: int
    achievement_id: UUID
    institution_id: UUID
    state: IdleState
    since: date
    since_note: str
    rule_set: str
    due_at: datetime
    due_provisional: bool
    alerted_at: datetime | None
    ended_because: str | None


class NewBenefit(WireModel):
    """A relief or reward that was taken because a contract is registered."""

    registration_id: UUID
    kind: BenefitKind
    amount_fen: Amount
    taken_on: date
    document: Line


class BenefitDecision(WireModel):
    """What the authority does with a benefit at risk."""

    act: Literal["confirm", "recover"]
    note: Text


class BenefitView(WireModel):
    """A benefit that rests on a registration; `at_risk` since the registration fell."""

    id: UUID
    version: int
    registration_id: UUID
    registration_number: str
    party_id: UUID
    region: str
    kind: BenefitKind
    authority: Authority
    amount_fen: int
    taken_on: date
    document: str
    state: BenefitState
    at_risk_since: datetime | None
    decided_at: datetime | None
    decision_note: str | None


class ProvisionView(WireModel):
    """One rule, where it comes from, and whether it is still to be verified."""

    id: str
    text: str
    source: str
    verify: bool


class DistributionRulesView(WireModel):
    """How a province distributes income; rates in basis points."""

    id: str
    province: str
    title_zh: str
    title_en: str
    valid_from: date
    valid_until: date | None
    transfer_floor_bp: int
    equity_floor_bp: int
    own_floor_bp: int
    own_years: tuple[int, int]
    recommended_bp: int | None
    own_recommended_bp: int | None
    own_from: str
    service_floor_bp: int
    main_floor_bp: int
    office_floor_bp: int
    office_fund_bp: int
    deducted: list[str]
    list_days: int
    pay_months: int
    decision_working_days: int
    idle_months: int
    provisions: list[ProvisionView]
