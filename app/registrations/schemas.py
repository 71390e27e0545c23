"""Wire shapes of the registrations module."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.http import Fen, Paragraphs, WireModel
from app.registrations.states import RefusalReason, RegistrationState

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
    provisions: list[ProvisionView]


class NewRegistration(WireModel):
    """An application for registration of a signed contract at an office."""

    contract_id: UUID
    office_id: UUID


class CorrectionRequest(WireModel):
    """What has to be corrected."""

    note: Note


class Correction(WireModel):
    """The corrected material; `technical_fen` when the technical amount was stated wrongly."""

    note: Note
    technical_fen: Fen | None = None


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
    contract_id: UUID
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
    correction_note: str | None
    answer_note: str | None
    number: str | None
    registered_at: datetime | None
    refusal_reason: RefusalReason | None
    refusal_note: str | None
    created_at: datetime


class ContractText(WireModel):
    """The contract as the office examines it."""

    contract_id: UUID
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
