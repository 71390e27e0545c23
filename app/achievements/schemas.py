"""Wire shapes of the achievements module."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from app.achievements.states import (
    AchievementKind,
    AchievementState,
    Audience,
    ClearanceKind,
    Secrecy,
)
from app.kit.http import Line, Paragraphs, ShortCode, WireModel
from app.kit.importing import Duplicate, ImportResult
from app.standard.service import ProfileChange

Office = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Share = Annotated[
    int, Field(ge=1, le=10_000, strict=True, description="basis points; all sum to 10000")
]
Trl = Annotated[int, Field(ge=1, le=9, strict=True, description="technology readiness, 1-9")]
IpcList = Annotated[list[ShortCode], Field(max_length=20, examples=[["G06F", "H04L 9/32"]])]
ModeList = Annotated[list[ShortCode], Field(max_length=6, examples=[["license"]])]


class NewOwner(WireModel):
    """An owner: an organisation of the market, or a name; with its share."""

    organisation_id: UUID | None = None
    name: Line | None = None
    share_bp: Share


class NewRight(WireModel):
    """A right; `number` is the application, patent, publication or registration number."""

    type: ShortCode = Field(description="from the list ip_types", examples=["patent.invention"])
    number: ShortCode | None = Field(None, examples=["201710601862.3"])
    office: Office = Field("CN", description="WIPO ST.3 code of the granting office")
    title: Line | None = None
    expires_on: date | None = None
    status: ShortCode | None = None


class NewPerson(WireModel):
    """A completing person; the order of the list is the order of contribution."""

    name: Line
    person_id: UUID | None = None


Reason = Annotated[str, StringConstraints(max_length=2000)]
OFFER = "members of the standard that no other field gives, such as advantages or stage"
Owners = Annotated[list[NewOwner], Field(min_length=1, max_length=50)]
Rights = Annotated[list[NewRight], Field(max_length=100)]
Persons = Annotated[list[NewPerson], Field(max_length=100)]


class _Described(WireModel):
    title: Line
    summary: Paragraphs = Field("", description="open to everyone once published")
    details: Paragraphs = Field("", description="restricted; every reading is logged")
    technical_field: ShortCode | None = Field(
        None, description="from technical_fields; suggested by the first IPC symbol if absent"
    )
    ipc: IpcList = Field(default_factory=list)
    industry_code: ShortCode | None = Field(None, description="GB/T 4754")
    trl: Trl | None = None
    transfer_modes: ModeList = Field(default_factory=list)
    funding: ShortCode | None = Field(None, description="from plan_categories")
    secrecy: Secrecy = Secrecy.PUBLIC
    owners: Owners | None = Field(None, description="the poster alone if absent")
    persons: Persons = Field(default_factory=list)
    offer: ProfileChange = Field(default_factory=dict, description=OFFER)


class NewAchievement(_Described):
    """An achievement to be entered as a draft."""

    rights: Rights = Field(default_factory=list)
    anonymous: bool = Field(
        False, description="its owner is told to those whose interest was accepted alone"
    )


class NewPackage(_Described):
    """A package of several achievements of the poster."""

    member_ids: list[UUID] = Field(min_length=2, max_length=200)


class AchievementEdit(WireModel):
    """What changes; lists are replaced whole. Absent members stay as they are."""

    title: Line | None = None
    summary: Paragraphs | None = None
    details: Paragraphs | None = None
    technical_field: ShortCode | None = None
    ipc: IpcList | None = None
    industry_code: ShortCode | None = None
    trl: Trl | None = None
    transfer_modes: ModeList | None = None
    funding: ShortCode | None = None
    secrecy: Secrecy | None = None
    owners: Owners | None = None
    persons: Persons | None = None
    rights: Rights | None = None
    anonymous: bool | None = Field(None, description="true only before the first publication")
    offer: ProfileChange | None = Field(None, description=OFFER + "; null removes one")


class OwnerView(WireModel):
    """An owner."""

    organisation_id: UUID | None
    name: str
    share_bp: int


class RightView(WireModel):
    """A right."""

    type: str
    number: str | None
    office: str
    title: str | None
    expires_on: date | None
    status: str | None


class PersonView(WireModel):
    """A completing person."""

    name: str


class MissingMember(WireModel):
    """A member of the standard that an offer lacks, and what it would add to the score."""

    field: str
    weight: int


class Completeness(WireModel):
    """How much of what the standard asks for an offer has."""

    score: int = Field(ge=0, le=100)
    missing: list[MissingMember]


class AchievementView(WireModel):
    """The public part of an achievement.

    An anonymous one tells its owners, persons, and what identifies its rights to its owners, to
    overseers, and to those whose interest was accepted or who were granted the details. The note
    of the review is for owners and overseers.
    """

    id: UUID
    version: int
    kind: AchievementKind
    state: AchievementState
    title: str
    summary: str
    technical_field: str
    ipc: list[str]
    industry_code: str | None
    trl: int | None
    transfer_modes: list[str]
    funding: str | None
    secrecy: Secrecy
    anonymous: bool
    lead_party_id: UUID | None
    public_from: datetime | None
    expires_at: datetime | None
    reviewed_at: datetime | None
    review_note: str | None
    offer: dict[str, Any] = Field(description="members of the standard that no other field gives")
    completeness: Completeness
    created_at: datetime
    owners: list[OwnerView]
    persons: list[PersonView]
    rights: list[RightView]
    member_ids: list[UUID]


class AchievementReview(WireModel):
    """An operator's decision on what is published; a withdrawal says why."""

    act: Literal["approve", "withdraw"]
    reason: Reason = ""


class Renewal(WireModel):
    """Until when an achievement is published; as long as possible if absent."""

    expires_on: date | None = None


class DetailsView(WireModel):
    """The restricted part."""

    id: UUID
    version: int
    details: str


class NewGrant(WireModel):
    """Let an organisation read the details."""

    organisation_id: UUID
    ends_at: AwareDatetime | None = None


class GrantView(WireModel):
    """Who may read the details, and until when."""

    id: UUID
    achievement_id: UUID
    organisation_id: UUID
    created_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None


class DisclosureView(WireModel):
    """One reading of the details or of a restricted document."""

    id: UUID
    achievement_id: UUID
    document_id: UUID | None
    person_id: UUID | None
    organisation_id: UUID | None
    client_id: UUID | None
    mandate_id: UUID | None
    version: int = Field(description="the version of the achievement that was read")
    read_at: datetime


class DocumentView(WireModel):
    """A file of an achievement."""

    id: UUID
    achievement_id: UUID
    name: str
    media_type: str
    audience: Audience
    size_bytes: int
    sha256: str
    created_at: datetime


class AchievementDuplicate(Duplicate):
    """A row that is left out because the market has it, or an earlier line."""

    achievement_id: UUID | None = Field(description="the achievement that exists already")


AchievementImport = ImportResult[AchievementDuplicate]


class NewClearance(WireModel):
    """A consent, statement, pledge or approval to be put on record.

    `subject` is whose it is: the co-owner, the completing person, the pledgee, the authority.
    """

    kind: ClearanceKind
    subject: Line
    statement: ShortCode = Field(examples=["consents"])
    document: Line = Field(description="number or title of the document it stands in")
    dated_on: date
    valid_until: date | None = None


class ClearanceRevocation(WireModel):
    """Why a clearance does not hold any more."""

    reason: Line


class ClearanceView(WireModel):
    """A clearance on record."""

    id: UUID
    achievement_id: UUID
    kind: ClearanceKind
    subject: str
    statement: str
    document: str
    dated_on: date
    valid_until: date | None
    recorded_by: UUID
    created_at: datetime
    revoked_at: datetime | None
    revocation: str | None
