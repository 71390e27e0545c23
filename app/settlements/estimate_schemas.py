"""Wire shapes of tax estimates; a question left out is answered by nobody."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from app.kit.http import FEN_LIMIT, Fen, ShortCode, WireModel
from app.settlements.tax import EstimateKind, Outcome

Amount = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]


class _Question(WireModel):
    as_of: date | None = Field(None, description="whose rules decide; today if absent")


class IncomeTaxQuestion(_Question):
    """A technology transfer within one tax year."""

    kind: Literal["income_tax"]
    form: Literal["ownership", "exclusive", "non_exclusive"]
    technology: ShortCode = Field(examples=["patent.invention"])
    signed_on: date
    licence_months: int | None = Field(None, ge=1, le=1200, strict=True)
    revenue_fen: Fen
    excluded_fen: Fen = Field(0, description="equipment, materials, separable services")
    cost_fen: Fen = Field(0, description="net tax basis of the intangible")
    taxes_fen: Fen = 0
    period_costs_fen: Fen = 0
    other_income_fen: Fen = Field(0, description="other qualifying income of the year")
    worldwide: bool | None = None
    resident: bool | None = None
    cross_border: bool = False
    recognised: bool | None = None
    owned: bool | None = None
    wholly_related: bool | None = None
    separate_accounts: bool | None = None
    public_funds: bool = False
    approved: bool | None = None


class VatQuestion(_Question):
    """A sale with its amount including VAT."""

    kind: Literal["vat"]
    subject: Literal["transfer", "development", "related_consulting", "related_service", "other"]
    amount_fen: Amount
    same_invoice: bool | None = None
    recognised: bool | None = None
    documents_kept: bool | None = None


class RewardQuestion(_Question):
    """A reward in cash to one person, and the person's other taxable income of the year."""

    kind: Literal["reward"]
    base_fen: Fen
    reward_fen: Amount
    unit: Literal["university", "institute", "enterprise"]
    registered: bool | None = None
    income_received_on: date
    paid_on: date
    publicity_working_days: int | None = Field(None, ge=0, le=1000, strict=True)
    separate_accounts: bool | None = None
    relabelled_wages: bool | None = None
    filed: bool | None = None


class DeferralQuestion(_Question):
    """Technology contributed as capital."""

    kind: Literal["equity_deferral"]
    contributor: Literal["enterprise", "individual"]
    appraised_fen: Amount
    original_fen: Fen = 0
    taxes_fen: Fen = 0
    expected_proceeds_fen: Fen | None = None
    technology: ShortCode = Field(examples=["patent.invention"])
    contributor_resident: bool | None = None
    investee_resident: bool | None = None
    shares_only: bool | None = None
    filed: bool | None = None


class StampDutyQuestion(_Question):
    """A document that stamp duty is due on, with its amount including VAT."""

    kind: Literal["stamp_duty"]
    document: Literal["technology_contract", "ip_transfer"]
    amount_fen: Amount
    vat_fen: Fen = 0
    vat_separate: bool | None = None
    amount_stated: bool = Field(True, description="else the amount is what is expected")


class PersonalIncomeQuestion(_Question):
    """What a person gets for a service or a licence, and the year's other taxable income."""

    kind: Literal["personal_income"]
    income: Literal["labour", "royalty"]
    amount_fen: Amount
    base_fen: Fen = 0
    resident: bool | None = None


Question = Annotated[
    IncomeTaxQuestion
    | VatQuestion
    | RewardQuestion
    | DeferralQuestion
    | StampDutyQuestion
    | PersonalIncomeQuestion,
    Field(discriminator="kind"),
]


class ConditionView(WireModel):
    """A condition, whether it holds and why, and where it stands."""

    id: str
    outcome: Outcome
    zh: str
    en: str
    why_zh: str
    why_en: str
    law: str
    article: str
    verify: bool


class EstimateView(WireModel):
    """An estimate: no assessment by a tax authority and no advice.

    `tax_fen` counts the relief only if every condition passed; `verify` names what of the rule set
    was not read at its source.
    """

    kind: EstimateKind
    estimate: Literal[True] = True
    disclaimer_zh: str
    disclaimer_en: str
    as_of: date
    rule_set: str
    verify: list[str]
    eligible: bool
    conditions: list[ConditionView]
    base_fen: int
    tax_without_fen: int
    tax_fen: int
    saving_fen: int
    note_zh: str
    note_en: str


class TaxConditionView(WireModel):
    """A condition of a relief."""

    id: str
    zh: str
    en: str
    law: str
    article: str
    verify: bool


class TaxRulesView(WireModel):
    """The rules of a relief in a time; `parameters` in fen, months or basis points."""

    id: str
    kind: EstimateKind
    title_zh: str
    title_en: str
    valid_from: date
    valid_until: date | None
    verify: list[str]
    parameters: dict[str, Any]
    conditions: list[TaxConditionView]
