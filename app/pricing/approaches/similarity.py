"""How alike two technologies and their deals are, part by part, each from 0 to 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from app.kit.search_terms import normalised
from app.pricing.approaches.parameters import ParameterSet

DAYS_OF_A_YEAR = 365.25
UNKNOWN = 0.5
"""For a readiness that one side does not state."""

_OTHER_MODE = 0.3
_OTHER_MANNER = 0.5
_OTHER_REGION = 0.5
_IPC_DEPTHS = (1, 3, 4)
_IPC_SCORES = (0.15, 0.35, 0.6, 0.8, 1.0)
_MOST_TEXT = 2_000


@dataclass(frozen=True)
class Profile:
    """What is compared of a subject or of a past deal."""

    text: str
    technical_field: str
    ipc: tuple[str, ...]
    trl: int | None
    mode: str
    exclusive: bool
    region: str
    day: date


@lru_cache(maxsize=40_000)
def bigrams(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters of the beginning of a text: Chinese has no word breaks."""
    plain = normalised(text[:_MOST_TEXT])
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1))


def parts(subject: Profile, other: Profile, half_life_years: float) -> dict[str, float]:
    """Every part's similarity, rounded to four places so that it is stored as it was used."""
    years = abs((subject.day - other.day).days) / DAYS_OF_A_YEAR
    found = {
        "field": float(subject.technical_field == other.technical_field),
        "ipc": _ipc(subject.ipc, other.ipc),
        "text": _dice(bigrams(subject.text), bigrams(other.text)),
        "maturity": _maturity(subject.trl, other.trl),
        "mode": 1.0 if subject.mode == other.mode else _OTHER_MODE,
        "exclusivity": 1.0 if subject.exclusive == other.exclusive else _OTHER_MANNER,
        "region": 1.0 if subject.region[:2] == other.region[:2] else _OTHER_REGION,
        "time": 0.5 ** (years / half_life_years),
    }
    return {name: round(value, 4) for name, value in found.items()}


def whole(found: dict[str, float], parameters: ParameterSet) -> Decimal:
    """The weighted mean of the parts."""
    weights = parameters.similarity_weights
    return sum(
        (weights[name] * Decimal(str(value)) for name, value in found.items()), Decimal(0)
    ).quantize(Decimal("0.0001"))


def _dice(first: frozenset[str], second: frozenset[str]) -> float:
    together = len(first) + len(second)
    return 2 * len(first & second) / together if together else 0.0


def _maturity(first: int | None, second: int | None) -> float:
    if first is None or second is None:
        return UNKNOWN
    return 1 - abs(first - second) / 8


def _ipc(first: Sequence[str], second: Sequence[str]) -> float:
    return max((_symbols(a, b) for a in first for b in second), default=0.0)


def _symbols(first: str, second: str) -> float:
    """How deep two symbols agree: section, class, subclass, main group, group."""
    a, b = first.replace(" ", ""), second.replace(" ", "")
    same = [a[:depth] == b[:depth] for depth in _IPC_DEPTHS]
    same += [a.partition("/")[0] == b.partition("/")[0], a == b]
    agreed = 0
    for equal in same:
        if not equal:
            break
        agreed += 1
    return _IPC_SCORES[agreed - 1] if agreed else 0.0


def nearest(
    subject: Profile, others: Iterable[tuple[str, Profile]], parameters: ParameterSet
) -> list[tuple[str, Decimal, dict[str, float]]]:
    """Keys of the most similar others with their similarity and its parts, the nearest first."""
    half_life = float(parameters.half_life_years)
    found = []
    for key, other in others:
        by_part = parts(subject, other, half_life)
        similar = whole(by_part, parameters)
        if similar >= parameters.least_similarity:
            found.append((key, similar, by_part))
    found.sort(key=lambda one: (-one[1], one[0]))
    return found[: parameters.most_comparables]
