"""Wire shapes of the webhooks module."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from app.kit.changes import ChangeKind
from app.kit.http import Line, WireModel
from app.webhooks.states import DisabledBecause, Outcome, WebhookState

Offset = Annotated[str, StringConstraints(min_length=1, max_length=40)]


Url = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Kinds = Annotated[
    list[ChangeKind], Field(max_length=len(ChangeKind), description="only these; empty: all")
]


class NewWebhook(WireModel):
    """An address to post changes to."""

    url: Url = Field(examples=["https://example.com/hooks/techmarket"])
    description: Line | None = Field(None, description="what it is for, in the owner's words")
    kinds: Kinds = Field(default_factory=list)
    mine: bool = Field(False, description="changes of the own party, and no others")
    offset: Offset = Field("latest", description="where in the feed to begin; `latest`: from now")


class WebhookEdit(WireModel):
    """What is to change of a webhook; what is not named stays. `description` null removes it."""

    url: Url | None = None
    description: Line | None = None
    kinds: Kinds | None = None


class WebhookView(BaseModel):
    """A webhook and how its delivery stands."""

    id: UUID
    version: int = Field(description="counts edits; for If-Match")
    url: str
    description: str | None
    kinds: list[ChangeKind]
    mine: bool
    state: WebhookState
    disabled_because: DisabledBecause | None
    offset: str = Field(description="everything up to it was delivered")
    failures: int = Field(description="attempts in a row that failed")
    failing_since: datetime | None
    next_attempt_at: datetime
    created_at: datetime


class WebhookSecret(BaseModel):
    """The signing secret; it is shown this once."""

    webhook: WebhookView
    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])


class Replay(WireModel):
    """Where to deliver again from: after an offset, or from a delivery's change on."""

    offset: Offset | None = None
    delivery_id: UUID | None = None


class DeliveryView(BaseModel):
    """One attempt."""

    id: UUID
    message_id: str
    attempt: int
    attempted_at: datetime
    outcome: Outcome
    status: int | None
    error: str | None
    took_ms: int
