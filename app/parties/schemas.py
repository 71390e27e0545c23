"""Wire shapes of the parties module."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from app.kit.http import Line, Paragraphs, ShortCode, WireModel
from app.parties.states import OrganisationKind, OrganisationState, RelationKind, Role

Login = Annotated[
    str,
    StringConstraints(min_length=3, max_length=100, to_lower=True, pattern=r"^[A-Za-z0-9._+@-]+$"),
]
Password = Annotated[str, StringConstraints(min_length=12, max_length=200, strip_whitespace=False)]


class NewPerson(WireModel):
    """A person and the password to log in with."""

    login: Login = Field(examples=["tto@university.example"])
    name: Line
    password: Password


class NewOrganisation(WireModel):
    """An application for registration; `administrator` is its first person."""

    kind: OrganisationKind
    name: Line
    name_en: Line | None = None
    credit_code: ShortCode = Field(
        description="Unified social credit code, 18 characters (GB 32100-2015)",
        examples=["12100000400000624D"],
    )
    region_code: ShortCode = Field(description="GB/T 2260, 6 digits", examples=["110108"])
    address: Annotated[str, StringConstraints(max_length=300)] = ""
    contact: Annotated[str, StringConstraints(max_length=300)] = ""
    administrator: NewPerson


class OrganisationEdit(WireModel):
    """What an organisation changes by itself."""

    name_en: Line | None = None
    address: Annotated[str, StringConstraints(max_length=300)] | None = None
    contact: Annotated[str, StringConstraints(max_length=300)] | None = None


class OrganisationView(WireModel):
    """An organisation; contact, state and note only for its people and overseers."""

    id: UUID
    version: int
    kind: OrganisationKind
    name: str
    name_en: str | None
    credit_code: str
    region_code: str
    state: OrganisationState
    address: str | None = None
    contact: str | None = None
    review_note: str | None = None


class Review(WireModel):
    """A decision on an organisation; a refusal or suspension needs its reason."""

    act: Literal["approve", "reject", "suspend", "reinstate"]
    reason: Paragraphs = ""


class NewMember(WireModel):
    """A person who joins an organisation."""

    person: NewPerson
    roles: list[Role] = Field(min_length=1, max_length=6)


class MemberView(WireModel):
    """A person in an organisation."""

    person_id: UUID
    login: str
    name: str
    roles: list[str]
    ended_at: datetime | None


class TokenResponse(WireModel):
    """OAuth2 token response (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="seconds")
    refresh_token: str


class Me(WireModel):
    """Who the caller is."""

    person_id: UUID | None
    organisation_id: UUID | None
    organisation_kind: str | None
    roles: list[str]
    scopes: list[str] | None
    client_id: UUID | None
    mandate_id: UUID | None


class NewApiKey(WireModel):
    """A key to be made."""

    name: Line
    scopes: list[str] = Field(min_length=1, max_length=10, examples=[["read", "trade"]])
    expires_at: AwareDatetime | None = None


class ApiKeyView(WireModel):
    """A key without its secret."""

    id: UUID
    name: str
    hint: str = Field(description="the last four characters of the secret")
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None


class ApiKeyMade(ApiKeyView):
    """A new key; the secret is shown this once."""

    secret: str


class NewMandate(WireModel):
    """A client authorises a broker."""

    broker_id: UUID
    scopes: list[str] = Field(min_length=1, max_length=10, examples=[["trade"]])
    valid_from: date
    valid_until: date


class MandateView(WireModel):
    """A mandate."""

    id: UUID
    broker_id: UUID
    client_id: UUID
    scopes: list[str]
    valid_from: date
    valid_until: date
    granted_by: UUID
    revoked_at: datetime | None


class NewRelation(WireModel):
    """A declared relation; the other organisation by its id or by its credit code."""

    kind: RelationKind
    other_id: UUID | None = None
    other_credit_code: ShortCode | None = Field(
        None, description="of an organisation that need not be registered here"
    )
    achievement_id: UUID | None = Field(None, description="that is appraised or brokered")
    listing_id: UUID | None = Field(None, description="that is appraised or brokered")
    valid_from: date
    valid_until: date | None = None
    evidence: Paragraphs = Field(
        min_length=1, description="who or what it is about, and how it is known"
    )


class RelationView(WireModel):
    """A relation; `declared_by` is the organisation whose person declared it."""

    id: UUID
    organisation_id: UUID
    kind: RelationKind
    other_credit_code: str
    achievement_id: UUID | None
    listing_id: UUID | None
    valid_from: date
    valid_until: date | None
    evidence: str
    declared_by: UUID
    created_at: datetime
    ended_at: datetime | None
