"""Published series and the targets of plans, as dated data, and how far the targets were met.

The national series is not the sum of the provinces: it is 2.6 to 4.8 % larger, so that the two are
never mixed in one comparison (rules.md 8.3). Amounts in the file are in 100 million yuan.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from app.kit.money import round_half_up

_FEN = 10**10
"""100 million yuan in fen."""


@dataclass(frozen=True)
class SeriesYear:
    """A year of a series; amount in fen. `verify` if it was not read at its publication."""

    year: int
    total_fen: int
    contracts: int | None
    source: str
    verify: bool


@dataclass(frozen=True)
class Target:
    """What a plan asks for: an amount in fen in a year, measured on one series."""

    id: str
    title_zh: str
    title_en: str
    source: str
    announced: int
    series: str
    base_year: int
    year: int
    total_fen: int
    growth_bp: int | None


@dataclass(frozen=True)
class TargetYear:
    """A year on the way to a target; amounts in fen, growth and share in basis points.

    `path_fen` is what the year needs when growth is even from the base year on (rules.md TV-G1), or
    at the plan's own rate back from the target (TV-G2).
    """

    year: int
    path_fen: int
    total_fen: int | None
    share_bp: int | None


@dataclass(frozen=True)
class Progress:
    """A target with its years; mean growth needed and reached, in basis points a year."""

    target: Target
    years: tuple[TargetYear, ...]
    needed_bp: int
    reached_bp: int | None
    met_in: int | None


@cache
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("series.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _fen(text: str) -> int:
    return int(Decimal(text) * _FEN)


@cache
def series(name: str) -> tuple[SeriesYear, ...]:
    """A series, `national` or `provinces`, the first year first; raises KeyError."""
    found = _data()[name]
    if name == "provinces":
        return tuple(
            SeriesYear(int(year), _fen(amount), None, found["source"], found["verify"])
            for year, amount in found["rows"].items()
        )
    return tuple(
        SeriesYear(row["year"], _fen(row["amount"]), row["contracts"], row["source"], row["verify"])
        for row in found["rows"]
    )


@cache
def targets() -> tuple[Target, ...]:
    """The plans' targets, the oldest first."""
    return tuple(
        Target(
            id=row["id"],
            title_zh=row["title"][0],
            title_en=row["title"][1],
            source=row["source"],
            announced=row["announced"],
            series=row["series"],
            base_year=row["base_year"],
            year=row["year"],
            total_fen=_fen(row["amount"]),
            growth_bp=None
            if row["growth_percent"] is None
            else int(Decimal(row["growth_percent"]) * 100),
        )
        for row in _data()["targets"]
    )


def mean_growth_bp(first_fen: int, last_fen: int, years: int) -> int:
    """Mean growth a year, in basis points, rounded half up."""
    ratio = Decimal(last_fen) / Decimal(first_fen)
    return round_half_up((ratio ** (Decimal(1) / years) - 1) * 10_000)


def progress(target: Target) -> Progress:
    """How the target's series came along its path."""
    actual = {row.year: row.total_fen for row in series(target.series)}
    base = actual[target.base_year]
    span = target.year - target.base_year
    factor = (
        (Decimal(target.total_fen) / base) ** (Decimal(1) / span)
        if target.growth_bp is None
        else 1 + Decimal(target.growth_bp) / 10_000
    )
    years = []
    for year in range(target.base_year, target.year + 1):
        total = actual.get(year)
        years.append(
            TargetYear(
                year=year,
                path_fen=round_half_up(target.total_fen / factor ** (target.year - year)),
                total_fen=total,
                share_bp=None
                if total is None
                else round_half_up(Decimal(total) * 10_000 / target.total_fen),
            )
        )
    reached = actual.get(target.year)
    return Progress(
        target=target,
        years=tuple(years),
        needed_bp=mean_growth_bp(base, target.total_fen, span),
        reached_bp=None if reached is None else mean_growth_bp(base, reached, span),
        met_in=next((row.year for row in years if (row.total_fen or 0) >= target.total_fen), None),
    )
