"""Wire shapes of the contracts module."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.contracts.states import (
    Category,
    ContractClass,
    ContractState,
    Direction,
    DisputeForum,
    PaymentMode,
    RestrictionKind,
    RoyaltyBase,
    RoyaltyRate,
    Severity,
    SignMethod,
)
from app.kit.http import Fen, Line, Paragraphs, ShortCode, WireModel


class PatentTerms(WireModel):
    """A patent's particulars as the contract states them (民法典 845)."""

    number: ShortCode
    invention_name: Line | None = None
    applicant: Line | None = None
    patentee: Line | None = None
    filed_on: date | None = None
    expires_on: date | None = None


class Instalment(WireModel):
    """One payment of a price that is paid in parts."""

    amount_fen: Fen
    due: Line = Field(description="when it falls due", examples=["合同生效后 10 日内"])


class Royalty(WireModel):
    """A price that depends on use; the rate is in basis points of the base."""

    base: RoyaltyBase
    rate_kind: RoyaltyRate = RoyaltyRate.FIXED
    rate_bp: int = Field(ge=1, le=10_000, strict=True)
    rate_note: Annotated[Paragraphs, StringConstraints(max_length=500)] = ""
    upfront_fen: Fen | None = None
    yearly_rates_bp: list[Annotated[int, Field(ge=1, le=10_000, strict=True)]] = Field(
        default_factory=list,
        max_length=60,
        description="rates of the first, second, ... year; the last one stays",
    )
    first_from: date | None = Field(None, description="absent: the day of the last signature")
    period_months: int = Field(12, ge=1, le=120, strict=True)
    periods: int = Field(5, ge=1, le=120, strict=True)
    report_days: int = Field(30, ge=1, le=365, strict=True)
    audit: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class NonTechnicalItem(WireModel):
    """A part of the price that pays for no technology: equipment, parts, material.

    `subject_fen` is the part of it that is the direct cost of a reasonable quantity of the
    subject matter itself, such as one or two trial rigs; it stays technical (rules.md 3.3).
    """

    name: Line
    amount_fen: Fen
    subject_fen: Fen = 0
    subject_sets: int | None = Field(None, ge=1, le=100_000, strict=True)


class Milestone(WireModel):
    """Something to be delivered, by a day if one is agreed on."""

    name: Line
    due_on: date | None = None
    indicators: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class Trial(WireModel):
    """Use before payment (先用后付): so many days from the first delivery."""

    days: int = Field(ge=1, le=3650, strict=True)
    conditions: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class CrossBorder(WireModel):
    """Technology that is exported or imported (技术进出口管理条例).

    `applied_on` is the day of the application for the licence; `contract_applied_on` that of the
    signed contract; `combined` when both were handed in together (import).
    """

    direction: Direction
    category: Category
    applied_on: date | None = None
    contract_applied_on: date | None = None
    combined: bool = False
    licence_number: ShortCode | None = None
    registration_applied_on: date | None = None
    registration_number: ShortCode | None = None


class Restriction(WireModel):
    """A clause that the parties themselves name as restrictive, and why it is reasonable."""

    kind: RestrictionKind
    clause: Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]
    justification: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class FormerEmployment(WireModel):
    """An employer whom a completing person left before the achievement was made (rules.md V-5)."""

    person: Line
    employer: Line
    left_on: date
    made_on: date


FullText = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
"""A text that the parties bring with them, instead of the template's own articles."""


class Terms(WireModel):
    """The structured terms of a contract; the text is generated from them."""

    subject: Paragraphs
    patents: list[PatentTerms] = Field(default_factory=list, max_length=100)
    non_technical_items: list[NonTechnicalItem] = Field(default_factory=list, max_length=100)
    payment_mode: PaymentMode = PaymentMode.LUMP_ONCE
    payment_days: int = Field(30, ge=1, le=3650, strict=True)
    instalments: list[Instalment] = Field(default_factory=list, max_length=60)
    royalty: Royalty | None = None
    licence_until: date | None = None
    territory: Line = "中华人民共和国境内"
    delivery: Paragraphs
    acceptance: Paragraphs
    ownership: Paragraphs
    improvements: Paragraphs
    confidentiality: Paragraphs
    breach: Paragraphs
    dispute_forum: DisputeForum = DisputeForum.SELLER_COURT
    arbitration_body: Line | None = None
    free_clauses: list[Paragraphs] = Field(default_factory=list, max_length=30)
    particulars: Paragraphs = ""
    indicators: Paragraphs = ""
    milestones: list[Milestone] = Field(default_factory=list, max_length=60)
    trial: Trial | None = None
    expenses: Paragraphs = ""
    restrictions: list[Restriction] = Field(default_factory=list, max_length=30)
    cross_border: CrossBorder | None = None
    former_employment: list[FormerEmployment] = Field(default_factory=list, max_length=30)
    full_text: FullText | None = None
    full_text_name: Line | None = None
    intermediary_id: UUID | None = Field(
        None, description="the broker who brought the parties together, where no fee is stated"
    )


class ContractEdit(WireModel):
    """Terms to change in a draft; a member that is left out or null stays as it is.

    `royalty`, `licence_until`, `arbitration_body`, `trial`, `cross_border`, `full_text`,
    `full_text_name` and `intermediary_id` are taken away by null.
    """

    title: Line | None = None
    contract_class: ContractClass | None = None
    sub_class: ShortCode | None = None
    subject: Paragraphs | None = None
    patents: list[PatentTerms] | None = Field(None, max_length=100)
    non_technical_items: list[NonTechnicalItem] | None = Field(None, max_length=100)
    payment_mode: PaymentMode | None = None
    payment_days: int | None = Field(None, ge=1, le=3650, strict=True)
    instalments: list[Instalment] | None = Field(None, max_length=60)
    royalty: Royalty | None = None
    licence_until: date | None = None
    territory: Line | None = None
    delivery: Paragraphs | None = None
    acceptance: Paragraphs | None = None
    ownership: Paragraphs | None = None
    improvements: Paragraphs | None = None
    confidentiality: Paragraphs | None = None
    breach: Paragraphs | None = None
    dispute_forum: DisputeForum | None = None
    arbitration_body: Line | None = None
    free_clauses: list[Paragraphs] | None = Field(None, max_length=30)
    particulars: Paragraphs | None = None
    indicators: Paragraphs | None = None
    milestones: list[Milestone] | None = Field(None, max_length=60)
    trial: Trial | None = None
    expenses: Paragraphs | None = None
    restrictions: list[Restriction] | None = Field(None, max_length=30)
    cross_border: CrossBorder | None = None
    former_employment: list[FormerEmployment] | None = Field(None, max_length=30)
    full_text: FullText | None = None
    full_text_name: Line | None = None
    intermediary_id: UUID | None = None


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Signing(WireModel):
    """A signature names the text that was read by its hash."""

    text_sha256: Sha256
    acknowledged: list[ShortCode] = Field(
        default_factory=list, max_length=100, description="codes of the warnings that were read"
    )
    method: SignMethod = Field(
        SignMethod.ACCOUNT, description="`certificate`: by the sandbox's test authority"
    )


class SigningStart(WireModel):
    """Asks for the digest that is to be signed with one's own certificate."""

    text_sha256: Sha256
    acknowledged: list[ShortCode] = Field(default_factory=list, max_length=100)


class SigningRequestView(WireModel):
    """What is to be signed: a CMS object (CAdES, detached) over this SHA-256 digest."""

    id: UUID
    digest_sha256: str = Field(description="64 hexadecimal digits")
    document_sha256: str
    expires_at: datetime


class CmsUpload(WireModel):
    """The CMS object that the signer made over the digest, in DER and Base64."""

    cms_base64: Annotated[str, StringConstraints(min_length=1, max_length=24_000)]


class CertificateFacts(WireModel):
    """The certificate that a signature was made with."""

    subject: str
    issuer: str
    serial: str
    sha256: str
    claimed_at: datetime | None


class SignatureView(WireModel):
    """Who signed which text and when; `mandate_id` when a broker signed for its client."""

    party_id: UUID
    person_id: UUID
    mandate_id: UUID | None
    text_version: int
    text_sha256: str
    signed_at: datetime
    method: SignMethod
    certificate: CertificateFacts | None


class FoundSignature(WireModel):
    """A signature in the PDF as the validator sees it."""

    party_id: UUID | None
    subject: str
    issuer: str
    serial: str
    certificate_sha256: str
    reason: str
    claimed_at: datetime | None = Field(
        description="in the signature, when its digest was prepared"
    )
    recorded_at: datetime | None = Field(description="when the platform took it in")
    intact: bool
    trusted: bool
    unchanged_since: bool
    problem: str


class VerificationView(WireModel):
    """What the validator says of the PDF in force."""

    document_sha256: str
    valid: bool
    signatures: list[FoundSignature]


class FindingView(WireModel):
    """Something that a check before signing found, by which rule, and what would be right."""

    code: str
    severity: Severity
    source: str
    field: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    quote: str = Field(description="the sentence that it is about, if one is")
    acknowledged_by: list[UUID] = Field(default_factory=list)


class DifferenceLine(WireModel):
    """A line of two versions: `op` is equal, removed, added or changed.

    A changed line has its parts with the same three ops.
    """

    op: str
    text: str
    parts: list[tuple[str, str]] = Field(default_factory=list)


class DifferenceView(WireModel):
    """How one version of the text differs from another."""

    from_version: int
    to_version: int
    removed: int
    added: int
    lines: list[DifferenceLine]


class TemplateView(WireModel):
    """A template in the package, and from when drafts use it."""

    code: str
    contract_class: ContractClass
    sub_classes: list[str]
    in_force_from: date
    current: bool


class ContractRow(WireModel):
    """A contract in a list; amounts in fen."""

    id: UUID
    version: int
    deal_id: UUID
    achievement_id: UUID
    seller_id: UUID
    buyer_id: UUID
    contract_class: ContractClass
    sub_class: str | None
    title: str
    text_version: int
    text_sha256: str
    total_fen: int
    technical_fen: int
    payment_mode: PaymentMode
    state: ContractState
    signed_at: datetime | None
    created_at: datetime


class ContractView(ContractRow):
    """A contract with its text, its terms, and the signatures over any of its texts."""

    transfer_mode: str
    license_manner: str | None
    technical_field: str
    template: str
    terms: Terms
    terms_in_force: Terms = Field(description="the terms with every change that took effect since")
    text: str
    signatures: list[SignatureView]


class TextRow(WireModel):
    """One version of a contract's text."""

    text_version: int
    text_sha256: str
    template: str
    party_id: UUID | None = Field(description="the party that made it; absent for the first draft")
    created_at: datetime


class TextView(TextRow):
    """One version of a contract's text, in full."""

    text: str
