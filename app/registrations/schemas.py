"""Wire shapes of the registrations module."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.http import Fen, Line, Paragraphs, ShortCode, WireModel
from app.registrations.states import (
    RefusalReason,
    RegistrationState,
    Source,
)

Note = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class OfficeCodes(WireModel):
    """Where an office is and which point of its region it is (rules.md 3.6)."""

    region4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")] = Field(examples=["3301"])
    point: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] = Field(examples=["07"])


class OfficeView(OfficeCodes):
    """A registration office that takes applications."""

    organisation_id: UUID
    name: str


class ProvisionView(WireModel):
    """A rule; `verify` when its text was not read at the official source."""

    id: str
    text: str
    source: str
    verify: bool


class RuleSetView(WireModel):
    """The registration regime of a time; days of acceptance, inclusive. Amounts in fen."""

    id: str
    valid_from: date | None
    valid_until: date | None
    title_zh: str
    title_en: str
    verify: bool
    counting: str
    decision_days: int
    large_technical_fen: int | None
    large_decision_days: int | None
    local_decision_days: dict[str, int]
    local_source: str | None
    four_eyes: bool
    experts: int | None
    provisions: list[ProvisionView]


class FormDetails(WireModel):
    """What form JJ-001 asks for besides the contract's own terms (rules.md 3.7); money in fen.

    Without `ip_type` it follows from the sub-class.
    """

    ip_type: ShortCode | None = None
    plan_category: ShortCode = "outside_plan"
    objective: ShortCode | None = Field(None, description="of the list socio_economic_objectives")
    valid_from: date | None = None
    valid_until: date | None = None
    added_input_fen: Fen | None = None
    added_output_fen: Fen | None = None
    handler: Line | None = Field(None, description="who handles it for the applicant (经办人)")


class NewRegistration(WireModel):
    """An application for registration of a signed contract at an office."""

    contract_id: UUID
    office_id: UUID
    details: FormDetails = Field(default_factory=FormDetails)


class CorrectionRequest(WireModel):
    """What has to be corrected."""

    note: Note


class Correction(WireModel):
    """The corrected material; `technical_fen` when the technical amount was stated wrongly."""

    note: Note
    technical_fen: Fen | None = None
    text: Annotated[Paragraphs, StringConstraints(min_length=1)] | None = Field(
        None, description="the corrected text of a contract that was handed to the office"
    )


class Refusal(WireModel):
    """Why registration is refused; reason `other` needs a note."""

    reason: RefusalReason
    note: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""


class RegistrationView(WireModel):
    """A registration as its parties and its office see it; amounts in fen.

    `due_provisional` says that the due day was counted on a calendar that is not official yet,
    `rule_set_verify` that the rule set was not read in full at its source.
    """

    id: UUID
    version: int
    source: Source
    contract_id: UUID | None
    reference: str | None
    part: int
    office_id: UUID
    applicant_id: UUID
    seller_id: UUID
    buyer_id: UUID
    title: str
    contract_class: str
    sub_class: str | None
    technical_field: str
    total_fen: int
    technical_fen: int
    payment_mode: str | None
    details: dict[str, Any]
    signed_at: datetime
    state: RegistrationState
    rule_set: str | None
    rule_set_verify: bool | None = None
    submitted_at: datetime | None
    accepted_at: datetime | None
    due_at: datetime | None
    due_provisional: bool
    calendar_version: str | None
    overdue_at: datetime | None
    disputed: bool
    correction_note: str | None
    answer_note: str | None
    number: str | None
    registered_at: datetime | None
    refusal_reason: RefusalReason | None
    refusal_note: str | None
    changed_at: datetime | None
    fell_at: datetime | None
    fall_note: str | None
    created_at: datetime


class QueueRow(WireModel):
    """An application that waits for its office; `days_left` counts calendar days to the due day."""

    registration: RegistrationView
    office_name: str
    region4: str
    seller_name: str
    buyer_name: str
    days_left: int | None
    expert_review: Literal["large", "disputed"] | None


class ContractText(WireModel):
    """The contract as the office examines it."""

    contract_id: UUID | None
    title: str
    text_version: int
    text: str
    text_sha256: str
    signed_at: datetime | None


class RegisterEntry(WireModel):
    """What the register shows to everyone."""

    number: str
    title: str
    contract_class: str
    sub_class: str | None
    technical_field: str
    seller_name: str
    seller_region: str
    buyer_name: str
    buyer_region: str
    office_name: str
    registered_at: datetime
    state: RegistrationState
    in_force: bool


class SealView(WireModel):
    """The signature over a certificate's digest."""

    key_id: str
    public_key: str
    value: str


class RegistrationCertificateView(WireModel):
    """A registration's certificate (登记证明) as whoever holds it, or its code, sees it.

    Without the code only the entry of the register is shown: amounts are business secrets.
    """

    number: str
    valid: bool
    entry: RegisterEntry
    edition: int | None
    newest_edition: int
    content: dict[str, Any] | None
    content_sha256: str | None
    signature: SealView | None


class PartyIn(WireModel):
    """A party of an imported contract; `country` is the customs code, 142 for China."""

    name: Line
    credit_code: ShortCode
    region_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    party_type: ShortCode
    country: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] = "142"


class ImportedContract(FormDetails):
    """A contract that was handed to the office: one line of JSON Lines; money in fen."""

    reference: ShortCode = Field(description="the office's own number of the application")
    title: Line
    contract_class: ShortCode
    sub_class: ShortCode | None = None
    technical_field: ShortCode
    total_fen: Fen
    technical_fen: Fen
    payment_mode: Literal["lump_once", "lump_instalments", "royalty", "royalty_with_upfront"]
    signed_on: date
    seller: PartyIn
    buyer: PartyIn
    text: Annotated[Paragraphs, StringConstraints(min_length=1)]


class RowOutcome(WireModel):
    """What became of a row; `code` and `message` when it was refused, and `field` says where."""

    row: int
    outcome: Literal["taken", "known", "refused"]
    registration_id: UUID | None = None
    reference: str | None = None
    code: str | None = None
    message: str | None = None
    field: str | None = None


class ImportOutcome(WireModel):
    """The outcome of every row of a file; refused rows wrote nothing."""

    taken: int
    known: int
    refused: int
    rows: list[RowOutcome]


class Decision(WireModel):
    """A decision among many; `reason` for a refusal, `note` for it or for a correction."""

    registration_id: UUID
    act: Literal["accept", "register", "refuse", "request_correction"]
    reason: RefusalReason | None = None
    note: Annotated[Paragraphs, StringConstraints(max_length=2000)] = ""

    @model_validator(mode="after")
    def _complete(self) -> "Decision":
        if (self.act == "refuse") != (self.reason is not None):
            raise ValueError("a refusal, and nothing else, has a reason")
        if self.act == "request_correction" and not self.note:
            raise ValueError("a correction says in its note what is to be corrected")
        return self


class Decisions(WireModel):
    """Decisions, each on its own: one that is refused leaves the others."""

    decisions: list[Decision] = Field(min_length=1, max_length=500)


class DecisionOutcome(WireModel):
    """What became of a decision."""

    registration_id: UUID
    outcome: Literal["done", "refused"]
    state: RegistrationState | None = None
    number: str | None = None
    code: str | None = None
    message: str | None = None
