"""Wire shapes of the feed."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.kit.changes import ChangeKind


class ChangeView(BaseModel):
    """Something happened to an object; read the object to learn how it stands."""

    id: UUID = Field(description="of this change; the same wherever it is told")
    offset: str = Field(description="go on after this change with it")
    kind: ChangeKind
    act: str = Field(examples=["approve"])
    object_id: UUID
    at: datetime = Field(description="market time of the act")
    link: str = Field(examples=["/api/v1/listings/0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11"])


class FeedPage(BaseModel):
    """Changes in order, and where to go on."""

    items: list[ChangeView]
    next_offset: str = Field(description="hand it back as `offset`; it never expires")
    more: bool = Field(description="whether to go on at once; `items` can be empty then")
