"""Wire shapes of examination, review, amounts and income; amounts in fen."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import Fen, Line, Paragraphs, ShortCode, WireModel
from app.registrations.states import (
    Answer,
    FindingKind,
    ItemCategory,
    ItemKind,
    Likeness,
    ObjectionState,
    Opinion,
    RegistrationState,
    RequestKind,
    RequestState,
    SubjectKind,
    Verdict,
)

Note = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class ChecklistItem(WireModel):
    """A question of the checklist with its prefilled answer and the words that gave it."""

    id: str
    kind: ItemKind
    zh: str
    en: str
    source: str
    verify: bool
    answer: Answer
    words: list[str]


class CandidateView(WireModel):
    """A class that the contract may be of, and what speaks for it."""

    scheme: str
    contract_class: str
    sub_classes: list[str]
    zh: str
    en: str
    points: int
    words: list[str]
    excluded_by: list[str]
    checklist: list[ChecklistItem]


class Reason(WireModel):
    """One reason, in both languages."""

    zh: str
    en: str


class LikeView(WireModel):
    """Another registration that may be of the same contract, and why; at any office."""

    registration_id: UUID
    number: str | None
    title: str
    office_name: str
    state: RegistrationState
    why: list[Likeness]
    likeness: float
    blocks: bool
    cleared: str | None


class MonopolyView(WireModel):
    """A clause that may monopolise technology: ground of refusal `monopoly_clause`.

    `clear` when the law leaves no room; else the registrar judges whether it is reasonable.
    """

    code: str
    clear: bool
    source: str
    field: str
    quote: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


class RecognitionView(WireModel):
    """What the contract is by its content, and why; the proposed class comes first.

    `verify` when a test of the proposed class was recalled or read in a draft only.
    """

    contract_class: str
    sub_class: str | None
    verdict: Verdict
    verify: bool
    name_scheme: str | None
    name_differs: bool
    mixed: list[str]
    reasons: list[Reason]
    candidates: list[CandidateView]
    duplicates: list[LikeView]
    monopoly: list[MonopolyView]
    expert_review: Literal["large", "disputed"] | None
    experts_needed: int | None


class MixedPart(WireModel):
    """A part of a mixed contract by its technical amount."""

    contract_class: ShortCode
    sub_class: ShortCode | None = None
    technical_fen: Fen


class Assessment(WireModel):
    """A registrar's recognition: the class, and an answer to every test and exclusion of it.

    `parts` weigh a mixed contract that stays one; `reason` is needed against the proposal.
    """

    contract_class: ShortCode
    sub_class: ShortCode | None = None
    answers: dict[str, Answer] = Field(max_length=40)
    parts: list[MixedPart] = Field(default_factory=list, max_length=10)
    reason: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class SplitPart(WireModel):
    """A part of a mixed contract that is registered on its own."""

    title: Line
    contract_class: ShortCode
    sub_class: ShortCode | None = None
    total_fen: Fen
    technical_fen: Fen


class Split(WireModel):
    """The parts; their amounts sum to the contract's."""

    parts: list[SplitPart] = Field(min_length=2, max_length=10)


class Allowance(WireModel):
    """Direct cost of a reasonable quantity of the subject matter; `override` allows more."""

    subject: SubjectKind
    quantity: int = Field(ge=1, le=1_000_000, strict=True)
    cost_fen: Fen
    override: Annotated[Paragraphs, StringConstraints(max_length=500)] = ""


class CostItemIn(WireModel):
    """A non-technical cost within the total."""

    category: ItemCategory
    name: Line
    amount_fen: Fen
    allowance: Allowance | None = None


class AmountsIn(WireModel):
    """The non-technical costs, itemised; `technical_fen` only to override what they give."""

    items: list[CostItemIn] = Field(default_factory=list, max_length=100)
    technical_fen: Fen | None = None
    override_reason: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class ItemResult(WireModel):
    """What became of a cost; `needs_override` when the reasonable quantity is exceeded."""

    name: str
    deducted_fen: int
    allowed_fen: int
    needs_override: bool
    zh: str
    en: str


class AmountsView(WireModel):
    """The approved technical amount, and what the items give."""

    total_fen: int
    computed_fen: int
    technical_fen: int
    override_reason: str
    items: list[ItemResult]


class Dispute(WireModel):
    """Why the recognition is disputed."""

    note: Note


class OpinionIn(WireModel):
    """An expert's opinion."""

    expert: Line
    institution: Line
    opinion: Opinion
    note: Note


class Clearing(WireModel):
    """Why a registration that looks like this one is of another contract."""

    registration_id: UUID
    note: Note


class FindingView(WireModel):
    """What the office noted, and when."""

    id: UUID
    kind: FindingKind
    content: dict[str, Any]
    person_id: UUID
    created_at: datetime


class Change(WireModel):
    """A change of what is registered (变更), on the basis of a document."""

    basis: Note
    title: Line | None = None
    total_fen: Fen | None = None
    technical_fen: Fen | None = None
    valid_until: date | None = None


class Because(WireModel):
    """The reason of an act, with the document that it rests on."""

    reason: Note


class ObjectionIn(WireModel):
    """What is wrong with the office's decision."""

    grounds: Note


class RequestIn(WireModel):
    """An applicant's request: a change of what is registered, or its cancellation.

    A change names at least one of the values; a cancellation none.
    """

    kind: RequestKind
    basis: Note
    title: Line | None = None
    total_fen: Fen | None = None
    technical_fen: Fen | None = None
    valid_until: date | None = None


class RequestDecision(WireModel):
    """What the office does with a request; a rejection says why."""

    outcome: Literal["grant", "reject"]
    note: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class RequestView(WireModel):
    """A request and its outcome."""

    id: UUID
    registration_id: UUID
    kind: RequestKind
    wanted: dict[str, Any]
    basis: str
    organisation_id: UUID
    state: RequestState
    created_at: datetime
    closed_at: datetime | None
    note: str | None


class ReviewDecision(WireModel):
    """Whether the office's decision stands."""

    outcome: Literal["uphold", "overturn"]
    note: Note


class ObjectionView(WireModel):
    """An objection and its outcome."""

    id: UUID
    registration_id: UUID
    against: RegistrationState
    organisation_id: UUID
    grounds: str
    state: ObjectionState
    created_at: datetime
    closed_at: datetime | None
    note: str | None


class DeductionsIn(WireModel):
    """Costs taken off a payment, as the form lists them, in fen."""

    labour_fen: Fen = 0
    raw_material_fen: Fen = 0
    fuel_power_fen: Fen = 0
    equipment_fen: Fen = 0
    special_fen: Fen = 0
    management_fen: Fen = 0


class IncomeIn(WireModel):
    """One realised payment: a recorded one of the contract, or for an imported one its facts.

    Without `realised_technical_fen` it is the payment's share in the contract's proportion.
    """

    payment_id: UUID | None = None
    received_on: date | None = None
    realised_total_fen: Fen | None = None
    realised_technical_fen: Fen | None = None
    deductions: DeductionsIn = Field(default_factory=DeductionsIn)
    override_reason: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class IncomeView(WireModel):
    """A verification form (技术性收入核定表); `exceeds` warns of more than the technical amount."""

    id: UUID
    registration_id: UUID
    sequence: int
    payment_id: UUID | None
    received_on: date
    realised_total_fen: int
    realised_technical_fen: int
    deductions: dict[str, int]
    income_fen: int
    exceeds: bool
    override_reason: str | None
    created_at: datetime


class IncomePaper(WireModel):
    """The form's fields as they are printed; `verify` because its arithmetic is inferred."""

    form: IncomeView
    number: str
    title: str
    applicant_name: str
    contract_class: str
    payment_mode: str | None
    total_fen: int
    technical_fen: int
    verify: bool = True
