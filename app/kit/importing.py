"""What an import of many objects reports, whatever they are."""

from typing import Generic, TypeVar
from uuid import UUID

from pydantic import Field

from app.kit.http import WireModel


class Duplicate(WireModel):
    """A line of a file that is left out because it says what is there already."""

    line: int
    first_line: int | None = Field(description="the line of this file that says the same")


D = TypeVar("D", bound=Duplicate)


class ImportResult(WireModel, Generic[D]):
    """What an import did, or would do."""

    id: UUID
    dry_run: bool
    sha256: str = Field(description="of the file")
    rows: int
    created: int
    duplicate_count: int
    duplicates: list[D] = Field(description="the first hundred")
