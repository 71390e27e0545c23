"""What checks before signing look at, and what they find."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.contracts.schemas import Terms
from app.contracts.states import ContractClass, Severity
from app.kit.calendar import OfficialCalendar


@dataclass(frozen=True)
class Finding:
    """What a check found; `field` is its place in the terms, `quote` the sentence, if any."""

    code: str
    severity: Severity
    source: str
    field: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    quote: str = ""


@dataclass(frozen=True)
class Inspected:
    """All that the checks look at. `missing_consents` are co-owners without a consent on record;
    `publicity` says why the deal's publicity or notice is not over, or is empty."""

    contract_class: ContractClass
    sub_class: str | None
    license_manner: str | None
    terms: Terms
    missing_consents: Sequence[str]
    export_approved: bool
    seller_region: str
    buyer_region: str
    publicity: str
    today: date
    calendar: OfficialCalendar


Check = Callable[[Inspected], Iterator[Finding]]
