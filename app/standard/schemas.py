"""Wire shapes of the standard."""

from datetime import date

from app.kit.http import WireModel


class StandardView(WireModel):
    """A version of the standard; `verify` says what was not read at its source."""

    version: str
    id: str
    effective_from: date
    verify: list[str]
    href: str
    current: bool
