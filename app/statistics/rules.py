"""Decisions about figures, without I/O: periods, booking, classes, kinds of parties, growth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from app.kit.calendar import end_of_day, local_day
from app.kit.money import round_half_up
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.states import PeriodKind

FEWEST_UNITS = 3
"""A cell that counts fewer units identifies one (统计法 28; rules.md 8.1)."""

CLOSES_AFTER_DAYS = 10
"""A period stays open for so many days after its end, for what is decided late (own choice)."""

FOUR_CLASSES = {"license": "transfer"}
"""Before the Civil Code (2021) a licence was a transfer contract (rules.md 3.1, 8.1)."""

FIVE_CLASSES_FROM = date(2021, 1, 1)
"""Earlier figures have four classes."""

NOT_STATED = "not_stated"
_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}
_PARTS = {PeriodKind.QUARTER: PeriodKind.MONTH, PeriodKind.YEAR: PeriodKind.QUARTER}
_WHOLES = {part: whole for whole, part in _PARTS.items()}
_GROUPS = {
    "enterprise": "enterprise",
    "institute": "research_institute",
    "university": "university",
}
_GROUP_OF_TYPE = {
    "01": "government",
    "021": "research_institute",
    "022": "university",
    "023": "medical",
    "02": "other_institution",
    "03": "association",
    "1": "enterprise",
    "2": "enterprise",
    "3": "enterprise",
    "4": "natural_person",
}
"""Groups by the beginning of an official party type (form JJ-001, rules.md 3.7)."""
_GROUP_OF_CODE = {
    "11": "government",
    "12": "other_institution",
    "51": "association",
    "91": "enterprise",
    "92": "natural_person",
    "93": "enterprise",
}
"""Groups by the registering authority and kind in a credit code (GB 32100-2015)."""
ABROAD = "000000"
"""The region of a party outside China."""

AREAS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "beijing_tianjin_hebei": ("京津冀", "Beijing-Tianjin-Hebei", ("110000", "120000", "130000")),
    "yangtze_delta": ("长三角", "Yangtze delta", ("310000", "320000", "330000", "340000")),
    "guangdong_hongkong_macao": (
        "粤港澳(全省口径)",
        "Guangdong, Hong Kong, Macao",
        ("440000", "810000", "820000"),
    ),
    "hongkong_macao_taiwan": (
        "港澳台",
        "Hong Kong, Macao, Taiwan",
        ("710000", "810000", "820000"),
    ),
    "abroad": ("国外", "Abroad", (ABROAD,)),
}
"""City clusters and places outside the mainland by their provinces (rules.md 8.1)."""
_GONE = frozenset({"refused", "cancelled", "revoked", "overturned"})


@dataclass(frozen=True)
class Sums:
    """Contracts and amounts in fen."""

    count: int = 0
    total_fen: int = 0
    technical_fen: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.count + other.count,
            self.total_fen + other.total_fen,
            self.technical_fen + other.technical_fen,
        )


@dataclass(frozen=True, order=True)
class Span:
    """A month, quarter or year, by its first day."""

    first: date
    kind: PeriodKind

    @property
    def last(self) -> date:
        """Its last day."""
        return plus_months(self.first, _MONTHS[self.kind]) - timedelta(days=1)

    @property
    def closes_at(self) -> datetime:
        """When nothing is booked in it any more."""
        return end_of_day(self.last + timedelta(days=CLOSES_AFTER_DAYS))

    @property
    def whole(self) -> "Span | None":
        """The next larger period that it is a part of."""
        kind = _WHOLES.get(self.kind)
        return None if kind is None else span_of(kind, self.first)

    @property
    def parts(self) -> "tuple[Span, ...]":
        """The next smaller periods that it is made of."""
        kind = _PARTS.get(self.kind)
        if kind is None:
            return ()
        step = _MONTHS[kind]
        count = _MONTHS[self.kind] // step
        return tuple(Span(plus_months(self.first, step * number), kind) for number in range(count))

    @property
    def months(self) -> tuple[date, ...]:
        """The first days of its months."""
        return tuple(plus_months(self.first, number) for number in range(_MONTHS[self.kind]))

    @property
    def key(self) -> str:
        """How it is written: 2025, 2025-Q1, 2025-03."""
        if self.kind is PeriodKind.YEAR:
            return f"{self.first:%Y}"
        if self.kind is PeriodKind.MONTH:
            return f"{self.first:%Y-%m}"
        return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"


def plus_months(first: date, months: int) -> date:
    """The first day of the month so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def span_of(kind: PeriodKind, day: date) -> Span:
    """The period of a kind that a day is in."""
    months = _MONTHS[kind]
    return Span(date(day.year, (day.month - 1) // months * months + 1, 1), kind)


def spans_of(day: date) -> tuple[Span, ...]:
    """The month, quarter and year of a day."""
    return tuple(span_of(kind, day) for kind in PeriodKind)


def tiles(first: date, last: date) -> Iterator[Span]:
    """The largest periods that make up whole months from `first` to `last`, in order."""
    start = first
    while start <= last:
        for kind in (PeriodKind.YEAR, PeriodKind.QUARTER, PeriodKind.MONTH):
            span = span_of(kind, start)
            if span.first == start and span.last <= last:
                yield span
                start = span.last + timedelta(days=1)
                break
        else:
            return


def booked_month(registered_on: date, now: datetime) -> date:
    """The month in which a line is published: its own, or the first one that is still open."""
    today = span_of(PeriodKind.MONTH, local_day(now))
    before = span_of(PeriodKind.MONTH, today.first - timedelta(days=1))
    earliest = before.first if now < before.closes_at else today.first
    return max(registered_on.replace(day=1), earliest)


def counts(state: str) -> bool:
    """Whether a registration with a number is counted; one under review is until it falls."""
    return state not in _GONE


def party_group(kind: str, party_type: str | None = None, credit_code: str = "") -> str:
    """The statistical group of a party: a code of `party_statistics_groups`.

    By its official type where that is known; else by what it is on the market, and for what says
    nothing of its legal form, such as a broker, by its credit code.
    """
    for length in (3, 2, 1):
        if party_type is not None and (found := _GROUP_OF_TYPE.get(party_type[:length])):
            return found
    return _GROUPS.get(kind) or _GROUP_OF_CODE.get(credit_code[:2], NOT_STATED)


def areas(cells: Mapping[str, Sums | None]) -> dict[str, Sums | None]:
    """Figures of areas from those of provinces; one with a withheld province is withheld."""
    found: dict[str, Sums | None] = {}
    for area, (_, _, provinces) in AREAS.items():
        parts = [cells[one] for one in provinces if one in cells]
        if parts:
            known = [one for one in parts if one is not None]
            found[area] = sum(known, Sums()) if len(known) == len(parts) else None
    return found


def four_class(key: str) -> str:
    """A class or sub-class as it was before licences had a class of their own."""
    head, dot, rest = key.partition(".")
    return FOUR_CLASSES.get(head, head) + dot + rest


def check_period(first: date | None, last: date | None, *, public: bool) -> None:
    """Raise PeriodReversed, or PeriodTooFine for a public period that cuts a month."""
    if first is not None and last is not None and first > last:
        raise PeriodReversed(field="query.from")
    if not public:
        return
    if first is not None and first.day != 1:
        raise PeriodTooFine(field="query.from")
    if last is not None and not ends_month(last):
        raise PeriodTooFine(field="query.to")


def ends_month(day: date) -> bool:
    """Whether it is the last day of a month."""
    return day == date.max or (day + timedelta(days=1)).day == 1


def growth_bp(current: int | None, previous: int | None) -> int | None:
    """Growth over the year before in basis points, rounded half up; None without a base."""
    if current is None or previous is None or previous <= 0:
        return None
    return round_half_up(Decimal(current - previous) * 10_000 / Decimal(previous))


def year_before(day: date) -> date:
    """The same day a year earlier; the last day of February stays the last."""
    if ends_month(day) and day.month == 2:
        return date(day.year - 1, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year - 1)


@dataclass(frozen=True)
class Released:
    """What was published of one dimension: figures by period and key; None is withheld."""

    periods: frozenset[Span]
    figures: dict[tuple[Span, str], Sums | None]

    def value(self, span: Span, key: str) -> Sums | None:
        """The figures of a period, as they follow from what was published; None is withheld.

        A sum of published cells tells nothing new. Where nothing was booked, nothing is published:
        a month without a table counts as empty.
        """
        if span in self.periods:
            found = self.figures.get((span, key), Sums())
            if found is not None or not span.parts:
                return found
        elif not span.parts:
            return Sums()
        return self.sum(span.parts, key)

    def sum(self, spans: "tuple[Span, ...]", key: str) -> Sums | None:
        """The figures of several periods together; None if one of them is withheld."""
        found = Sums()
        for span in spans:
            value = self.value(span, key)
            if value is None:
                return None
            found += value
        return found

    def keys(self, within: Callable[[Span], bool]) -> list[str]:
        """Keys that have a cell in one of the periods, sorted."""
        return sorted({key for span, key in self.figures if within(span)})
